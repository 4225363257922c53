package command

import (
	"bytes"
	"testing"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// The keys in this file are those of design.md, "What --json prints".

func TestJSON_DoctorPrintsTheAgreedKeys(t *testing.T) {
	if raceEnabled {
		t.Skip("the pure-Go backend, which doctor tries, fails the pointer checks that come with -race")
	}
	isolate(t)
	status, stdout, stderr := call(t, "doctor", "--json")
	report := decode[struct {
		OK      bool
		Backend map[string]any
		Checks  []map[string]any
	}](t, stdout)
	wantKeys(t, decode[map[string]any](t, stdout), "ok", "backend", "checks")
	wantKeys(t, report.Backend, "name", "plugin", "version", "devices")
	if len(report.Checks) == 0 {
		t.Error("no checks")
	}
	for _, check := range report.Checks {
		wantKeys(t, check, "name", "ok", "detail", "fix")
	}
	if want := map[bool]int{true: statusDone, false: statusFailed}[report.OK]; status != want {
		t.Errorf("status %d, ok %v; stderr %q", status, report.OK, stderr)
	}
}

func TestJSON_ASummaryHasTheAgreedKeys(t *testing.T) {
	var stdout bytes.Buffer
	if err := (&app{stdout: &stdout}).printJSON(sslx.Summary{}); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, decode[map[string]any](t, stdout.String()), "run", "method", "steps", "images", "seconds",
		"views_per_s",
		"final_loss", "config", "device", "splits", "tasks")
}

func TestJSON_ResultsAreAnArrayWithTheAgreedKeys(t *testing.T) {
	var stdout bytes.Buffer
	a := &app{stdout: &stdout}
	if err := a.printJSON(list([]record.Result(nil))); err != nil || stdout.String() != "[]\n" {
		t.Errorf("no results are %q, %v", stdout.String(), err)
	}
	stdout.Reset()
	if err := a.printJSON([]record.Result{result("r", "simclr", "factors/shape", knn, 1)}); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, decode[[]map[string]any](t, stdout.String())[0], "model", "task", "protocol", "layer", "split",
		"metric",
		"value", "n", "seed", "run")
}

func TestJSON_VersionPrintsTheAgreedKeys(t *testing.T) {
	_, stdout, _ := call(t, "version", "--json")
	wantKeys(t, decode[map[string]any](t, stdout), "version", "revision", "go", "os", "arch", "modules")
}
