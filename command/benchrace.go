package command

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/bench"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/backend"
)

func benchRaceCommand(a *app) *cobra.Command {
	r, json := bench.NewRace(), false
	cmd := &cobra.Command{
		Use:   "race",
		Short: "Time to an accuracy of whole trainings",
		Long: `Measure how long whole trainings take to a kNN accuracy on test images: sslx's recipe, lightly's as it is
published (ResNet-18), and the losses and transforms of lightly and solo-learn with our convnet. Each
program runs alone, on all cores, one after another. The clock includes compilation and the reading of
images, and stands still while the accuracy is measured, at checkpoints.

A race takes hours. With --out it writes its record after each training; the same command, after an
interrupt too, runs only what the record lacks, and what now has another recipe, other epochs or a longer
limit. A limit of each program's own: run the race once for each, with --programs and the same record.`,
		Example: `  sslx bench race --seeds 3 --out race.json
  sslx bench race --programs sslx --recipe cifar10-simclr --minutes 20 --out race.json
  sslx bench race --programs lightly --minutes 240 --out race.json`,
		Args: arguments(0, 0),
	}

	cmd.Flags().StringVar(&r.Data, "data", r.Data, "name or path of a data set: see \"sslx data list\"")
	cmd.Flags().StringVar(&r.Recipe, "recipe", r.Recipe, "sslx's recipe, or a configuration file")
	cmd.Flags().StringSliceVar(&r.Programs, "programs", nil, "`names` of the programs, with commas between them "+
		"(default "+strings.Join(bench.RacePrograms(), ",")+")")
	cmd.Flags().IntVar(&r.Seeds, "seeds", r.Seeds, "trainings of each program, with the seeds 1, 2, …")
	cmd.Flags().Float64Var(&r.Minutes, "minutes", r.Minutes, "after which a training is stopped")
	cmd.Flags().IntVar(&r.Epochs, "epochs", r.Epochs, "of the schedule of the programs with our convnet")
	cmd.Flags().StringVar(&r.Out, "out", "", "`file` of the record, which is continued where it is there")
	cmd.Flags().StringSliceVar(&r.Again, "again", nil, "`names` of programs to run again though the record has them")
	jsonFlag(cmd, &json)

	completeFunc(cmd, "data", completeDataName)
	completeFunc(cmd, "recipe", completeRecipe)
	for _, flag := range []string{"programs", "again"} {
		completeFunc(cmd, flag, cobra.FixedCompletions(bench.RacePrograms(), cobra.ShellCompDirectiveNoFileComp))
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return a.race(cmd.Context(), r, json) }
	return cmd
}

func (a *app) race(ctx context.Context, r bench.Race, json bool) error {
	// Checked first: a wrong flag must not wait for the installation of a plugin.
	if err := r.Check(); err != nil {
		return err
	}
	var result bench.RaceRecord
	err := a.measure(ctx, bench.DefaultOptions(), func(h *backend.Handle, opt bench.Options) (err error) {
		result, err = r.Run(ctx, h, opt)
		return err
	})
	if ctx.Err() != nil && r.Out != "" && len(result.Runs) > 0 {
		return fmt.Errorf("%w: %s has what ended before, and the same command continues it", ctx.Err(), r.Out)
	}
	if err != nil {
		return err
	}

	if json {
		return a.printJSON(result)
	}
	return a.printRace(result)
}

func (a *app) printRace(r bench.RaceRecord) error {
	if err := report.RaceTimes(r).WriteText(a.stdout, a.columns); err != nil {
		return err
	}
	if lead := report.RaceLead(r); len(lead.Rows) > 0 {
		fmt.Fprintln(a.stdout)
		if err := lead.WriteText(a.stdout, a.columns); err != nil {
			return err
		}
	}

	// How a program was run decides whether the comparison is fair.
	notes := table{left: 2}
	for _, run := range r.Runs {
		if run.Seed == 1 {
			notes.add(strings.TrimSpace(run.Program+" "+run.Recipe), run.Note)
		}
		if run.Busy > bench.QuietCores {
			notes.add("warning", fmt.Sprintf("%.1f cores were busy with other work while %s raced with seed %d: its "+
				"times are too long", run.Busy, run.Program, run.Seed))
		}
	}
	for _, m := range r.Missing {
		notes.add(m.Name, m.Reason+": run "+m.Install)
	}
	fmt.Fprintln(a.stdout)
	return notes.print(a.stdout)
}
