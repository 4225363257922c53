package record

import (
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDescribe_EnvironmentSaysWithWhatARunWasMade(t *testing.T) {
	e := Describe()
	if e.OS != runtime.GOOS || e.Arch != runtime.GOARCH || e.Cores < 1 || e.CPU == "" || e.Go != runtime.Version() {
		t.Errorf("the machine is %+v", e)
	}
	if age := time.Since(e.Started); age < 0 || age > time.Minute || e.Started.Location() != time.UTC {
		t.Errorf("started %v", e.Started)
	}
	if e.Revision == "" { // a test binary is built without one
		t.Error("the revision is empty")
	}
	for name, version := range e.Modules {
		if !slices.Contains(numericModules, name) || !strings.HasPrefix(version, "v") {
			t.Errorf("module %s %s", name, version)
		}
	}
	e.Features = []string{"avx2"} // absent where the processor has none of those that are recorded
	want := []string{"arch", "backend", "cores", "cpu", "cpu_features", "data", "data_fingerprint", "device", "go",
		"modules", "os", "plugin_version", "revision", "started"}
	if got := keys(t, e); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDescribe_EnvironmentReadsBackAsItWas(t *testing.T) {
	r := created(t)
	got, err := ReadEnvironment(r.Dir())
	want := Describe()
	want.Started = got.Started
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	write(t, r.path(environmentFile), `{"os": 3}`)
	if _, err := ReadEnvironment(r.Dir()); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged one: %v", err)
	}
}
