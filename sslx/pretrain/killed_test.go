package pretrain

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gomlx/compute"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/record"
)

// The environment of a child process, which trains: the run's folder, the pack, and the configuration's file.
const (
	childRun    = "SSLX_TEST_RUN"
	childPack   = "SSLX_TEST_PACK"
	childConfig = "SSLX_TEST_CONFIG" // "" is tiny
)

// childSetup returns the backend and the configuration of a child. One that reads a file computes on the pure-Go
// backend, and has the things of seam_test.go.
func childSetup() (compute.Backend, Config, error) {
	path := os.Getenv(childConfig)
	if path == "" {
		return testbackend.Open(nil), tiny(), nil
	}
	registerOwn()
	c, err := ReadConfig(path, nil)
	if err != nil {
		return nil, c, err
	}
	b, err := compute.NewWithConfig("go:ops_sequential")
	return b, c, err
}

// child trains in dir what is left, saving after every step, says each line of the log on standard output, and ends the
// process.
func child(dir string) {
	err := func() error {
		set, err := dataset.Open(os.Getenv(childPack))
		if err != nil {
			return err
		}
		b, c, err := childSetup()
		if err != nil {
			return err
		}
		var run *record.Run
		if record.IsRun(dir) {
			run, err = record.Open(dir)
		} else {
			run, err = record.Create(dir, c, record.Environment{})
		}
		if err != nil {
			return err
		}
		fmt.Println("begun")
		c.CheckpointSeconds = 1e-9
		_, err = Train(context.Background(), b, set, run, c,
			Hooks{Report: func(done, _ int, _ record.Metrics) { fmt.Println("step", done) }})
		return err
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		syscall.Exit(1)
	}
	syscall.Exit(0)
}

// trainKilled starts a child, and kills it when wait returns, which is called after its n-th line; n of 0 lets it end.
// It returns the last line.
func trainKilled(t *testing.T, dir, pack string, n int, wait func()) (last string) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childRun+"="+dir, childPack+"="+pack)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for i := 1; lines.Scan(); i++ {
		if last = lines.Text(); i == n {
			wait()
			_ = c.Process.Kill()
		}
	}
	if err := c.Wait(); (err == nil) != (n == 0) {
		t.Fatalf("the child ended with %v after %q", err, last)
	}
	return last
}

func upTo(most time.Duration) func() {
	return func() { time.Sleep(rand.N(most)) }
}

// whileSaving waits for the temporary file of a checkpoint in dir, a second at most.
func whileSaving(dir string) func() {
	return func() {
		for start := time.Now(); time.Since(start) < time.Second; {
			if found, _ := filepath.Glob(filepath.Join(dir, ".checkpoint.safetensors*")); len(found) > 0 {
				return
			}
		}
	}
}

// testKilled kills a run again and again, and compares what comes out with a run that was left alone.
func testKilled(t *testing.T, whole *training) {
	killed := &training{set: whole.set, config: whole.config, dir: filepath.Join(t.TempDir(), "run")}
	for _, kill := range []struct {
		line int // the first is before compilation, the second after it, then one each three steps
		wait func()
	}{
		{1, upTo(time.Second)},
		{3 + rand.N(3), upTo(20 * time.Millisecond)},
		{3, whileSaving(killed.dir)},
	} {
		last := trainKilled(t, killed.dir, whole.set.Path(), kill.line, kill.wait)
		t.Logf("killed after %q, leaving %s", last, strings.Join(killed.files(t), " "))
	}
	trainKilled(t, killed.dir, whole.set.Path(), 0, nil)
	killed.equals(t, whole)
}
