package show

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
)

func TestLineSaysWhatIsDoneAndWhatIsLeft(t *testing.T) {
	got := line("run 2 of 4", sslx.Progress{Phase: "train", Done: 25, Total: 100, Detail: "loss 1.000"}, 10*time.Second)
	if want := "run 2 of 4\ntrain " + strings.Repeat("█", 7) + strings.Repeat("░", 23) + " 25 of 100, 30s left  loss 1.000"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := line("", sslx.Progress{Phase: "compile"}, 0); got != "compile" {
		t.Errorf("without a total: %q", got)
	}
}

func TestPlanHasALineForEachArm(t *testing.T) {
	for _, c := range experiments.Claims() {
		p := c.Plan(experiments.CPU)
		text := plan(p)
		for _, arm := range p.Arms {
			if !strings.Contains(text, "| "+arm.Name+" |") {
				t.Errorf("%s: no line for %s in\n%s", c.ID, arm.Name, text)
			}
		}
	}
}

func TestVerdictOfNoRecordsIsNone(t *testing.T) {
	c := experiments.Claims()[0]
	o, err := experiments.Judge(c, experiments.CPU, experiments.Records{})
	if err != nil {
		t.Fatal(err)
	}
	if got := report.OutcomeMarkdown(o); got != "There are no records yet at scale cpu.\n" {
		t.Error(got)
	}
}

func TestRunsAreInTheRepositoryUnlessToldOtherwise(t *testing.T) {
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(runsVariable, "")
	if got, want := Runs("a", "b"), filepath.Join(repository, "runs/a/b"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	elsewhere := t.TempDir()
	t.Setenv(runsVariable, elsewhere)
	if got, want := Runs("a"), filepath.Join(elsewhere, "a"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if _, err := os.Stat(filepath.Join(root(), "go.mod")); err != nil {
		t.Error(err)
	}
}
