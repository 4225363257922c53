package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/usage"
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
		cmd := exec.CommandContext(ctx, self, append(slices.Clone(args), "--cores", share(i, jobs, runtime.NumCPU()))...)
		cmd.Stderr = a.stderr
		if i == 0 {
			cmd.Stdout = &last
		}
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
		wait.Go(func() {
			if failures[i] = cmd.Run(); failures[i] != nil {
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

// share returns the cores of worker i of n, as "0-3".
func share(i, n, cores int) string {
	if n > cores {
		return strconv.Itoa(i % cores)
	}
	return fmt.Sprintf("%d-%d", i*cores/n, (i+1)*cores/n-1)
}

// parseCores returns the cores of a text such as "0-3" or "2".
func parseCores(text string) (first, last int, err error) {
	from, to, ranged := strings.Cut(text, "-")
	if !ranged {
		to = from
	}
	first, errFirst := strconv.Atoi(from)
	last, errLast := strconv.Atoi(to)
	if errFirst != nil || errLast != nil || first < 0 || last < first {
		return 0, 0, usage.Errorf("--cores is %q: give it as 0-3", text)
	}
	return first, last, nil
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
