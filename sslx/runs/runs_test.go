package runs

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// makeRun makes a run of one epoch with a log of so many epochs, and gives it back.
func makeRun(t *testing.T, dir string, epochs float64, results ...record.Result) {
	t.Helper()
	config := pretrain.Default()
	config.Epochs = 1
	r, err := record.Create(dir, config, record.Describe())
	if err != nil {
		t.Fatal(err)
	}
	log, err := r.OpenLog(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Append(record.Metrics{Step: 1, Epoch: epochs}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(log.Close(), r.AddResults(results), r.Close()); err != nil {
		t.Fatal(err)
	}
}

// writeCheckpoint writes the header of a checkpoint.
func writeCheckpoint(t *testing.T, dir string, done, total int) {
	t.Helper()
	progress, err := json.Marshal(map[string]int{"step": done, "total": total})
	if err != nil {
		t.Fatal(err)
	}
	header, err := json.Marshal(map[string]any{"__metadata__": map[string]string{"sslx": string(progress)}})
	if err != nil {
		t.Fatal(err)
	}
	text := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	if err := os.WriteFile(record.CheckpointPath(dir), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestIn_FollowsSymbolicLinks(t *testing.T) {
	t.Chdir(t.TempDir())
	makeRun(t, "elsewhere/deep/one", 1)
	makeRun(t, "elsewhere/two", 1)
	link := func(target, path string) {
		t.Helper()
		abs, err := filepath.Abs(target)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(abs, path)); err != nil {
			t.Fatal(err)
		}
	}
	link("elsewhere/two", "mine/second")
	link("elsewhere/deep", "mine/deep")
	link("mine", "mine/loop")
	link("mine", Folder)

	for dir, want := range map[string][]string{
		"mine": {"mine/deep/one", "mine/second"},
		Folder: {"runs/deep/one", "runs/second"},
	} {
		if got, err := In(dir); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("In(%q) is %q, %v; want %q", dir, got, err, want)
		}
	}
	if got, err := Find("on"); err != nil || got != "runs/deep/one" {
		t.Errorf("Find gives %q, %v", got, err)
	}
	if got := Names(); !reflect.DeepEqual(got, []string{"second"}) {
		t.Errorf("Names gives %q", got)
	}
}

func TestIn_FailsWithoutAFolder(t *testing.T) {
	if _, err := In(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestFind_SuggestsANameOrSaysWhichAreMeant(t *testing.T) {
	t.Chdir(t.TempDir())
	makeRun(t, "runs/first", 1)
	makeRun(t, "runs/below/first-b", 1)
	for name, want := range map[string]string{
		"frist": `did you mean "first"?`, "fir": "2 runs begin with", "nothing-like-it": "neither here nor in runs/",
	} {
		if _, err := Find(name); !usage.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("Find(%q): %v, want %q", name, err, want)
		}
	}
}

func TestStateOf_AsksTheCheckpointWhetherARunIsFinished(t *testing.T) {
	for _, c := range []struct {
		name        string
		epochs      float64
		done, total int // of the checkpoint; none where total is 0
		want        Status
	}{
		{"the log is complete and the checkpoint is the last", 1, 10, 10, Finished},
		{"the log is complete, the checkpoint is of another run", 1, 3, 10, Stopped},
		{"the log is complete and there is no checkpoint", 1, 0, 0, WithoutWeights},
		{"the log is not complete", 0.5, 5, 10, Stopped},
		{"there is no checkpoint yet", 0.5, 0, 0, Stopped},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			makeRun(t, dir, c.epochs)
			if c.total > 0 {
				writeCheckpoint(t, dir, c.done, c.total)
			}
			s := StateOf(dir)
			if s.Status != c.want || s.Finished != (c.want == Finished) {
				t.Errorf("the status is %q, finished %v; want %q (%s)", s.Status, s.Finished, c.want, s.Error)
			}
		})
	}
}

func TestStateOf_NamesADamagedCheckpoint(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "cut short": "\x10\x00\x00\x00\x00\x00\x00\x00{",
		"foreign": "PK\x03\x04 an archive"} {
		dir := filepath.Join(t.TempDir(), "run")
		makeRun(t, dir, 1)
		if err := os.WriteFile(record.CheckpointPath(dir), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if s := StateOf(dir); s.Status != Unreadable || !strings.Contains(s.Error, "checkpoint") {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestFindGarbage_KeepsRecordsWithoutWeights(t *testing.T) {
	t.Chdir(t.TempDir())
	makeRun(t, "runs/record", 1)
	makeRun(t, "runs/measured", 0.5, record.Result{Model: "simclr", Value: 1})
	makeRun(t, "runs/early", 0.5)
	states, err := List("")
	if err != nil {
		t.Fatal(err)
	}
	found := FindGarbage(states, func(string) string { return "" })
	if len(found) != 1 || found[0].Run != "early" {
		t.Errorf("garbage is %+v, want the run that ended early", found)
	}
}

func TestDiscard_DeletesTheFolderBehindALink(t *testing.T) {
	t.Chdir(t.TempDir())
	makeRun(t, "elsewhere/early", 0.5)
	if err := errors.Join(os.Mkdir("runs", 0o755), os.Symlink("../elsewhere/early", "runs/early")); err != nil {
		t.Fatal(err)
	}
	done, err := Discard("runs/early", func(string) string { return "" })
	if _, gone := os.Stat("elsewhere/early"); !done || err != nil || !errors.Is(gone, fs.ErrNotExist) {
		t.Errorf("deleted %v, %v; the folder: %v", done, err, gone)
	}
}

func TestComparable_RefusesDifferentProtocols(t *testing.T) {
	a, b := result("a", "simclr", "x/y", "knn/k20@encoder", 0.1), result("b", "simclr", "x/y", "knn/k20@encoder", 0.2)
	wide := result("b", "simclr", "x/y", "knn/k200@encoder", 0.2)
	layer := wide
	layer.Layer = "projector0"
	for name, c := range map[string]struct {
		results []record.Result
		refused bool
	}{
		"the same":                 {[]record.Result{a, b}, false},
		"another k":                {[]record.Result{a, wide}, true},
		"both in one run":          {[]record.Result{a, b, wide}, false},
		"another kind":             {[]record.Result{a, result("b", "simclr", "x/y", "linear/l2@encoder", 0.2)}, false},
		"another layer":            {[]record.Result{a, layer}, false},
		"another task":             {[]record.Result{a, result("b", "simclr", "x/z", "knn/k200@encoder", 0.2)}, false},
		"two protocols of one run": {[]record.Result{a, result("a", "simclr", "x/y", "knn/k200@encoder", 0.2)}, false},
	} {
		err := Comparable(c.results)
		if (err != nil) != c.refused || err != nil && !strings.Contains(err.Error(), "knn/k200@encoder in run b") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func result(run, model, task, protocol string, value float64) record.Result {
	return record.Result{Model: model, Task: task, Protocol: record.ParseProtocol(protocol), Layer: "encoder",
		Split: "test", Metric: "accuracy", Value: value, N: 4000, Run: run}
}
