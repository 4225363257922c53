// Command sslx pre-trains and evaluates joint-embedding encoders: `sslx quickstart` shows all of it in a few minutes,
// and `sslx help` lists the rest. It holds no logic of its own: see package sslx.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"

	"golang.org/x/term"

	_ "github.com/sslx-go/lab/sslx/backend/tuned" // the allocator and the environment that XLA is fast with
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// Exit statuses.
const (
	statusDone   = 0
	statusFailed = 1
	statusUsage  = 2
)

// app is what the commands of one call share.
type app struct {
	stdout, stderr io.Writer
	terminal       bool // stderr is a terminal
	debug          bool // --debug
	started        bool // the command line was understood and the work began
}

// run executes one command line and returns the exit status. Only results go to stdout.
func run(args []string, stdout, stderr io.Writer) (status int) {
	a := &app{stdout: stdout, stderr: &lockedWriter{w: stderr}}
	if file, ok := stderr.(*os.File); ok {
		a.terminal = term.IsTerminal(int(file.Fd()))
	}
	defer func() {
		if p := recover(); p != nil {
			a.printPanic(p, debug.Stack())
			status = statusFailed
		}
	}()
	ctx, stop := interruptible(context.Background(), a.stderr)
	defer stop()
	root := rootCommand(a)
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		a.printError(err)
		return a.statusOf(err)
	}
	return statusDone
}

// lockedWriter lets progress, warnings and signals write from several goroutines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// warn prints a sentence that is no error.
func (a *app) warn(sentence string) { fmt.Fprintln(a.stderr, "sslx: warning:", sentence) }
