package record

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sslx-go/lab/internal/faults"
	"github.com/sslx-go/lab/internal/usage"
)

// closed returns the folder of a run that nobody holds.
func closed(t *testing.T) string {
	t.Helper()
	r := created(t)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return r.Dir()
}

func TestOpen_LockThatIsALinkEmptiesNoFile(t *testing.T) {
	dir := closed(t)
	diary := filepath.Join(t.TempDir(), "diary")
	write(t, diary, "mine")
	lock := filepath.Join(dir, lockFile)
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(diary, lock); err != nil {
		t.Fatal(err)
	}

	r, err := Open(dir)
	if err == nil {
		_ = r.Close()
		t.Error("the run is opened")
	} else {
		faults.Sentence(t, err)
	}
	if _, is := HolderOf(dir); is != Unknown {
		t.Errorf("who holds it is %v", is)
	}
	if text := read(t, diary); text != "mine" {
		t.Errorf("the file behind the link is %q", text)
	}
}

func TestHolderOf_LockOfAnotherUserIsUnknown(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root reads every file")
	}
	dir := closed(t)
	if err := os.Chmod(filepath.Join(dir, lockFile), 0); err != nil {
		t.Fatal(err)
	}
	if _, is := HolderOf(dir); is != Unknown {
		t.Errorf("it is %v", is)
	}
}

func TestRun_SavesNothingUnderANameThatIsAnothersNow(t *testing.T) {
	first := created(t)
	dir := first.Dir()
	log, err := first.OpenLog(0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	if err := first.Check(); err != nil {
		t.Fatal(err)
	}

	// The folder is renamed, and its name is used by another run.
	if err := os.Rename(dir, dir+"-kept"); err != nil {
		t.Fatal(err)
	}
	if err := first.Check(); err == nil {
		t.Error("the folder is gone, and nothing is said")
	}
	second, err := Create(dir, settings{Epochs: 7}, Environment{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()

	_, logged := first.OpenLog(0)
	_, session := first.AddSession(Environment{Backend: "go"})
	for name, err := range map[string]error{
		"check": first.Check(), "results": first.AddResults([]Result{{Model: "simclr"}}), "log": logged,
		"session": session,
		"curves":  first.AddCurves([]Curve{{Model: "simclr"}}),
	} {
		if err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		} else {
			faults.Sentence(t, err)
		}
	}
	if results, err := ReadResults(dir); err != nil || len(results) != 0 {
		t.Errorf("the other run has the results %v (%v)", results, err)
	}
	if err := second.Check(); err != nil {
		t.Errorf("the other run: %v", err)
	}
}

// In 4 of 3,659 tries two processes held one run: one had deleted the lock file that the other waited for.
func TestOpen_OfADeletedRunHoldsNothing(t *testing.T) {
	for range 15 {
		dir := filepath.Join(t.TempDir(), "run")
		first, err := Create(dir, settings{}, Environment{})
		if err != nil {
			t.Fatal(err)
		}
		waiting := make(chan *Run)
		go func() {
			r, _ := Open(dir)
			waiting <- r
		}()
		time.Sleep(time.Millisecond)
		if err := first.Remove(); err != nil {
			t.Fatal(err)
		}
		third, err := Create(dir, settings{}, Environment{})
		second := <-waiting
		if second != nil && third != nil && second.Check() == nil && third.Check() == nil {
			t.Error("two processes hold the run")
		}
		for _, r := range []*Run{second, third} {
			if r != nil {
				_ = r.Close()
			}
		}
		if err != nil && !usage.Is(err) {
			t.Error(err)
		}
	}
}

func TestRead_PipesAreRefused(t *testing.T) {
	for _, name := range []string{configFile, environmentFile, metricsFile, resultsFile, curvesFile} {
		dir := closed(t)
		path := filepath.Join(dir, name)
		_ = os.Remove(path)
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			var c settings
			switch name {
			case configFile:
				done <- ReadConfig(dir, &c)
			case environmentFile:
				_, err := ReadEnvironment(dir)
				done <- err
			case metricsFile:
				_, err := ReadMetrics(dir)
				done <- err
			case resultsFile:
				_, err := ReadResults(dir)
				done <- err
			default:
				_, err := ReadCurves(dir)
				done <- err
			}
		}()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s: a pipe is read", name)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%s: reading waits for a pipe", name)
		}
	}
}

func TestCreate_PermissionsAreThoseOfTheUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o002))
	r := created(t)
	for name, want := range map[string]os.FileMode{"": 0o775, lockFile: 0o664, configFile: 0o664,
		environmentFile: 0o664} {
		if info, err := os.Stat(filepath.Join(r.Dir(), name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%q has %v (%v), want %v", name, info.Mode(), err, want)
		}
	}
}

func TestCreate_TemporaryFilesAreInTheRunFolder(t *testing.T) {
	elsewhere := t.TempDir()
	t.Setenv("TMPDIR", elsewhere)
	r := created(t)
	stop := make(chan struct{})
	seen := make(chan int)
	go func() {
		most := 0
		for {
			select {
			case <-stop:
				seen <- most
				return
			default:
				entries, _ := os.ReadDir(elsewhere)
				most = max(most, len(entries))
			}
		}
	}()
	for i := range 30 {
		if err := r.AddResults([]Result{{Model: "simclr", N: i}}); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	if n := <-seen; n > 0 {
		t.Errorf("$TMPDIR had %d files", n)
	}
}

func TestAddSession_IsKeptWithWhatDiffers(t *testing.T) {
	first := Environment{Backend: "xla:cpu", Plugin: "0.83", Revision: "a", CPU: "c"}
	dir := filepath.Join(t.TempDir(), "run")
	r, err := Create(dir, settings{}, first)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()

	if differences, err := r.AddSession(first); err != nil || len(differences) != 0 {
		t.Errorf("the same: %q (%v)", differences, err)
	}
	second := Environment{Backend: "go", Revision: "b", CPU: "c"}
	differences, err := r.AddSession(second)
	want := "backend go (it was xla:cpu 0.83), revision b (it was a)"
	if got := strings.Join(differences, ", "); err != nil || got != want {
		t.Errorf("another backend: %q (%v), want %q", got, err, want)
	}
	if differences, err := r.AddSession(second); err != nil || len(differences) != 0 {
		t.Errorf("the same as the second: %q (%v)", differences, err)
	}

	e, err := ReadEnvironment(dir)
	if err != nil || e.Backend != "xla:cpu" || len(e.Resumed) != 3 || e.Resumed[1].Backend != "go" {
		t.Errorf("the record has %+v (%v)", e, err)
	}
}

// TestRead_LargeDescriptionsTakeNoMemory has files with a hole of a gigabyte, which take no room on the disk.
func TestRead_LargeDescriptionsTakeNoMemory(t *testing.T) {
	for name, read := range map[string]func(dir string) error{
		configFile:      func(dir string) error { return ReadConfig(dir, new(map[string]any)) },
		environmentFile: func(dir string) error { _, err := ReadEnvironment(dir); return err },
		ancestryFile:    func(dir string) error { _, err := ReadAncestry(dir); return err },
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, name), "")
		if err := os.Truncate(filepath.Join(dir, name), 1<<30); err != nil {
			t.Fatal(err)
		}
		faults.Bounded(t, 128<<20, func() {
			err := read(dir)
			if err == nil || !strings.Contains(err.Error(), "bytes that are allowed") {
				t.Errorf("%s: %v", name, err)
				return
			}
			faults.Sentence(t, err)
		})
	}
}
