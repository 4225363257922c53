package pretrain

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
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
	backend  compute.Backend
	data     stepData
	step     *stepper // nil when no step is left
	size     int      // of the views that step makes
	log      *record.Log
	schedule optimizer.Schedule
	total    int // steps of the whole training
	saved    int // the step of the last checkpoint, -1 without one
	last     record.Metrics
}

// Hooks are called by a training; each may be nil.
type Hooks struct {
	// Report is called after compilation, with the last line of the log that there is, and after each new line.
	Report func(done, total int, m record.Metrics)

	// Warn is called with a sentence when the embeddings look collapsed.
	Warn func(sentence string)
}

// Train trains the encoder of c on the train split of set, and writes log and checkpoints to run. When the run has a
// checkpoint it goes on from there.
//
// When ctx ends, a checkpoint is saved and ErrInterrupted returned. When the loss or a variable is no longer finite,
// the error says at which step, and the last checkpoint is kept as it is.
func Train(ctx context.Context, b compute.Backend, set *dataset.Set, run *record.Run, c Config,
	hooks Hooks) (Summary, error) {
	if hooks.Report == nil {
		hooks.Report = func(int, int, record.Metrics) {}
	}
	if hooks.Warn == nil {
		hooks.Warn = func(string) {}
	}
	t, err := newTrainer(b, set, run, c)
	if err != nil {
		return Summary{}, err
	}
	defer t.close()
	err = t.loop(ctx, hooks)
	return Summary{Steps: t.progress.Step, Images: int64(t.progress.Step) * int64(c.Batch), Seconds: t.progress.Seconds,
		FinalLoss: t.last.Loss}, err
}

func newTrainer(b compute.Backend, set *dataset.Set, run *record.Run, c Config) (*trainer, error) {
	d, err := trainingData(set, c)
	if err != nil {
		return nil, err
	}
	t := &trainer{config: c, run: run, backend: b, data: d, saved: -1}
	perEpoch := d.images() / c.Batch
	t.total = c.Epochs * perEpoch
	t.schedule = c.Optimizer.Schedule(c.Batch, perEpoch, t.total)
	t.progress = progress{Total: t.total, Fingerprint: set.Fingerprint(), Config: c, Mean: d.mean, Std: d.std}
	t.store = newStore(c)
	var former *checkpoint
	if HasCheckpoint(run.Dir()) {
		if former, err = formerCheckpoint(set, run, c); err != nil {
			return nil, err
		}
		t.progress, t.saved = former.progress, former.progress.Step
	}
	if t.progress.Step < t.total {
		err = t.build(former)
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
func (t *trainer) build(former *checkpoint) error {
	if err := t.resize(t.progress.Step / t.perEpoch()); err != nil {
		return err
	}
	if former == nil {
		return startTarget(t.store)
	}
	return former.restore(t.store)
}

// resize compiles the step for the size that views have in an epoch, unless it is compiled.
func (t *trainer) resize(epoch int) (err error) {
	size := t.config.sizeAt(epoch)
	if t.step != nil && t.size == size {
		return nil
	}
	if t.step != nil {
		t.step.close()
	}
	t.size = size
	t.step, err = newStepper(t.backend, t.store, t.config, t.data, size)
	return err
}

// perEpoch returns the number of steps of an epoch.
func (t *trainer) perEpoch() int { return t.data.images() / t.config.Batch }

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
func (t *trainer) loop(ctx context.Context, hooks Hooks) error {
	started, before := time.Now(), t.progress.Seconds
	saved := started
	feed := newFeed(t.config, t.data, t.progress.Step)
	defer feed.close()
	watch := collapseWatch{}
	hooks.Report(t.progress.Step, t.total, t.last)
	for t.progress.Step < t.total {
		if ctx.Err() != nil {
			if err := t.save(); err != nil {
				return err
			}
			return fmt.Errorf("%w at step %d of %d", ErrInterrupted, t.progress.Step, t.total)
		}
		if err := t.one(feed); err != nil {
			return err
		}
		t.progress.Seconds = before + time.Since(started).Seconds()
		if t.progress.Step%t.config.LogSteps == 0 || t.progress.Step == t.total {
			if err := t.write(feed.waited()); err != nil {
				return err
			}
			hooks.Report(t.progress.Step, t.total, t.last)
			if sentence := watch.see(t.last, t.total); sentence != "" {
				hooks.Warn(sentence)
			}
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

// one makes the next step.
func (t *trainer) one(feed feed) error {
	epoch := t.progress.Step / t.perEpoch()
	if err := t.resize(epoch); err != nil {
		return err
	}
	pixels, indices, err := feed.next()
	if err != nil {
		return err
	}
	step := t.progress.Step + 1
	measures, err := t.step.run(input{indices: indices, pixels: pixels, stream: augment.Stream(t.config.Seed, epoch),
		lr: t.schedule.At(step), ema: t.config.Objective.TargetMomentum(float64(step) / float64(t.total)), step: step})
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

// write appends a line to the log with the means since the line before. Waited is how long this process has waited for
// images in all.
func (t *trainer) write(waited time.Duration) error {
	m := record.Metrics{
		Step: t.progress.Step, Epoch: float64(t.progress.Step) / float64(t.perEpoch()),
		Images:  int64(t.progress.Step) * int64(t.config.Batch),
		Seconds: t.progress.Seconds, LR: t.schedule.At(t.progress.Step), Chance: t.step.chance,
		Parts: map[string]float64{}, ProbeLayers: map[string]float64{}, Waited: waited.Seconds(),
	}
	for i, name := range t.step.measures {
		switch mean := t.progress.Window[i] / float64(t.progress.WindowSteps); name {
		case lossMeasure:
			m.Loss = mean
		case spreadMeasure:
			m.Spread = mean
		case rankMeasure:
			m.Rank = mean
		case probeMeasure:
			m.ProbeAccuracy = &mean
		default:
			if layer, ok := strings.CutPrefix(name, probeMeasure+"_"); ok {
				m.ProbeLayers[layer] = mean
				continue
			}
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
	if err := saveCheckpoint(record.CheckpointPath(t.run.Dir()), t.store, t.progress); err != nil {
		return err
	}
	t.saved = t.progress.Step
	return nil
}
