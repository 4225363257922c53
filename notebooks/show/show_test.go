package show

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

func TestShow_LineSaysWhatIsDoneAndWhatIsLeft(t *testing.T) {
	got := line("run 2 of 4", sslx.Progress{Phase: "train", Done: 25, Total: 100, Detail: "loss 1.000"}, 10*time.Second)
	if want := "run 2 of 4\ntrain " + strings.Repeat("█", 7) + strings.Repeat("░", 23) +
		" 25 of 100, 30s left  loss 1.000"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := line("", sslx.Progress{Phase: "compile"}, 0); got != "compile" {
		t.Errorf("without a total: %q", got)
	}
}

func TestShow_PlanHasALineForEachArm(t *testing.T) {
	for _, c := range experiments.Claims() {
		p := c.Plan(experiments.CPU)
		text := report.PlanMarkdown(p)
		for _, arm := range p.Arms {
			if !strings.Contains(text, "| "+arm.Name+" |") {
				t.Errorf("%s: no line for %s in\n%s", c.ID, arm.Name, text)
			}
		}
	}
}

func TestShow_VerdictOfNoRecordsIsNone(t *testing.T) {
	c := experiments.Claims()[0]
	o, err := experiments.Judge(c, experiments.CPU, experiments.Records{})
	if err != nil {
		t.Fatal(err)
	}
	if got := report.OutcomeMarkdown(o); got != "There are no records yet at scale cpu.\n" {
		t.Error(got)
	}
}

func TestShow_RunsAreInTheRepositoryUnlessToldOtherwise(t *testing.T) {
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

// shades makes a folder of small images in two classes; other ones for each level.
func shades(t *testing.T, dir string, level uint8) {
	t.Helper()
	for _, split := range []string{"train", "test"} {
		for i, class := range []string{"dark", "light"} {
			for k := range 12 {
				m := image.NewGray(image.Rect(0, 0, 16, 16))
				for p := range m.Pix {
					m.Pix[p] = uint8(100*i+p%(k+1)) + level
				}
				var file bytes.Buffer
				if err := png.Encode(&file, m); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, split, class, fmt.Sprintf("%d.png", k))
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755),
					os.WriteFile(path, file.Bytes(), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

func TestFolder_OtherDataHaveAnotherFolder(t *testing.T) {
	t.Setenv("SSLX_CACHE", t.TempDir())
	t.Setenv(runsVariable, t.TempDir())
	first, second := filepath.Join(t.TempDir(), "birds"), filepath.Join(t.TempDir(), "birds")
	shades(t, first, 0)
	shades(t, second, 40)

	c := sslx.Default()
	folders := map[string]bool{}
	for _, data := range []string{first, second, first} {
		c.Data = data
		dir, err := folder(c)
		if err != nil {
			t.Fatal(err)
		}
		folders[dir] = true
	}
	if len(folders) != 2 {
		t.Errorf("two sets of images have %d folders", len(folders))
	}
	c.Data = "no-such-set"
	if _, err := folder(c); err == nil {
		t.Error("data that do not exist have a folder")
	}
}

func TestPretrain_RefusesAFolderWithAnotherConfiguration(t *testing.T) {
	c := sslx.Default()
	dir := filepath.Join(t.TempDir(), experiments.Trial{Config: c}.Key("print"))
	for name, refused := range map[string]bool{"its own": false, "another epochs": true, "other data": true} {
		kept, environment := c, record.Environment{Fingerprint: "print"}
		if name == "another epochs" {
			kept.Epochs++
		}
		if name == "other data" {
			environment.Fingerprint = "another print"
		}
		run, err := record.Create(dir, kept, environment)
		if err != nil {
			t.Fatal(err)
		}
		if err := namedByItsRecords(dir); (err != nil) != refused {
			t.Errorf("%s: %v", name, err)
		}
		if err := run.Remove(); err != nil {
			t.Fatal(err)
		}
	}
}
