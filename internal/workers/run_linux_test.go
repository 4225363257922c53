package workers

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// parentEnv makes the test program a parent of two workers that sleep.
const parentEnv = "SSLX_WORKERS_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentEnv) != "" {
		_, err := Run(context.Background(), 2, os.Stderr, "sh", "-c", "echo $$ >&2; exec sleep 60")
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestRun_KeepsAWorkerOnItsCores(t *testing.T) {
	last := runtime.NumCPU() - 1
	var before, after unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	if !before.IsSet(last) {
		t.Skipf("core %d cannot be used here", last)
	}

	c := exec.Command("sh", "-c", "grep Cpus_allowed_list /proc/self/status")
	var out strings.Builder
	c.Stdout = &out
	if err := runOn(c, last, last); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Fields(out.String())[1], fmt.Sprint(last); got != want {
		t.Errorf("the worker may use cores %s, want %s", got, want)
	}
	if err := unix.SchedGetaffinity(0, &after); err != nil || after != before {
		t.Errorf("this process may use %d cores after it, %d before (%v)", after.Count(), before.Count(), err)
	}
}

func TestRun_ReturnsTheFirstFailureInTime(t *testing.T) {
	// One worker fails by itself; the other is interrupted for it, and ends with another status.
	dir := t.TempDir()
	script := `if mkdir ` + filepath.Join(dir, "first") + ` 2>/dev/null; then trap 'exit 5' INT; touch ` +
		filepath.Join(dir, "ready") +
		`; while :; do sleep 0.05; done; else while ! [ -e ` + filepath.Join(dir, "ready") +
		` ]; do sleep 0.05; done; exit 3; fi`
	_, err := Run(t.Context(), 2, &bytes.Buffer{}, "sh", "-c", script)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("got %v, want the status 3 of the worker that failed first", err)
	}
}

func TestRun_ReturnsWhatTheFirstWorkerPrints(t *testing.T) {
	out, err := Run(t.Context(), 3, &bytes.Buffer{}, "echo", "done")
	if err != nil || string(out) != "done\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestRun_LeavesNoWorkerWhenItsParentIsKilled(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"=1")
	stderr, err := parent.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	var workers []int
	for lines := bufio.NewScanner(stderr); len(workers) < 2 && lines.Scan(); {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatalf("the parent said %q", lines.Text())
		}
		workers = append(workers, pid)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()

	for _, pid := range workers {
		deadline := time.Now().Add(10 * time.Second)
		for alive(pid) {
			if time.Now().After(deadline) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				t.Fatalf("worker %d lives after its parent", pid)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// alive reports whether a process runs; one that nobody waited for does not.
func alive(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(text), ") ")
	return err == nil && !strings.HasPrefix(state, "Z")
}

func TestShare_DividesTheCores(t *testing.T) {
	for _, c := range []struct{ i, n, cores, first, last int }{
		{0, 2, 8, 0, 3}, {1, 2, 8, 4, 7}, {0, 3, 8, 0, 1}, {2, 3, 8, 5, 7}, {3, 4, 2, 1, 1},
	} {
		if first, last := share(c.i, c.n, c.cores); first != c.first || last != c.last {
			t.Errorf("worker %d of %d on %d cores has %d to %d, want %d to %d", c.i, c.n, c.cores, first, last,
				c.first, c.last)
		}
	}
}
