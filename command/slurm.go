package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/slurm"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
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
	cmd.Flags().StringVar(&e.name, "engine", "local", "where the work runs: local, or slurm for the queue of a cluster")
	cmd.Flags().StringArrayVar(&e.sbatch, "sbatch", nil,
		"an `option` of sbatch, as --sbatch=--time=04:00:00; may be repeated")
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

// submit keeps the workers of a job in the queue and shows how they are until they are done; progress adds to what is
// shown.
func (a *app) submit(ctx context.Context, j slurm.Job, progress func() (string, error)) error {
	if err := os.MkdirAll(filepath.Dir(j.Log), 0o755); err != nil {
		return fmt.Errorf("folder for logs cannot be made: %w", err)
	}
	added, err := j.Submit(ctx)
	if err != nil {
		return err
	}

	// Workers in the queue stay there, so the command can be repeated at any time.
	a.say("job %s: %d submitted, %d were in the queue; logs: %s", j.Name, added, j.Workers-added, j.Log)
	shown := ""
	err = j.Watch(ctx, watchEvery, func(workers []slurm.Worker) error {
		text, err := progress()

		// Only changes are shown: the queue is asked for hours.
		if text = slurm.Summary(workers) + text; text != shown && err == nil {
			a.say("job %s: %s", j.Name, text)
		}
		shown = text
		return err
	}, a.warn)

	// An interrupt ends the watching, not the job.
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("job %s keeps running: the same command shows it again, `scancel --me --name=%s` ends it: "+
			"%w", j.Name, j.Name, err)
	}
	return err
}

// claimsOnSlurm makes the runs of claims by workers of Slurm, each of which is this command without Slurm, and reports.
func (a *app) claimsOnSlurm(ctx context.Context, claims []experiments.Claim, f claimsFlags, work string, workers int,
	e engineFlags) error {
	scale, store, err := f.store()
	if err != nil {
		return err
	}
	var plans []experiments.Plan
	var ids []string
	for _, c := range claims {
		plans, ids = append(plans, c.Plan(scale)), append(ids, c.ID)
	}

	// A worker must find the same folders wherever it starts.
	records, err := filepath.Abs(filepath.Dir(store.Path))
	if err != nil {
		return err
	}
	if work, err = filepath.Abs(work); err != nil {
		return err
	}
	flags := []string{"--scale", f.scale, "--records", records, "--work", work}

	// A repeated command finds its workers by this name, in whatever order the claims are given.
	j := slurm.Job{Name: jobName(append(slices.Sorted(slices.Values(ids)), flags...)...), Workers: workers,
		Log: filepath.Join(work, slurmLog), Options: e.sbatch}
	if j.Command, err = workerCommand(slices.Concat([]string{"claims", "run"}, ids, flags)...); err != nil {
		return err
	}
	if err := a.runsOnSlurm(ctx, j, store, plans...); err != nil {
		return err
	}
	return a.claimsReport(claims, f, "")
}

// slurmLog is the name of the output of a worker of a sweep.
const slurmLog = "slurm-%A_%a.log"

// workerCommand returns the line that runs this program with arguments in a worker of Slurm.
func workerCommand(args ...string) (string, error) {
	self, err := os.Executable()
	return "exec " + slurm.Quote(append([]string{self}, args...)...), err
}

// runsOnSlurm makes the runs that plans lack by a job of Slurm, and shows how it is until it is over.
func (a *app) runsOnSlurm(ctx context.Context, j slurm.Job, store experiments.Store,
	plans ...experiments.Plan) error {
	// The records say what is missing, not the queue: a worker can end without having finished.
	left := 0
	count := func() (string, error) {
		records, err := store.Read()
		if err == nil {
			left, err = experiments.Missing(records, plans...)
		}
		return fmt.Sprintf("; runs missing: %d", left), err
	}
	if _, err := count(); err != nil || left == 0 {
		return err
	}
	if err := a.submit(ctx, j, count); err != nil {
		return err
	}

	// No worker is left, so what is missing now has failed or ran out of time.
	if left > 0 {
		return fmt.Errorf("the job ended with %d runs missing: see %s; the same command resumes it", left, j.Log)
	}
	return nil
}

// pretrainOnSlurm trains by a worker of Slurm, which resumes the run when it is started again.
func (a *app) pretrainOnSlurm(ctx context.Context, dir string, f pretrainFlags) error {
	if f.json {
		return usage.Errorf("--json is not for --engine slurm: `sslx runs show RUN --json` says what was trained")
	}
	j, err := trainingJob(dir, f)
	if err != nil {
		return err
	}

	// The job script resumes a run that is there: right for a worker that was lost, wrong for somebody else's run.
	if f.resume == "" && record.IsRun(dir) {
		workers, err := j.Queue(ctx)
		if err != nil {
			return err
		}
		if len(workers) == 0 {
			return usage.Errorf("run folder %s already holds a run: continue it with --resume %s, or choose another "+
				"--out", dir, dir)
		}
	}
	if err := a.submit(ctx, j, func() (string, error) { return "", nil }); err != nil {
		return err
	}

	// The queue does not say how a worker ended; the run folder does.
	if !runs.StateOf(dir).Finished {
		return fmt.Errorf("the job ended before the training: see %s; `sslx pretrain --engine slurm --resume %s` "+
			"resumes it", j.Log, words.Quote(dir))
	}
	return a.runsShow(dir, false)
}

// trainingJob returns the job of a run, the same one for the same run folder.
func trainingJob(dir string, f pretrainFlags) (j slurm.Job, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return j, err
	}
	self, err := os.Executable()
	if err != nil {
		return j, err
	}

	begin := []string{self, "pretrain", "--out", dir}
	if f.config != "" {
		begin = append(begin, "--config", f.config)
	}
	for _, set := range f.set {
		begin = append(begin, "--set", set)
	}

	// Slurm may start the script again, after a preemption for example: it then resumes.
	again := []string{self, "pretrain", "--resume", dir}
	return slurm.Job{Name: jobName(dir), Workers: 1, Log: dir + "-slurm-%A_%a.log", Options: f.engine.sbatch,
		Command: fmt.Sprintf("if [ -e %s ]; then exec %s; else exec %s; fi",
			slurm.Quote(filepath.Join(dir, "config.yaml")), slurm.Quote(again...), slurm.Quote(begin...))}, nil
}
