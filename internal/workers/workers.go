// Package workers runs a program in several processes at once, each with its share of the cores: two trainings that
// share all cores slow each other down by more than a half.
package workers

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
)

// Run runs n processes of a program with the same arguments until all have ended, and returns what the first of them
// printed to standard output. The first failure interrupts the others, and is returned; so does the end of ctx. On
// Linux, workers get SIGTERM when this process dies.
func Run(ctx context.Context, n int, stderr io.Writer, program string, args ...string) (stdout []byte, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()

	var printed bytes.Buffer
	var failed sync.Once // others fail because they were interrupted
	var all sync.WaitGroup
	for i := range n {
		c := exec.CommandContext(ctx, program, args...)
		c.Stderr = stderr
		if i == 0 {
			c.Stdout = &printed
		}

		// Interrupted, not killed: a training saves a checkpoint first.
		c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }

		all.Go(func() {
			first, last := share(i, n, runtime.NumCPU())
			if failure := runOn(c, first, last); failure != nil {
				failed.Do(func() { err = failure })
				stop()
			}
		})
	}
	all.Wait()
	return printed.Bytes(), err
}

// share returns the first and last core of worker i of n.
func share(i, n, cores int) (first, last int) {
	if n > cores {
		return i % cores, i % cores
	}
	return i * cores / n, (i+1)*cores/n - 1
}
