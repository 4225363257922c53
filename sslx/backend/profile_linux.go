package backend

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// quietThreads calls f on a thread that takes no signal of Go's CPU profiler or scheduler, and neither do the threads
// that f starts: they inherit the mask. oneDNN's matrix products for AVX-512, which XLA calls, use memory below their
// stack pointer, where the kernel puts a signal's frame. Threads of Go have another stack for signals; threads of the
// plugin do not, and a profile damaged the heap within seconds. They also call Go, whose scheduler could signal them
// after they have left it.
func quietThreads(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	var signals, before unix.Sigset_t
	signals.Val[0] = 1<<(unix.SIGPROF-1) | 1<<(unix.SIGURG-1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &signals, &before); err == nil {
		defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil) }()
	}

	f()
}
