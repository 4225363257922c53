package record

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// leave makes the lock file that a process of a host leaves when it is killed, so long ago.
func leave(t *testing.T, dir, host string, ago time.Duration) {
	t.Helper()
	text, err := json.Marshal(Holder{Host: host, PID: 4242})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, lockFile), string(text))
	then := time.Now().Add(-ago)
	if err := os.Chtimes(filepath.Join(dir, lockFile), then, then); err != nil {
		t.Fatal(err)
	}
}

func TestHolderOf_DeadRunIsToldFromALiveOne(t *testing.T) {
	here, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if h, is := HolderOf(dir); is != Free || h != (Holder{}) {
		t.Errorf("a run that nobody held: %+v, %d", h, is)
	}
	for _, c := range []struct {
		name, host string
		ago        time.Duration
		want       Holding
	}{
		{"killed here a moment ago", here, 0, Left},
		{"killed here long ago", here, time.Hour, Left},
		{"alive elsewhere", "elsewhere", beatEvery, Held},
		{"silent elsewhere", "elsewhere", time.Hour, Left},
	} {
		leave(t, dir, c.host, c.ago)
		h, is := HolderOf(dir)
		if is != c.want || h.PID != 4242 || h.Host != c.host || time.Since(h.Seen) < c.ago {
			t.Errorf("%s: %+v, %d, want %d", c.name, h, is, c.want)
		}
	}
	write(t, filepath.Join(dir, lockFile), "") // as earlier versions left it
	if h, is := HolderOf(dir); is != Free {
		t.Errorf("a lock file that names nobody: %+v, %d", h, is)
	}
}

func TestHolderOf_RunNamesItsHolderUntilItIsGivenBack(t *testing.T) {
	r := created(t)
	h, is := HolderOf(r.Dir())
	if is != Held || h.PID != os.Getpid() || time.Since(h.Seen) > time.Minute {
		t.Errorf("held: %+v, %d", h, is)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if h, is := HolderOf(r.Dir()); is != Free {
		t.Errorf("given back: %+v, %d", h, is)
	}
}

func TestHolderOf_KilledProcessLeavesItsRun(t *testing.T) {
	if dir := os.Getenv("SSLX_TEST_LEFT"); dir != "" {
		if _, err := Create(dir, settings{}, Environment{}); err != nil {
			t.Fatal(err)
		}
		kill(t)
	}
	dir := filepath.Join(t.TempDir(), "run")
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	c.Env = append(os.Environ(), "SSLX_TEST_LEFT="+dir)
	if out, err := c.CombinedOutput(); c.ProcessState.ExitCode() != -1 {
		t.Fatalf("the process was not killed: %s (%v)", out, err)
	}
	if h, is := HolderOf(dir); is != Left || h.PID != c.Process.Pid {
		t.Errorf("%+v, %d, want what process %d left", h, is, c.Process.Pid)
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if h, is := HolderOf(dir); is != Held || h.PID != os.Getpid() {
		t.Errorf("taken over: %+v, %d", h, is)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// kill ends this process as the kernel does.
func kill(t *testing.T) {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		t.Fatal(err)
	}
	select {}
}

func TestHolderOf_WhoLooksDoesNotKeepARunFromBeingTaken(t *testing.T) {
	r := created(t)
	_ = r.Close()
	stop, looked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(looked)
		for {
			select {
			case <-stop:
				return
			default:
				HolderOf(r.Dir())
			}
		}
	}()
	for range 20 {
		again, err := Open(r.Dir())
		if err != nil {
			t.Error(err)
			break
		}
		_ = again.Close()
	}
	close(stop)
	<-looked
}

func TestHolderOf_RemovedRunIsGoneAndItsFolderCanBeUsedAgain(t *testing.T) {
	r := created(t)
	write(t, CheckpointPath(r.Dir()), "weights")
	if err := os.Mkdir(filepath.Join(r.Dir(), "features"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := r.Remove(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Dir(r.Dir())); !slices.Equal(got, nil) {
		t.Errorf("left %v", got)
	}
	again, err := Create(r.Dir(), settings{}, Environment{})
	if err != nil {
		t.Fatal(err)
	}
	_ = again.Close()
}
