package command

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/slurm"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
)

// sweepFlags are the flags of sweep.
type sweepFlags struct {
	out    string
	jobs   int
	json   bool
	engine engineFlags
}

func sweepCommand(a *app) *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep FILE",
		Short: "Search for good values of a configuration's keys",
		Long: `Search for good values of a configuration's keys, chosen on validation images (by online- measures: on
training views). FILE is YAML:

  base: cifar10-cpu                # a recipe or a file
  set: {epochs: 4}                 # changes of the base
  vary:                            # any keys, with lists of values or ranges
    optimizer.lr: {from: 0.0005, to: 0.008, scale: log, count: 5}
    objective.temperature: [0.1, 0.2, 0.5]
  search: halving                  # or grid, random, ablation
  measure: knn                     # or a measure without labels, online-knn, online-probe
  seeds: [101]
  budget: 8                        # in whole trainings

Runs, records and report are in one folder, runs/NAME for NAME.yaml. The same command resumes an interrupted
sweep, adds what a changed file asks for, and never repeats a run; several such commands share the work. In
successive halving, candidates that are kept resume where they paused. The folder then has the chosen
configuration, chosen.yaml: train with it by ` + "`sslx pretrain --config chosen.yaml --out RUN`" + `.
docs/sweep.md explains the file.`,
		Example: `  sslx sweep lr.yaml
  sslx sweep lr.yaml --jobs 2 --out runs/lr
  sslx sweep lr.yaml --jobs 8 --engine slurm --sbatch=--gpus=1`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.sweep(cmd.Context(), args[0], f) },
	}

	cmd.Flags().StringVar(&f.out, "out", "", "folder of the sweep; runs/NAME for NAME.yaml")
	cmd.Flags().IntVar(&f.jobs, "jobs", 1, "processes that share the work, each with its part of the cores")
	f.engine.register(cmd)
	jsonFlag(cmd, &f.json)
	return cmd
}

// sweep makes the runs of a sweep, and reports. file may be the folder of a sweep.
func (a *app) sweep(ctx context.Context, file string, f sweepFlags) error {
	// All arguments are checked before a process or a job starts.
	if f.jobs < 1 {
		return usage.Errorf("--jobs is %d: it must be 1 or more", f.jobs)
	}
	onSlurm, err := f.engine.slurm()
	if err != nil {
		return err
	}
	folder := f.out
	if inside := filepath.Join(file, experiments.StudyFile); isFile(inside) {
		file = inside
		if folder == "" {
			folder = filepath.Dir(inside)
		}
	}
	study, err := experiments.ReadStudy(file)
	if err != nil {
		return err
	}
	if folder == "" {
		folder = filepath.Join(runs.Folder, study.Name)
	}
	if record.IsRun(folder) {
		return usage.About("out", "folder %s holds a run: choose another one for the sweep", folder)
	}
	if err := study.Save(folder); err != nil {
		return err
	}

	store := experiments.Store{Path: filepath.Join(folder, experiments.RecordsFile)}
	switch {
	case onSlurm:
		err = a.sweepOnSlurm(ctx, study, folder, store, f)
	case f.jobs > 1:
		return a.workers(ctx, f.jobs)
	default:
		// The report of what is there shows how far the sweep is.
		s := experiments.Sweep{Store: store, Work: folder, Started: func(int, int, string) {
			if _, err := writeSweep(study, folder, store); err != nil {
				a.warn(err.Error())
			}
		}}
		err = a.makeRuns(ctx, s, study.Plan())
		if err != nil && ctx.Err() != nil {
			err = fmt.Errorf("%w: the same command resumes the sweep", err)
		}
	}
	if err != nil {
		return err
	}
	return a.sweepReport(study, folder, store, f.json)
}

// isFile reports whether there is a regular file.
func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// writeSweep writes the report of a sweep to its folder.
func writeSweep(study experiments.Study, folder string,
	store experiments.Store) (o experiments.StudyOutcome, err error) {
	records, err := store.Read()
	if err != nil {
		return o, err
	}
	if o, err = study.Outcome(records); err != nil {
		return o, err
	}
	return o, report.WriteSweep(folder, o, records)
}

// sweepReport writes the report of a sweep, and prints it.
func (a *app) sweepReport(study experiments.Study, folder string, store experiments.Store, asJSON bool) error {
	o, err := writeSweep(study, folder, store)
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(o)
	}
	return report.WriteSweepText(a.stdout, folder, o, pageColumns, a.columns)
}

// sweepOnSlurm makes the runs of a sweep by workers of Slurm, each of which is this command without Slurm.
func (a *app) sweepOnSlurm(ctx context.Context, study experiments.Study, folder string, store experiments.Store,
	f sweepFlags) error {
	whole, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	j := slurm.Job{Name: jobName("sweep", whole), Workers: f.jobs, Log: filepath.Join(whole, slurmLog),
		Options: f.engine.sbatch}
	if j.Command, err = workerCommand("sweep", whole); err != nil {
		return err
	}
	return a.runsOnSlurm(ctx, j, store, study.Plan())
}
