package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gomlx/compute/dtypes"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// EndToEnd is the benchmark of training as users run it: images from a packed set, random views, steps, a line of log
// every LogSteps steps; no probe, and no checkpoint before the end. A unit of work is that many steps.
type EndToEnd struct {
	Data     string `json:"data"`   // name or path of a set of 32x32 images
	Total    int    `json:"images"` // in its train split
	LogSteps int    `json:"log_steps"`
	Step
	Recipe
}

// NewEndToEnd returns the benchmark of an encoder on a set; a batch of 0 is [NewStep]'s.
func NewEndToEnd(data, name string, batch int) EndToEnd {
	return EndToEnd{Data: data, LogSteps: networks[name].logSteps, Step: NewStep(name, 0, batch), Recipe: newRecipe()}
}

// many is a number of epochs that no measurement reaches.
const many = 1 << 20

func (e EndToEnd) training() pretrain.Config {
	c := pretrain.Default()
	c.Data, c.Epochs, c.Batch, c.LogSteps, c.CheckpointSeconds = e.Data, many, e.Batch, e.LogSteps, 0
	c.Encoder, c.Precision = e.network(), e.Precision
	c.Views, c.Probe.Task = sameViews(e.Views), pretrain.NoProbe
	return c
}

// Check returns an error of package usage when a value of the benchmark or of the options is out of range.
func (e EndToEnd) Check(opt Options) error { return firstError(e.check(), opt.check("endtoend")) }

// Run measures images a second. The set is imported when it is not packed yet.
func (e EndToEnd) Run(ctx context.Context, h *backend.Handle, opt Options) (result Result, err error) {
	if err := e.Check(opt); err != nil {
		return result, err
	}

	opt.report("open "+e.Data, 0, 0)
	set, err := dataset.Locate(ctx, e.Data, dataset.LocateOptions{Warn: opt.Warn})
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	if err := pretrain.Fits(set, e.training()); err != nil {
		return result, err
	}

	split, err := set.Split("train")
	if err != nil {
		return result, err
	}
	// Peers make a set of the same size and count the same parameters.
	e.Total, e.Size = split.N, set.Height()
	e.Mean, e.Std = set.Stats()
	network, err := e.variables(h)
	if err != nil {
		return result, err
	}

	e.Parameters = parameters(network)
	network.Finalize()

	// The first unit is timed with compilation: what a user waits for.
	opt.report("compile", 0, 0)
	began := time.Now()
	ours, err := startTrainer(ctx, h, set, e)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, ours.close()) }()

	b := benchmark{what: "endtoend", unit: "images/s", config: e, items: float64(e.LogSteps * e.Batch), ours: ours,
		first: time.Since(began).Seconds()}
	if e.dtype() == dtypes.Float32 {
		return measure(ctx, h, b, opt)
	}

	// In another type, the same training in float32 takes turns with it, warm as well.
	plain := e
	plain.Precision = float32Precision
	inFloat32, err := startTrainer(ctx, h, set, plain)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, inFloat32.close()) }()

	b.float32 = inFloat32
	return measure(ctx, h, b, opt)
}

// trainer runs a training that stands still between turns.
type trainer struct {
	folder string
	turn   chan int     // how many lines of log to train for; closed at the end
	ended  chan float64 // the seconds that a turn took
	failed chan error   // the end of the training
	stop   context.CancelFunc
}

// startTrainer starts a training in a new folder, and returns after its first unit of work.
func startTrainer(ctx context.Context, h *backend.Handle, set *dataset.Set, e EndToEnd) (*trainer, error) {
	folder, err := os.MkdirTemp("", "sslx-bench-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a run folder: %w", err)
	}

	run, err := record.Create(filepath.Join(folder, "run"), e.training(), describe(h))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}

	// The training runs on its own; its hook after a line of log holds it back between turns.
	ctx, stop := context.WithCancel(ctx)
	t := &trainer{folder: folder, turn: make(chan int), ended: make(chan float64), failed: make(chan error, 1),
		stop: stop}
	go func() {
		_, err := pretrain.Train(ctx, h.Backend, set, run, e.training(), pretrain.Hooks{Report: t.reporter()})
		t.failed <- errors.Join(err, run.Close())
	}()

	// It stands still after compilation: the first unit makes it warm.
	if _, err := t.Run(ctx, 1); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// reporter returns what the training calls after each line of its log. It holds the training back between turns.
func (t *trainer) reporter() func(int, int, record.Metrics) {
	left, began := 0, time.Time{}
	return func(int, int, record.Metrics) {
		// A turn ends with its last line of log; then the training waits here for the next turn.
		if left > 0 {
			if left--; left > 0 {
				return
			}
			t.ended <- time.Since(began).Seconds()
		}

		// A closed channel gives 0: the training then runs on until it is stopped.
		left = <-t.turn
		began = time.Now()
	}
}

// Run implements [runner].
func (t *trainer) Run(ctx context.Context, n int) (float64, error) {
	// The training may end early, in either half of a turn; close waits for an end too, which is then nil.
	select {
	case t.turn <- n:
	case err := <-t.failed:
		t.failed <- nil
		return 0, firstError(ctx.Err(), err)
	}

	select {
	case seconds := <-t.ended:
		return seconds, ctx.Err()
	case err := <-t.failed:
		t.failed <- nil
		return 0, firstError(ctx.Err(), err)
	}
}

// close ends the training and removes its folder.
func (t *trainer) close() error {
	t.stop()
	close(t.turn)

	// It was stopped on purpose: an interrupt is no failure here.
	err := <-t.failed
	if errors.Is(err, pretrain.ErrInterrupted) {
		err = nil
	}
	return errors.Join(err, os.RemoveAll(t.folder))
}
