package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/slurm"
)

// claimsOnSlurm makes the runs of claims by workers of Slurm, each of which is this command without Slurm, and reports.
func (a *app) claimsOnSlurm(ctx context.Context, claims []experiments.Claim, f claimsFlags, work string, workers int, e engineFlags) error {
	scale, store, err := f.store()
	if err != nil {
		return err
	}
	var plans []experiments.Plan
	for _, c := range claims {
		plans = append(plans, c.Plan(scale))
	}
	left := 0
	count := func() (string, error) {
		records, err := store.Read()
		if err == nil {
			left, err = experiments.Missing(records, plans...)
		}
		return fmt.Sprintf("; runs missing: %d", left), err
	}
	if _, err := count(); err != nil {
		return err
	}
	if left == 0 {
		return a.claimsReport(claims, f, "")
	}
	j, err := sweepJob(claims, f, store, work)
	if err != nil {
		return err
	}
	j.Workers, j.Options = workers, e.sbatch
	if err := a.submit(ctx, j, count); err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("the job ended with %d runs missing: see %s; the same command goes on", left, j.Log)
	}
	return a.claimsReport(claims, f, "")
}

// sweepJob returns the job of a sweep, the same one for the same claims and folders.
func sweepJob(claims []experiments.Claim, f claimsFlags, store experiments.Store, work string) (j slurm.Job, err error) {
	records, err := filepath.Abs(filepath.Dir(store.Path))
	if err != nil {
		return j, err
	}
	if work, err = filepath.Abs(work); err != nil {
		return j, err
	}
	self, err := os.Executable()
	if err != nil {
		return j, err
	}
	var ids []string
	for _, c := range claims {
		ids = append(ids, c.ID)
	}
	flags := []string{"--scale", f.scale, "--records", records, "--work", work}
	j.Name = jobName(append(slices.Sorted(slices.Values(ids)), flags...)...)
	j.Log = filepath.Join(work, "slurm-%A_%a.log")
	j.Command = "exec " + slurm.Quote(slices.Concat([]string{self, "claims", "run"}, ids, flags)...)
	return j, nil
}
