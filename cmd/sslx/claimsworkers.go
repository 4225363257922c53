package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx"
)

// workers runs this command in several processes at once, each with its share of the cores: two trainings that share all
// cores slow each other down by more than a half. The first that fails stops the others.
func (a *app) workers(ctx context.Context, jobs int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	args := withoutJobs(os.Args[1:])
	failures := make([]error, jobs)
	var last bytes.Buffer
	var wait sync.WaitGroup
	for i := range jobs {
		cmd := exec.CommandContext(ctx, self, args...)
		cmd.Stderr = a.stderr
		if i == 0 {
			cmd.Stdout = &last
		}
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		wait.Go(func() {
			first, last := share(i, jobs, runtime.NumCPU())
			if failures[i] = startOn(cmd, first, last); failures[i] == nil {
				failures[i] = cmd.Wait()
			}
			if failures[i] != nil {
				stop()
			}
		})
	}
	wait.Wait()
	for _, err := range failures {
		if err != nil {
			return fmt.Errorf("a process of the sweep ended early (%w): the same command goes on where it was", err)
		}
	}
	_, err = a.stdout.Write(last.Bytes())
	return err
}

// withoutJobs returns the arguments without the flag --jobs.
func withoutJobs(args []string) (rest []string) {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--jobs":
			i++
		case !strings.HasPrefix(args[i], "--jobs="):
			rest = append(rest, args[i])
		}
	}
	return rest
}

// share returns the first and last core of worker i of n.
func share(i, n, cores int) (first, last int) {
	if n > cores {
		return i % cores, i % cores
	}
	return i * cores / n, (i+1)*cores/n - 1
}

// configText returns a configuration as YAML.
func configText(c sslx.Config) (string, error) {
	text, err := yaml.Marshal(c)
	return string(text), err
}

// evaluateArguments returns the flags of `evaluate` that measure as a record did.
func evaluateArguments(r experiments.Record) (text string) {
	tasks, words := experiments.MeasuredBy(r)
	text = fmt.Sprintf(" --tasks %s --protocols %s", strings.Join(tasks, ","), strings.Join(words, ","))
	if r.Validation {
		text += " --validation"
	}
	return text
}
