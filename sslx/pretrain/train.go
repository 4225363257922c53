package pretrain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/record"
)

// ErrInterrupted reports that training ended early because its context did; a checkpoint was saved.
var ErrInterrupted = errors.New("interrupted")

// Summary is what a training did.
type Summary struct {
	Steps     int     // steps done, those before a resume included
	Images    int64   // images seen, each counted once for all its views
	Seconds   float64 // training time without compilation, that before a resume included
	FinalLoss float64 // the last line of the log
}

// trainer is the state of a training.
type trainer struct {
	config   Config
	run      *record.Run
	store    *model.Store
	progress progress
	step     *stepper // nil when no step is left
	log      *record.Log
	schedule optimizer.Schedule
	images   int // training images
	total    int // steps of the whole training
	saved    int // the step of the last checkpoint, -1 without one
	last     record.Metrics
}

// Train trains the encoder of c on the train split of set, and writes log and checkpoints to run. When the run has a
// checkpoint it goes on from there. Report is called after compilation, with the last line of the log that there is,
// and after each new line; it may be nil.
//
// When ctx ends, a checkpoint is saved and ErrInterrupted returned. When the loss or a variable is no longer finite,
// the error says at which step, and the last checkpoint is kept as it is.
func Train(ctx context.Context, b compute.Backend, set *dataset.Set, run *record.Run, c Config,
	report func(done, total int, m record.Metrics)) (Summary, error) {
	if report == nil {
		report = func(int, int, record.Metrics) {}
	}
	t, err := newTrainer(b, set, run, c)
	if err != nil {
		return Summary{}, err
	}
	defer t.close()
	err = t.loop(ctx, report)
	return Summary{Steps: t.progress.Step, Images: int64(t.progress.Step) * int64(c.Batch), Seconds: t.progress.Seconds,
		FinalLoss: t.last.Loss}, err
}

func newTrainer(b compute.Backend, set *dataset.Set, run *record.Run, c Config) (*trainer, error) {
	d, err := trainingData(set, c)
	if err != nil {
		return nil, err
	}
	t := &trainer{config: c, run: run, images: len(d.pixels) / (d.height * d.width * 3), saved: -1}
	t.total = c.Epochs * (t.images / c.Batch)
	t.schedule = c.Optimizer.Schedule(c.Batch, t.images/c.Batch, t.total)
	t.progress = progress{Fingerprint: set.Fingerprint(), Config: c, Mean: d.mean, Std: d.std}
	t.store = newStore(c)
	var former *checkpoint
	if HasCheckpoint(run.Dir()) {
		if former, err = formerCheckpoint(set, run, c); err != nil {
			return nil, err
		}
		t.progress, t.saved = former.progress, former.progress.Step
	}
	if t.progress.Step < t.total {
		err = t.build(b, d, former)
	}
	if err == nil {
		err = t.openLog()
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// build compiles the step, and sets the variables to those of a former checkpoint, if there is one.
func (t *trainer) build(b compute.Backend, d stepData, former *checkpoint) (err error) {
	if t.step, err = newStepper(b, t.store, t.config, d); err != nil || former == nil {
		return err
	}
	return former.restore(t.store)
}

// openLog opens the log at the step where the training stands.
func (t *trainer) openLog() (err error) {
	if t.log, err = t.run.OpenLog(t.progress.Step); err != nil {
		return err
	}
	lines, err := record.ReadMetrics(t.run.Dir())
	if len(lines) > 0 {
		t.last = lines[len(lines)-1]
	}
	return err
}

func (t *trainer) close() {
	if t.step != nil {
		t.step.close()
	}
	t.store.Finalize()
	if t.log != nil {
		_ = t.log.Close()
	}
}

// loop makes the steps that are left.
func (t *trainer) loop(ctx context.Context, report func(done, total int, m record.Metrics)) error {
	started, before := time.Now(), t.progress.Seconds
	saved := started
	var order []int
	perEpoch := t.images / t.config.Batch
	report(t.progress.Step, t.total, t.last)
	for t.progress.Step < t.total {
		if ctx.Err() != nil {
			if err := t.save(); err != nil {
				return err
			}
			return fmt.Errorf("%w at step %d of %d", ErrInterrupted, t.progress.Step, t.total)
		}
		epoch, position := t.progress.Step/perEpoch, t.progress.Step%perEpoch
		if order == nil || position == 0 {
			order = permutation(t.config.Seed, epoch, t.images)
		}
		if err := t.one(order[position*t.config.Batch:(position+1)*t.config.Batch], epoch); err != nil {
			return err
		}
		t.progress.Seconds = before + time.Since(started).Seconds()
		if t.progress.Step%t.config.LogSteps == 0 || t.progress.Step == t.total {
			if err := t.write(perEpoch); err != nil {
				return err
			}
			report(t.progress.Step, t.total, t.last)
		}
		if every := t.config.CheckpointSeconds; every > 0 && time.Since(saved).Seconds() >= every {
			if err := t.save(); err != nil {
				return err
			}
			saved = time.Now()
		}
	}
	return t.save()
}

// one makes the next step on the images of an epoch with the given indices.
func (t *trainer) one(indices []int, epoch int) error {
	batch := make([]int32, len(indices))
	for i, index := range indices {
		batch[i] = int32(index)
	}
	step := t.progress.Step + 1
	measures, err := t.step.run(batch, augment.Stream(t.config.Seed, epoch), t.schedule.At(step), step)
	if err != nil {
		return fmt.Errorf("step %d failed: %w", step, err)
	}
	if t.progress.Window == nil {
		t.progress.Window = make([]float64, len(measures))
	}
	for i, value := range measures {
		if v := float64(value); math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s is %v at step %d of run %s: lower optimizer.lr, or look at the data; the last checkpoint is "+
				"kept", t.step.measures[i], value, step, t.run.Name())
		}
		t.progress.Window[i] += float64(value)
	}
	t.progress.WindowSteps++
	t.progress.Step = step
	return nil
}

// write appends a line to the log with the means since the line before.
func (t *trainer) write(perEpoch int) error {
	m := record.Metrics{
		Step: t.progress.Step, Epoch: float64(t.progress.Step) / float64(perEpoch),
		Images:  int64(t.progress.Step) * int64(t.config.Batch),
		Seconds: t.progress.Seconds, LR: t.schedule.At(t.progress.Step), Chance: t.step.chance,
		Parts: map[string]float64{},
	}
	for i, name := range t.step.measures {
		switch mean := t.progress.Window[i] / float64(t.progress.WindowSteps); name {
		case lossMeasure:
			m.Loss = mean
		case spreadMeasure:
			m.Spread = mean
		case probeMeasure:
			m.ProbeAccuracy = &mean
		default:
			m.Parts[name] = mean
		}
	}
	t.progress.Window, t.progress.WindowSteps = nil, 0
	t.last = m
	return t.log.Append(m)
}

// save makes a checkpoint, unless the last one is of the same step.
func (t *trainer) save() error {
	if t.saved == t.progress.Step {
		return nil
	}
	if err := saveCheckpoint(record.Checkpoint(t.run.Dir()), t.store, t.progress); err != nil {
		return err
	}
	t.saved = t.progress.Step
	return nil
}
