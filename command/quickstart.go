package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
)

type quickstartFlags struct {
	data, out string
	size      int
	seed      uint64
	json      bool
}

func quickstartCommand(a *app) *cobra.Command {
	var f quickstartFlags
	cmd := &cobra.Command{
		Use:   "quickstart",
		Short: "Pre-train, evaluate and write a report: minutes on two cores",
		Long: `Pre-train a small encoder without labels on the built-in images (factors), then measure raw pixels, the
untrained and the trained encoder on every task of the data. Prints the table of accuracies and the path of
a report in HTML, one file, with loss curve, views, nearest neighbors and the table. Nothing has to be
installed before: the XLA plugin for the CPU is fetched on first use.

With --data FOLDER, the images are your own; without labels they are measured by tasks made from them.

Without --out, the run goes to runs/quickstart, or to runs/quickstart-2 and so on when that is taken.`,
		Example: `  sslx quickstart
  sslx quickstart --data ~/photos
  sslx quickstart --data cifar10 --out runs/cifar10-quick
  sslx quickstart --seed 1 --json`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.quickstart(cmd.Context(), f) },
	}

	cmd.Flags().StringVar(&f.data, "data", "factors", "name or path of the data: see \"sslx data list\"")
	cmd.Flags().IntVar(&f.size, "size", 0, "side in pixels that images are brought to; photographs to 64 when left out")
	cmd.Flags().StringVar(&f.out, "out", "", "run folder to make")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "seed of initial values, order and views")
	jsonFlag(cmd, &f.json)
	completeFunc(cmd, "data", completeDataName)
	return cmd
}

func (a *app) quickstart(ctx context.Context, f quickstartFlags) error {
	if f.out == "" {
		f.out = freeFolder(filepath.Join(runs.Folder, "quickstart"))
	}
	var results []record.Result
	var page string
	var trained sslx.Summary
	err := a.work(func(opt sslx.Options) (err error) {
		c, err := quickstartConfig(ctx, f, opt)
		if err != nil {
			return err
		}
		a.whenStopped(savesCheckpoint)
		if trained, err = sslx.Pretrain(ctx, f.out, c, opt); err != nil {
			return err
		}

		// kNN alone has nothing to fit; the baselines show what training added.
		a.whenStopped(keepsResults)
		results, err = sslx.Evaluate(ctx, f.out, sslx.EvaluateOptions{Protocols: []string{evaluate.ProtocolKNN},
			Baselines: true, Options: opt})
		if err != nil {
			return err
		}
		page, err = report.WriteRun(ctx, f.out, opt)
		return err
	})
	if err != nil {
		// An interrupted quickstart is a run like any other.
		return resumable(err, f.out)
	}

	if f.json {
		return a.printJSON(list(results))
	}
	if err := a.printResults(results); err != nil {
		return err
	}

	// Who has images without labels has not chosen these tasks.
	if len(trained.Tasks) == 0 {
		fmt.Fprintf(a.stdout, "\nThe images have no labels. Each task asks what was done to an image: was it turned, "+
			"made gray, blurred?\nMeasure on labels of another set, one of `sslx data list`, with:\n"+
			"  %s evaluate %s --tasks SET\n", words.Quote(usage.Program), words.Quote(f.out))
	}
	return printOutcome(a.stdout, results, page, f.out)
}

// printOutcome says what came of a quickstart, where it lies and what to do next.
func printOutcome(w io.Writer, results []record.Result, page, run string) error {
	// The first sentence is of the training, which the user has just seen.
	verdict := report.Run{Results: results}.Summary()[1]
	_, err := fmt.Fprintf(w, "\n%s\n\nreport: %s\nrun:    %s\nnext:   %s evaluate %s\n", verdict, page, run,
		words.Quote(usage.Program), words.Quote(run))
	return err
}

// What the quickstart does with data other than its own: photographs become small, and few images are seen often.
const quickstartSide = 64 // pixels; larger images are brought to it

// quickstartSteps is the number of steps with small images; larger ones, which take four times as long, get half of it.
// The README's test changes it.
var quickstartSteps = 300

// quickstartConfig returns the recipe of the quickstart for some data, which are imported first where they are not yet.
func quickstartConfig(ctx context.Context, f quickstartFlags, opt sslx.Options) (c sslx.Config, err error) {
	c, err = sslx.ReadConfig("quickstart", nil)
	c.Seed = f.seed
	if err != nil || f.data == "" || f.data == c.Data {
		return c, err
	}

	// Photographs have any size: without a side, the first image tells whether they have to become smaller.
	c.Data, c.Size = f.data, f.size
	if folder, err := dataset.OpenFolder(ctx, f.data, record.SplitTrain, 0); err == nil && c.Size == 0 {
		if height, width, _ := folder.Shape(); max(height, width) > quickstartSide {
			c.Size = quickstartSide
		}
	}
	set, err := open.Data(ctx, c.Data, c.Size, "", opt)
	if usage.ArgumentOf(err) == "size" && f.size == 0 {
		c.Size = quickstartSide
		set, err = open.Data(ctx, c.Data, c.Size, "", opt)
	}
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	train, err := set.Split(record.SplitTrain)
	if err != nil {
		return c, err
	}

	// A small set fills a few batches an epoch, and is seen as often as the steps allow.
	steps := quickstartSteps
	if set.Height() > quickstartSide/2 {
		steps, c.Batch = quickstartSteps/2, c.Batch/2
	}
	c.Batch = max(2, min(c.Batch, train.N/2))
	c.Epochs = max(1, steps*c.Batch/train.N)
	return c, nil
}

// freeFolder returns path, or path-2, path-3, … when something has that name.
func freeFolder(path string) string {
	free := path
	for i := 2; ; i++ {
		if _, err := os.Lstat(free); err != nil {
			return free
		}
		free = fmt.Sprintf("%s-%d", path, i)
	}
}
