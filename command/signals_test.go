package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
)

// childEnv makes the test program be the command, or crash.
const childEnv = "SSLX_TEST_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(childEnv) {
	case "command":
		Main()
	case "crash":
		crashApart()
		go panic("a bug in a goroutine")
		select {}
	}
	if !*whole {
		testbackend.Unoptimized() // trainings of a few steps
	}
	os.Exit(m.Run())
}

// child returns the command with arguments, as a process of its own.
func child(t *testing.T, what string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append(os.Environ(), childEnv+"="+what)
	return c
}

func TestInterruptible_EndsWithTheContextOnASignal(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if signal.Ignored(s) { // SIGHUP, where the tests run under nohup
			continue
		}
		var stderr bytes.Buffer
		ctx, stop := interruptible(context.Background(), &lockedWriter{w: &stderr}, new(app).stoppingText)
		if err := syscall.Kill(os.Getpid(), s); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Second):
			t.Fatalf("%v did not cancel", s)
		}
		stop()
		if !strings.Contains(stderr.String(), "interrupt again") {
			t.Errorf("%v: stderr is %q", s, stderr.String())
		}
	}
}

// What a signal says is true of the work that it ends.
func TestInterruptible_SaysWhatTheCommandDoesFirst(t *testing.T) {
	isolate(t)
	writeFile(t, "runs/r/config.yaml", "epochs: 1\n")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		begin      func(a *app) error
		does, lies string
	}{
		"list": {func(a *app) error { return a.dataList(false) }, "sslx: stopping; interrupt", "("},
		"pretrain": {func(a *app) error {
			return a.pretrain(ended, pretrainFlags{out: "run", engine: engineFlags{name: "local"}})
		}, "training saves a checkpoint", "measured"},
		"evaluate": {func(a *app) error { return a.evaluate(ended, "r", evaluateFlags{}) },
			"measured so far is kept", "training"},
		"weights": {func(a *app) error { return a.evaluate(ended, "no.onnx", evaluateFlags{data: "factors"}) },
			"measured so far is printed", "training"},
	} {
		a := &app{stdout: io.Discard, stderr: io.Discard}
		err := c.begin(a)
		if text := a.stoppingText(); !strings.Contains(text, c.does) || strings.Contains(text, c.lies) {
			t.Errorf("%s (%v): %q", name, err, text)
		}
	}
}

func TestCrash_HasAnotherStatusThanWrongUsage(t *testing.T) {
	out, err := child(t, "crash").CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() == statusUsage {
		t.Errorf("a crash ends with %v", err)
	}
	if !strings.Contains(string(out), "a bug in a goroutine") {
		t.Errorf("stderr is %q", out)
	}
}

// go-xla logs an error when it is initialized without a home folder.
func TestStart_WithoutAHomeFolderIsQuiet(t *testing.T) {
	c := child(t, "command", "version")
	c.Env = slices.DeleteFunc(c.Environ(), func(v string) bool { return strings.HasPrefix(v, "HOME=") })
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Run(); err != nil || stderr.Len() > 0 {
		t.Errorf("%v, stderr %q", err, stderr.String())
	}
}

func TestBrokenPipe_EndsAListQuietly(t *testing.T) {
	isolate(t)
	c := child(t, "command", "data", "list")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	var stderr bytes.Buffer
	c.Stdout, c.Stderr = w, &stderr
	err = c.Run()
	_ = w.Close()
	if c.ProcessState.ExitCode() != statusPipe || stderr.Len() > 0 {
		t.Errorf("%v, stderr %q; want status %d and nothing", err, stderr.String(), statusPipe)
	}
}

func TestPretrain_SavesACheckpointWhenItsTerminalIsGone(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves it out: it compiles two trainings")
	}
	images := smallImageFolder(t)
	isolate(t)
	steps := 0
	for i, end := range []string{"SIGHUP", "a broken pipe"} {
		args := strings.Fields("pretrain --resume runs/r")
		if i == 0 {
			args = strings.Fields("pretrain --out runs/r --set batch=8 --set epochs=1000000 --set log_steps=1 " +
				"--set encoder.width=4 --set checkpoint_seconds=3600 --set data=" + images)
		}
		c := child(t, "command", args...)
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c.Stderr = w
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		_ = w.Close()
		waitForStep(t, "runs/r", steps)
		if end == "SIGHUP" {
			if err := c.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
		_ = r.Close()
		if err := c.Wait(); c.ProcessState.ExitCode() != statusFailed {
			t.Errorf("%s: %v, want status 1", end, err)
		}

		s := runs.StateOf("runs/r")
		if s.Status != runs.Stopped || s.Error != "" {
			t.Fatalf("%s left %+v", end, s)
		}
		metrics, err := record.ReadMetrics("runs/r")
		if err != nil || len(metrics) == 0 {
			t.Fatal(err)
		}
		if _, err := os.Stat(record.CheckpointPath("runs/r")); err != nil || s.Steps <= steps {
			t.Fatalf("%s: no checkpoint after step %d (%v)", end, s.Steps, err)
		}
		steps = s.Steps
	}
}

// waitForStep waits until the log of a run is beyond a step.
func waitForStep(t *testing.T, dir string, step int) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if metrics, err := record.ReadMetrics(dir); err == nil && len(metrics) > 0 &&
			metrics[len(metrics)-1].Step > step {
			return
		}
	}
	t.Fatalf("the run %s does not get beyond step %d", dir, step)
}

func TestPretrain_SaysHowToResumeWhatWasInterrupted(t *testing.T) {
	var stderr bytes.Buffer
	a := &app{stderr: &stderr}
	a.printError(resumable(fmt.Errorf("training: %w", sslx.ErrInterrupted), "runs/a b"))
	wantTexts(t, stderr.String(), "sslx pretrain --resume 'runs/a b'")
}
