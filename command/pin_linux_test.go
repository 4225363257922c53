package command

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAWorkerStaysOnItsCoresAndOthersDoNot(t *testing.T) {
	last := runtime.NumCPU() - 1
	cmd := exec.Command("sh", "-c", "grep Cpus_allowed_list /proc/self/status")
	var out strings.Builder
	cmd.Stdout = &out
	var before, after unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		t.Fatal(err)
	}
	if !before.IsSet(last) {
		t.Skipf("core %d cannot be used here", last)
	}
	if err := startOn(cmd, last, last); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Fields(out.String())[1], fmt.Sprint(last); got != want {
		t.Errorf("the worker may use cores %s, want %s", got, want)
	}
	if err := unix.SchedGetaffinity(0, &after); err != nil || after != before {
		t.Errorf("this process may use %d cores after it, %d before (%v)", after.Count(), before.Count(), err)
	}
}
