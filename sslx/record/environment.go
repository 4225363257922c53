package record

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/sslx-go/lab/internal/processor"
)

// Environment says where and with what a run was made.
type Environment struct {
	Started     time.Time         `json:"started"`
	OS          string            `json:"os"`
	Arch        string            `json:"arch"`
	CPU         string            `json:"cpu"`                    // the processor's name, family and model
	Features    []string          `json:"cpu_features,omitempty"` // wide vectors, bfloat16; as Linux names them
	Cores       int               `json:"cores"`
	Backend     string            `json:"backend"`
	Device      string            `json:"device"`
	Plugin      string            `json:"plugin_version"`
	Go          string            `json:"go"`
	Revision    string            `json:"revision"`          // source revision; "+dirty" when files were changed
	Program     string            `json:"program,omitempty"` // module of another's program, with its version
	Modules     map[string]string `json:"modules"`
	Data        string            `json:"data"`
	Fingerprint string            `json:"data_fingerprint"`

	// Resumed are the environments of the processes that continued the run, in their order.
	Resumed []Environment `json:"resumed,omitempty"`
}

// Source says what the program that made the run was built from: the source revision of sslx, after the module of the
// program where that is another's. It is "" where nothing was recorded.
func (e Environment) Source() string {
	switch {
	case e.Program == "" && e.Revision == unknownRevision:
		return "built without version control information"
	case e.Program == "":
		return e.Revision
	case e.Revision == unknownRevision:
		return e.Program + ", sslx of unknown revision"
	}
	return e.Program + ", sslx " + e.Revision
}

// last returns the environment of the last process that worked on the run.
func (e Environment) last() Environment {
	if n := len(e.Resumed); n > 0 {
		return e.Resumed[n-1]
	}
	return e
}

// differences says what is not as before and can change the numbers of a run: "backend go (it was xla:cpu)".
func (e Environment) differences(before Environment) (list []string) {
	for _, fact := range []struct{ name, now, before string }{
		{"backend", strings.TrimSpace(e.Backend + " " + e.Plugin), strings.TrimSpace(before.Backend + " " +
			before.Plugin)},
		{"device", e.Device, before.Device}, {"processor", e.CPU, before.CPU}, {"revision", e.Revision,
			before.Revision},
	} {
		if fact.now != fact.before {
			list = append(list, fmt.Sprintf("%s %s (it was %s)", fact.name, cmp.Or(fact.now, "unknown"),
				cmp.Or(fact.before, "unknown")))
		}
	}
	return list
}

// AddSession adds the environment of this process, which continues the run, to the run's. It returns what differs from
// the process before it and can change numbers: backend, device, processor, revision.
func (r *Run) AddSession(now Environment) (differences []string, err error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	e, err := ReadEnvironment(r.dir)
	if err != nil {
		return nil, fmt.Errorf("the record of run %s does not say that it was resumed: %w", r.dir, err)
	}

	differences = now.differences(e.last())
	e.Resumed = append(e.Resumed, now)
	if err := writeJSON(r.path(environmentFile), e); err != nil {
		return nil, fmt.Errorf("cannot write %s of run %s: %w", environmentFile, r.dir, err)
	}
	return differences, nil
}

// numericModules are the modules whose versions can change a number.
var numericModules = []string{"github.com/gomlx/gomlx", "github.com/gomlx/go-xla", "github.com/gomlx/compute",
	"gonum.org/v1/gonum"}

// Describe returns the environment of this process; the caller adds backend and data.
func Describe() Environment {
	e := Environment{
		Started: time.Now().UTC().Truncate(time.Second),
		OS:      runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(),
		Go: runtime.Version(), Revision: unknownRevision, Modules: map[string]string{},
	}
	e.CPU, e.Features = processor.Describe()

	// Only a program built with module support knows its versions.
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return e
	}
	for _, dep := range info.Deps {
		for _, name := range numericModules {
			if dep.Path == name {
				e.Modules[name] = dep.Version
			}
		}
	}

	e.Revision, e.Program = revision(info), program(info)
	return e
}
