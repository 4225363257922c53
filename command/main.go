// Package command is the sslx command. A program that adds objectives, augmentations, encoders, optimizer rules, data
// formats, protocols or claims of its own imports their packages, so that they register themselves, and calls Main:
//
//	package main
//
//	import (
//		"github.com/sslx-go/lab/command"
//
//		_ "example.com/own"
//		_ "github.com/sslx-go/lab/sslx/backend/tuned" // the allocator and the environment that XLA is fast with
//	)
//
//	func main() { command.Main() }
//
// The package holds flags and printing; the work is done by package sslx and the packages below it.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
)

// Main runs the command line of the process, and ends it with exit status 0 when the work is done, 1 when it failed,
// and 2 for a wrong call.
func Main() {
	crashApart()
	usage.Program = usage.ProgramName(os.Args[0])
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// advise writes the command lines of a text for the program that runs.
func advise(text string) string {
	return strings.ReplaceAll(text, "`sslx ", "`"+words.Quote(usage.Program)+" ")
}

// Exit statuses.
const (
	statusDone   = 0
	statusFailed = 1
	statusUsage  = 2
	statusPipe   = 128 + int(syscall.SIGPIPE)
)

// app is what the commands of one call share.
type app struct {
	stdout, stderr io.Writer
	terminal       bool           // stderr is a terminal
	columns        int            // width of the terminal that stdout is; 0 where it is none, and tables are not cut
	debug          bool           // --debug
	started        bool           // the command line was understood and the work began
	command        *cobra.Command // that runs, once its work began

	stopping atomic.Pointer[string] // see whenStopped; the goroutine of signals reads it
}

// run executes one command line and returns the exit status. Only results go to stdout.
func run(args []string, stdout, stderr io.Writer) (status int) {
	defer withoutSIGPIPE()()
	parent, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := &app{stdout: pipeWriter{stdout, cancel}, stderr: &lockedWriter{w: pipeWriter{stderr, cancel}},
		terminal: isTerminal(stderr)}
	if isTerminal(stdout) {
		a.stdout = terminalWriter{a.stdout}
		a.columns = terminalColumns(os.Stdout)
	}
	defer func() {
		if p := recover(); p != nil {
			a.printPanic(p, debug.Stack())
			status = statusFailed
		}
	}()

	ctx, stop := interruptible(parent, a.stderr, a.stoppingText)
	defer stop()
	root := rootCommand(a)
	root.SetArgs(args)
	if err := root.ExecuteContext(ctx); err != nil {
		if errors.Is(err, syscall.EPIPE) {
			return statusPipe // as if it had ended by the signal: nobody reads
		}
		a.printError(err)
		return a.statusOf(err)
	}
	return statusDone
}

// isTerminal reports whether a writer is a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
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
func (a *app) warn(sentence string) { a.say("warning: %s", sentence) }

// say prints a message to standard error.
func (a *app) say(format string, args ...any) {
	fmt.Fprintln(a.stderr, "sslx:", advise(visible(fmt.Sprintf(format, args...))))
}
