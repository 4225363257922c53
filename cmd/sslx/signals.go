package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// doubled is how soon after the first a signal still counts as the same: supervisors signal a process and its group.
const doubled = time.Second

// interruptible returns a context that the first SIGINT or SIGTERM cancels; another one, later, ends the process, with
// the status that a shell gives to a process killed by that signal.
func interruptible(parent context.Context, stderr io.Writer) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		var first time.Time
		for s := range signals {
			if ctx.Err() != nil {
				if time.Since(first) < doubled {
					continue
				}
				os.Exit(128 + int(s.(syscall.Signal)))
			}
			fmt.Fprintln(stderr, "\nsslx: stopping (training saves a checkpoint first); interrupt again to end at once")
			first = time.Now()
			cancel()
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}
