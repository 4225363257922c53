package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/slurm"
	"github.com/sslx-go/lab/internal/usage"
)

// watchEvery is how often the queue of Slurm is asked.
const watchEvery = 10 * time.Second

// engineFlags say who runs the processes of a command.
type engineFlags struct {
	name   string
	sbatch []string
}

var engines = []string{"local", "slurm"}

func (e *engineFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&e.name, "engine", "local", "who runs the work: local, or slurm for the queue of a cluster")
	cmd.Flags().StringArrayVar(&e.sbatch, "sbatch", nil, "an `option` of sbatch, as --sbatch=--time=04:00:00; may be repeated")
	completeFunc(cmd, "engine", cobra.FixedCompletions(engines, cobra.ShellCompDirectiveNoFileComp))
}

// slurm reports whether Slurm does.
func (e engineFlags) slurm() (bool, error) {
	switch {
	case e.name == "slurm":
		return true, nil
	case e.name != "local":
		return false, usage.Unknown("engine", e.name, engines)
	case len(e.sbatch) > 0:
		return false, usage.Errorf("--sbatch is for --engine slurm: add that, or leave it out")
	}
	return false, nil
}

// jobName names a job by what is its own.
func jobName(own ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(own, "\n")))
	return "sslx-" + hex.EncodeToString(sum[:4])
}

// submit keeps the workers of a job in the queue and shows how they are until they are done; progress adds to what is shown.
func (a *app) submit(ctx context.Context, j slurm.Job, progress func() (string, error)) error {
	if err := os.MkdirAll(filepath.Dir(j.Log), 0o755); err != nil {
		return fmt.Errorf("folder for logs cannot be made: %w", err)
	}
	added, err := j.Submit(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "sslx: job %s: %d submitted, %d were in the queue; logs: %s\n", j.Name, added, j.Workers-added, j.Log)
	shown := ""
	err = j.Watch(ctx, watchEvery, func(workers []slurm.Worker) error {
		text, err := progress()
		if text = slurm.Summary(workers) + text; text != shown && err == nil {
			fmt.Fprintf(a.stderr, "sslx: job %s: %s\n", j.Name, text)
		}
		shown = text
		return err
	}, a.warn)
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("job %s goes on: the same command shows it again, `scancel --me --name=%s` ends it: %w", j.Name, j.Name, err)
	}
	return err
}
