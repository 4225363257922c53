package command

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// startOn starts a process on the cores first … last alone; XLA makes as many threads as it has cores. A process inherits them
// from the thread that starts it: set from within, they would not hold for threads that the Go runtime had already made.
func startOn(cmd *exec.Cmd, first, last int) (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var own, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &own); err != nil {
		return err
	}
	for core := first; core <= last; core++ {
		set.Set(core)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("cores %d to %d cannot be used: %w", first, last, err)
	}
	defer func() { err = errors.Join(err, unix.SchedSetaffinity(0, &own)) }()
	return cmd.Start()
}
