package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sslx-go/lab/internal/slurm"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/record"
)

// pretrainOnSlurm trains by a worker of Slurm, which goes on with the run when it is started again.
func (a *app) pretrainOnSlurm(ctx context.Context, dir string, f pretrainFlags) error {
	if f.json {
		return usage.Errorf("--json is not for --engine slurm: `sslx runs show RUN --json` says what was trained")
	}
	j, err := trainingJob(dir, f)
	if err != nil {
		return err
	}
	if f.resume == "" && record.IsRun(dir) {
		workers, err := j.Queue(ctx)
		if err != nil {
			return err
		}
		if len(workers) == 0 {
			return usage.Errorf("run folder %s already holds a run: continue it with --resume %s, or choose another --out", dir, dir)
		}
	}
	if err := a.submit(ctx, j, func() (string, error) { return "", nil }); err != nil {
		return err
	}
	if !stateOf(dir).Finished {
		return fmt.Errorf("the job ended before the training: see %s; `sslx pretrain --engine slurm --resume %s` goes on", j.Log, dir)
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
	again := []string{self, "pretrain", "--resume", dir}
	return slurm.Job{Name: jobName(dir), Workers: 1, Log: dir + "-slurm-%A_%a.log", Options: f.engine.sbatch,
		Command: fmt.Sprintf("if [ -e %s ]; then exec %s; else exec %s; fi", slurm.Quote(filepath.Join(dir, "config.yaml")),
			slurm.Quote(again...), slurm.Quote(begin...))}, nil
}
