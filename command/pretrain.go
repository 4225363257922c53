package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
)

type pretrainFlags struct {
	config, out, resume string
	set                 []string
	json                bool
	engine              engineFlags
}

func pretrainCommand(a *app) *cobra.Command {
	var f pretrainFlags
	cmd := &cobra.Command{
		Use:   "pretrain (--out RUN | --resume RUN)",
		Short: "Train an encoder without labels",
		Long: `Train an encoder without labels and keep it in a run folder, with its configuration, environment, log and
checkpoint. Unset keys have their defaults; --set wins over --config. Keys are dotted, as in optimizer.lr=0.1,
and values are YAML.

--config also takes the name of a recipe: cifar10-METHOD trains in minutes on two cores; paper-simclr-256 and
the like are the paper's for ImageNet (a wrong name lists all).

--set init=RUN (a finished run) or init=WEIGHTS starts from that encoder: a new run with its own schedule.

Ctrl-C saves a checkpoint and prints how to resume. A resumed run, even after a kill, ends with the same
weights as an uninterrupted one.

With --engine slurm, a Slurm worker trains, and this command reports its state until it is done.`,
		Example: `  sslx pretrain --out runs/first
  sslx pretrain --config cifar10-vicreg --out runs/vicreg
  sslx pretrain --config cifar10.yaml --set epochs=20 --set optimizer.lr=0.1 --out runs/lr01
  sslx pretrain --set init=runs/first --set epochs=20 --out runs/second
  sslx pretrain --resume runs/first`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.pretrain(cmd.Context(), f) },
	}

	cmd.Flags().StringVar(&f.config, "config", "",
		"configuration to start from: a YAML `file`, or the name of a recipe")

	// An array, not a slice: values may hold commas, as in projector=[256,128].
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "set one `key=value` of the configuration; may be repeated")
	cmd.Flags().StringVar(&f.out, "out", "", "run folder to make")
	cmd.Flags().StringVar(&f.resume, "resume", "", "run folder to resume")
	f.engine.register(cmd)
	jsonFlag(cmd, &f.json)
	completeFunc(cmd, "config", completeRecipe)
	completeFunc(cmd, "set", completeSet)
	completeFunc(cmd, "resume", completeRun)
	return cmd
}

func (f pretrainFlags) check() error {
	switch {
	case f.out == "" && f.resume == "":
		return usage.Errorf("pretrain needs --out RUN, a new folder, or --resume RUN, to continue one")
	case f.out != "" && f.resume != "":
		return usage.Errorf("--out makes a new run and --resume continues one: leave one of them out")
	case f.resume != "" && (f.config != "" || len(f.set) > 0):
		return usage.Errorf("a resumed run keeps its configuration: leave --config and --set out, or start a new " +
			"run with --out")
	}
	return nil
}

func (a *app) pretrain(ctx context.Context, f pretrainFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	onSlurm, err := f.engine.slurm()
	if err != nil {
		return err
	}

	// The configuration is read here for Slurm as well: a wrong one must not wait in a queue first.
	dir, train, err := f.job(ctx)
	if err != nil {
		return err
	}
	if onSlurm {
		return a.pretrainOnSlurm(ctx, dir, f)
	}

	var summary sslx.Summary
	a.whenStopped(savesCheckpoint)
	err = a.work(func(opt sslx.Options) (err error) {
		opt, wait := showViews(ctx, dir, opt)
		defer wait()
		summary, err = train(opt)
		return err
	})
	if err != nil {
		return resumable(err, dir)
	}

	if f.json {
		return a.printJSON(summary)
	}
	return a.printSummary(dir, summary)
}

// showViews returns options with which the views of a training are drawn into its run folder while it trains,
// and a function that waits for the picture. A folder that has the picture keeps it; one that cannot be drawn stops no
// training.
func showViews(ctx context.Context, dir string, opt sslx.Options) (with sslx.Options, wait func()) {
	show, begun, drawn := opt.Progress, false, make(chan struct{})
	draw := func() {
		defer close(drawn)
		if _, err := os.Stat(record.PicturePath(dir, record.ViewsPicture)); err == nil {
			return
		}
		if err := report.WriteViews(ctx, dir, sslx.Options{Warn: opt.Warn}); err != nil && ctx.Err() == nil {
			opt.Warnf("the views of run %s cannot be shown: %v", dir, err)
		}
	}

	opt.Progress = func(p sslx.Progress) {
		if p.Phase == "train" && !begun {
			begun = true
			go draw()
		}
		if show != nil {
			show(p)
		}
	}
	return opt, func() {
		if !begun {
			return
		}

		// Who interrupts a training does not wait for a picture.
		select {
		case <-drawn:
		case <-ctx.Done():
		}
	}
}

// resumable adds to the error of an interrupted training how it is resumed.
func resumable(err error, dir string) error {
	if errors.Is(err, sslx.ErrInterrupted) {
		return fmt.Errorf("%w: resume it with `sslx pretrain --resume %s`", err, words.Quote(dir))
	}
	return err
}

type trainCall func(sslx.Options) (sslx.Summary, error)

// job returns the run folder and the call that trains in it.
func (f pretrainFlags) job(ctx context.Context) (dir string, train trainCall, err error) {
	if f.resume != "" {
		dir, err = runs.Find(f.resume)
		return dir, func(opt sslx.Options) (sslx.Summary, error) { return sslx.Resume(ctx, dir, opt) }, err
	}
	config, err := sslx.ReadConfig(f.config, f.set)
	return f.out, func(opt sslx.Options) (sslx.Summary, error) { return sslx.Pretrain(ctx, f.out, config, opt) }, err
}

// ancestryText says what a run started from.
func ancestryText(a record.Ancestry) string {
	text := fmt.Sprintf("%s (%.12s): %d variables loaded, %d new", a.From, a.Fingerprint, len(a.Loaded),
		len(a.Drawn))
	var parts []string
	for _, path := range a.Drawn {
		part, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	if len(parts) > 0 {
		text += " (" + strings.Join(parts, ", ") + ")"
	}
	return fmt.Sprintf("%s, %d left out, images normalized as by the %s", text, len(a.LeftOut), a.Normalization)
}

func (a *app) printSummary(dir string, s sslx.Summary) error {
	took := time.Duration(s.Seconds * float64(time.Second)).Round(time.Second / 10)
	t := table{left: 2}
	t.add("run", dir)
	t.add("method", s.Method)
	t.add("trained", fmt.Sprintf("%d steps, %d images, %v from the first to the last, on %s", s.Steps, s.Images, took,
		s.Device))
	if s.Init != nil {
		t.add("init", ancestryText(*s.Init))
	}
	t.add("rate", fmt.Sprintf("%.0f views/s", s.ViewsPerSecond))
	t.add("final loss", fmt.Sprintf("%.4f", s.FinalLoss))

	// Labels need images that were not trained on.
	next := words.Quote(usage.Program) + " evaluate " + words.Quote(dir)
	if len(s.Tasks) > 0 && !slices.Contains(s.Splits, "test") && !slices.Contains(s.Splits, "val") {
		next += " --validation"
	}
	t.add("next", next)
	return t.print(a.stdout)
}
