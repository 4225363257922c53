package workers

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// runOn runs a process on the cores first … last alone; XLA makes as many threads as it has cores. A process inherits
// them from the thread that starts it: set from within, they would not hold for threads that the Go runtime had already
// made.
//
// The process gets SIGTERM when this thread ends, so the thread is kept until the process has.
func runOn(c *exec.Cmd, first, last int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := startOn(c, first, last); err != nil {
		return err
	}
	return c.Wait()
}

// startOn starts a process on cores, and gives the thread its own cores back.
func startOn(c *exec.Cmd, first, last int) (err error) {
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
	return c.Start()
}
