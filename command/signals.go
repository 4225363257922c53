package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

// doubled is how soon after the first a signal still counts as the same: supervisors signal a process and its group.
const doubled = time.Second

// What work does before it ends by a signal.
const (
	savesCheckpoint = "training saves a checkpoint first"
	keepsResults    = "what is measured so far is kept"
	printsResults   = "what is measured so far is printed first"
)

// whenStopped sets what the work that begins does before it ends by a signal.
func (a *app) whenStopped(does string) { a.stopping.Store(&does) }

// stoppingText is the line that a signal prints.
func (a *app) stoppingText() string {
	first := ""
	if does := a.stopping.Load(); does != nil {
		first = " (" + *does + ")"
	}
	return "sslx: stopping" + first + "; interrupt again to end at once"
}

// interruptible returns a context that the first SIGINT, SIGTERM or SIGHUP cancels, with a line on stderr; another one,
// later, ends the process, with the status that a shell gives to a process killed by that signal. Where the caller
// ignores SIGHUP, as nohup does, it stays ignored.
func interruptible(parent context.Context, stderr io.Writer, line func() string) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	wanted := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		wanted = append(wanted, syscall.SIGHUP)
	}

	// Room for two: Notify drops what does not fit, and the second signal must arrive.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, wanted...)

	go func() {
		var first time.Time
		for s := range signals {
			// Stopping already: a signal within the same moment is the first one, sent to the group as well.
			if ctx.Err() != nil {
				if time.Since(first) < doubled {
					continue
				}
				os.Exit(128 + int(s.(syscall.Signal)))
			}
			fmt.Fprintln(stderr, "\n"+line())
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

// withoutSIGPIPE keeps a broken pipe on standard output or standard error from ending the process: writing fails
// instead, and a training saves a checkpoint before it ends; see [pipeWriter]. The handler belongs to this process, not
// of programs that it starts.
func withoutSIGPIPE() (restore func()) {
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, syscall.SIGPIPE)
	return func() { signal.Stop(ignored) }
}

// pipeWriter calls broken when nobody reads any more what is written.
type pipeWriter struct {
	w      io.Writer
	broken func()
}

func (p pipeWriter) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		p.broken()
	}
	return n, err
}

// crashApart gives a crash of the process, such as a panic outside of this package's control, an exit status that is
// not the one of wrong usage: the runtime then ends by SIGABRT, and not with status 2.
func crashApart() { debug.SetTraceback("crash") }
