// Package slurm keeps workers of one command in the queue of a Slurm cluster (https://slurm.schedmd.com) and reports
// their states, through sbatch and squeue.
package slurm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Job is an array of workers that share work among themselves. Each can be started again wherever it was ended.
type Job struct {
	Name    string // by which its workers are found again: it must be of this work alone
	Workers int    // that are wanted at once
	Command string // of a worker, a line of bash that ends with 0 when there is no work left
	// file for the output of a worker, with %A for the job and %a for the worker; its folder must exist
	Log     string
	Options []string // of sbatch, as --partition=gpu
}

// Worker is one of a job in the queue.
type Worker struct {
	ID     string // as 12_0
	State  string // as RUNNING
	Reason string // why it waits; None when it does not
}

// script runs the worker as a child of the shell, which gets the signals of Slurm: SIGTERM before a worker is ended or
// moved, and SIGUSR1 before its time is over, after which it puts itself into the queue again. Both reach the worker as
// SIGTERM.
const script = `#!/bin/bash
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
trap 'kill -TERM $! 2>/dev/null' TERM
trap 'again=1; kill -TERM $! 2>/dev/null' USR1
( %s ) &
while kill -0 $! 2>/dev/null; do wait $!; done
wait $!
status=$?
if [ -n "$again" ] && [ $status != 0 ]; then exec scontrol requeue "$SLURM_JOB_ID"; fi
exit $status
`

// Submit adds the workers that the queue lacks, and returns how many these were: none where the job was submitted
// before and nothing happened to it. Two processes that submit the same job at once add them once.
func (j Job) Submit(ctx context.Context) (added int, err error) {
	lock := flock.New(filepath.Join(filepath.Dir(j.Log), "."+j.Name+".lock"), flock.SetPermissions(0o666))
	if err := lock.Lock(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()

	workers, err := j.Queue(ctx)
	if err != nil || len(workers) >= j.Workers {
		return 0, err
	}
	// Workers that are in the queue already count.
	added = j.Workers - len(workers)
	args := append(append([]string{}, j.Options...), "--job-name="+j.Name, "--output="+j.Log,
		fmt.Sprintf("--array=0-%d", added-1))
	_, err = call(ctx, fmt.Sprintf(script, j.Command), "sbatch", args...)
	return added, err
}

// Queue returns the workers that wait, run or are about to end, none when the job is over.
func (j Job) Queue(ctx context.Context) (workers []Worker, err error) {
	out, err := call(ctx, "", "squeue", "--me", "--noheader", "--array", "--name="+j.Name, "--format=%i|%T|%r")
	for line := range strings.Lines(out) {
		if part := strings.SplitN(strings.TrimSpace(line), "|", 3); len(part) == 3 {
			workers = append(workers, Worker{ID: part[0], State: part[1], Reason: part[2]})
		}
	}
	return workers, err
}

// Watch calls report with the queue every so often until the job is over or ctx ends. A controller that does not
// answer, as one that is being started again, is asked again: warn is told once.
func (j Job) Watch(ctx context.Context, every time.Duration, report func([]Worker) error, warn func(string)) error {
	silent := false
	for {
		workers, err := j.Queue(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !silent:
			warn(err.Error() + "; it is asked again")
		case err == nil:
			if err := report(workers); err != nil || len(workers) == 0 {
				return err
			}
		}
		silent = err != nil

		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(every):
		}
	}
}

// Summary says how many workers are in each state, in the order of the queue, as "2 running, 1 pending (Resources)".
func Summary(workers []Worker) string {
	var states []string
	count := map[string]int{}
	for _, w := range workers {
		state := strings.ToLower(w.State)
		if w.State == "PENDING" {
			state += " (" + w.Reason + ")"
		}
		if count[state]++; count[state] == 1 {
			states = append(states, state)
		}
	}

	for i, state := range states {
		states[i] = fmt.Sprintf("%d %s", count[state], state)
	}
	if len(states) == 0 {
		return "none left"
	}
	return strings.Join(states, ", ")
}

// Quote returns words as bash reads them back.
func Quote(words ...string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}

// call runs a program of Slurm and returns what it printed.
func call(ctx context.Context, stdin, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("%s is not installed here: the engine slurm needs a machine from which a Slurm "+
			"cluster is used", name)
	case err != nil && said.Len() > 0:
		return "", fmt.Errorf("%s: %s", name, strings.TrimSpace(said.String()))
	case err != nil:
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return string(out), nil
}
