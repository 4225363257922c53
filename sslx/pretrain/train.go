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
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/record"
)

// ErrInterrupted reports that training ended early because its context did; a checkpoint was saved.
var ErrInterrupted = errors.New("interrupted")

// ErrDiverged reports that the loss, another measure or a variable is no longer finite. The last checkpoint stays as it
// is.
var ErrDiverged = errors.New("diverged")

// divergence is an error that is ErrDiverged, in words of its own.
type divergence struct{ error }

func (divergence) Is(target error) bool { return target == ErrDiverged }

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
	state    runState
	backend  compute.Backend
	data     stepData
	stepper  *stepper // nil when no step is left
	size     int      // of the views that stepper makes
	log      *record.Log
	events   *record.Events // nil unless the configuration asks for TensorBoard
	schedule optimizer.Schedule
	total    int       // steps of the whole training
	until    int       // steps after which it pauses, total where it does not
	ancestor *ancestor // of a new training that starts from one
	saved    int       // the step of the last checkpoint, -1 without one
	last     record.Metrics
	started  time.Time // when the loop began, plus the time of compilations and of hooks.Step since
}

// Hooks are called by a training; each may be nil.
type Hooks struct {
	// Report is called after compilation, with the last line of the log that there is, and after each new line.
	Report func(done, total int, m record.Metrics)

	// Warn is called with a sentence when the embeddings look collapsed, and when lines of the log were lost.
	Warn func(sentence string)

	// Step is called after each step with the number of steps done, and of the whole training. It may save a checkpoint
	// of that step. Its time is not training time, and its error ends the training.
	Step func(done, total int, save func() error) error
}

// Train trains the encoder of c on the train split of set, and writes log and checkpoints to run. When the run has a
// checkpoint, training resumes from it, and ends with the same bits as a training that was not interrupted.
//
// A configuration that fails Check, data that it does not fit (see Fits and FitsDevices), and a checkpoint of other
// data or of another configuration are errors of package usage.
//
// When ctx ends, Train saves a checkpoint and returns ErrInterrupted. When the loss or a variable is no longer finite,
// the error is ErrDiverged and names the step, and the last checkpoint stays as it is.
func Train(ctx context.Context, b compute.Backend, set *dataset.Set, run *record.Run, c Config,
	hooks Hooks) (Summary, error) {
	return TrainUntil(ctx, b, set, run, c, 0, hooks)
}

// TrainUntil is Train, but pauses after a share of the steps of the training, in (0, 1), with a checkpoint and without
// an error; 0 does not pause. The schedule of the learning rate is that of the whole training, so that Train, or a
// later pause, continues with the bits of a training that never paused. A run that is further stays as it is.
func TrainUntil(ctx context.Context, b compute.Backend, set *dataset.Set, run *record.Run, c Config, share float64,
	hooks Hooks) (Summary, error) {
	if hooks.Report == nil {
		hooks.Report = func(int, int, record.Metrics) {}
	}
	if hooks.Warn == nil {
		hooks.Warn = func(string) {}
	}

	// It reads all images: their file may be cut short meanwhile.
	var t *trainer
	err := set.Guard(func() (err error) { t, err = newTrainer(b, set, run, c, share); return err })
	if err != nil {
		return Summary{}, err
	}
	defer t.close()

	// The summary counts the steps that were made, also when the loop ends early.
	err = t.loop(ctx, hooks)
	return Summary{
		Steps:     t.state.Step,
		Images:    int64(t.state.Step) * int64(c.Batch),
		Seconds:   t.state.Seconds,
		FinalLoss: t.last.Loss,
	}, err
}

func newTrainer(b compute.Backend, set *dataset.Set, run *record.Run, c Config, share float64) (*trainer, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	c = c.Resolved()
	d, err := trainingData(set, c)
	if err != nil {
		return nil, err
	}

	t := &trainer{config: c, run: run, backend: b, data: d, store: newStore(c), saved: -1}
	t.total = c.Epochs * t.perEpoch()
	t.until = t.total
	if share > 0 {
		t.until = min(t.total, max(1, int(math.Ceil(share*float64(t.total)-1e-9))))
	}
	t.schedule = c.Optimizer.Schedule(c.Batch, t.perEpoch(), t.total)
	t.state = runState{Total: t.total, Fingerprint: set.Fingerprint(), Config: c, Mean: d.mean, Std: d.std,
		Height: set.Height(), Width: set.Width()}

	// A run with a checkpoint resumes from it.
	saved, err := runCheckpoint(set, run, c)
	if err != nil {
		return nil, err
	}
	if saved != nil {
		t.state, t.saved = saved.state, saved.state.Step

		// A run that began before there was online kNN resumes without it.
		if !saved.has(knnMeasure) {
			t.data.knnRows = 0
		}
	}
	if err := t.inherit(saved); err != nil {
		return nil, err
	}

	// A run without a step to make needs no program.
	if t.state.Step < t.until {
		err = t.build(saved)
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

// newStore returns a store whose variables the seed initializes.
func newStore(c Config) *model.Store {
	store := model.NewStore()
	store.RootScope().SetParam(encoder.ParamSeed, c.Seed)
	return store
}

// build compiles the step, and gives the variables the values of a checkpoint, if there is one.
func (t *trainer) build(saved *checkpoint) error {
	if err := t.compileFor(t.state.Step / t.perEpoch()); err != nil {
		return err
	}
	// The program has made the variables with their initial values.
	if saved == nil {
		if err := t.begin(); err != nil {
			return err
		}
		return startTarget(t.store)
	}
	return saved.restore(t.store)
}

// compileFor compiles the step for the size that views have in an epoch, unless it is compiled.
func (t *trainer) compileFor(epoch int) (err error) {
	size := t.config.sizeAt(epoch)
	if t.stepper != nil && t.size == size {
		return nil
	}

	// The variables are in the store: they stay as they are.
	if t.stepper != nil {
		t.stepper.close()
	}
	t.size = size
	started := time.Now()
	t.stepper, err = newStepper(t.backend, t.store, t.config, t.data, size)

	// The clock of the training stands still meanwhile: another training may find the program compiled.
	t.started = t.started.Add(time.Since(started))
	return err
}

// perEpoch returns the number of steps of an epoch.
func (t *trainer) perEpoch() int { return t.data.trained() / t.config.Batch }

// openLog opens the log at the step where the training stands.
func (t *trainer) openLog() (err error) {
	if t.log, err = t.run.OpenLog(t.state.Step); err != nil {
		return err
	}
	lines, err := record.ReadMetrics(t.run.Dir())
	if len(lines) > 0 {
		t.last = lines[len(lines)-1]
	}
	if err == nil && t.config.logs(LogTensorBoard) {
		t.events, err = t.run.OpenEvents(lines)
	}
	return err
}

// lostLines returns a sentence when the log ends before the checkpoint that the training resumes from, "" otherwise.
func (t *trainer) lostLines() string {
	logged := t.state.Step - t.state.WindowSteps // the last step that was logged before the checkpoint
	if t.last.Step >= logged {
		return ""
	}
	return fmt.Sprintf("the log of run %s ends at step %d, but its checkpoint is of step %d: the lines between are "+
		"lost, and training resumes without them", t.run.Name(), t.last.Step, t.state.Step)
}

func (t *trainer) close() {
	if t.stepper != nil {
		t.stepper.close()
	}
	t.store.Finalize()
	if t.log != nil {
		_ = t.log.Close()
	}
	if t.events != nil {
		_ = t.events.Close()
	}
}

// loop makes the steps that are left.
func (t *trainer) loop(ctx context.Context, hooks Hooks) error {
	before, saved := t.state.Seconds, time.Now() // the time of processes before this one
	t.started = saved
	feed := newFeed(t.config, t.data, t.state.Step)
	defer feed.close()
	watch := collapseWatch{}

	if sentence := t.lostLines(); sentence != "" {
		hooks.Warn(sentence)
	}
	hooks.Report(t.state.Step, t.total, t.last)
	for t.state.Step < t.until {
		// Between two steps the state is whole.
		if ctx.Err() != nil {
			if err := t.save(); err != nil {
				return err
			}
			return fmt.Errorf("%w at step %d of %d", ErrInterrupted, t.state.Step, t.total)
		}

		if err := t.step(feed); err != nil {
			return err
		}
		t.state.Seconds = before + time.Since(t.started).Seconds()

		// The first line has the loss of the untrained network.
		if step := t.state.Step; step == 1 || step%t.config.LogSteps == 0 || step == t.total {
			if err := t.appendLog(feed.waited()); err != nil {
				return err
			}
			hooks.Report(t.state.Step, t.total, t.last)
			if sentence := watch.warning(t.last, t.total); sentence != "" {
				hooks.Warn(sentence)
			}
		}

		if every := t.config.CheckpointSeconds; every > 0 && time.Since(saved).Seconds() >= every {
			if err := t.save(); err != nil {
				return err
			}
			saved = time.Now()
		}

		if hooks.Step != nil {
			began := time.Now()
			if err := hooks.Step(t.state.Step, t.total, t.save); err != nil {
				return err
			}
			pause := time.Since(began)
			t.started, saved = t.started.Add(pause), saved.Add(pause)
		}
	}
	return t.save()
}

// step makes the next step.
func (t *trainer) step(feed feed) error {
	epoch := t.state.Step / t.perEpoch()
	if err := t.compileFor(epoch); err != nil {
		return err
	}
	pixels, indices, err := feed.next()
	if err != nil {
		return err
	}

	step := t.state.Step + 1
	measures, err := t.stepper.run(stepValues{
		indices: indices,
		pixels:  pixels,
		stream:  augment.Stream(t.config.Seed, epoch),
		lr:      t.schedule.At(step),
		ema:     t.targetMomentum(step),
		step:    step,
	})
	if err != nil {
		return fmt.Errorf("step %d failed: %w", step, err)
	}

	// The log has means over the steps since its last line. A step that diverged enters neither log nor checkpoint.
	if t.state.Window == nil {
		t.state.Window = make([]float64, len(measures))
	}
	for i, value := range measures {
		if v := float64(value); math.IsNaN(v) || math.IsInf(v, 0) {
			return divergence{fmt.Errorf("%s is %v at step %d of run %s: lower optimizer.lr, or check the data; %s",
				t.stepper.measureNames[i], value, step, t.run.Name(), t.kept())}
		}
		t.state.Window[i] += float64(value)
	}
	t.state.WindowSteps++
	t.state.Step = step
	return nil
}

// targetMomentum returns the share that a step leaves of the target network, 0 where there is none.
func (t *trainer) targetMomentum(step int) float64 {
	needs := t.config.Objective.Needs()
	if !needs.Target {
		return 0
	}
	return needs.TargetMomentum(float64(step) / float64(t.total))
}

// kept says which checkpoint a training that failed leaves.
func (t *trainer) kept() string {
	if t.saved < 0 {
		return "the run has no checkpoint yet"
	}
	return fmt.Sprintf("the checkpoint of step %d is kept", t.saved)
}

// appendLog appends a line to the log with the means since the line before. Waited is how long this process has waited
// for images in all.
func (t *trainer) appendLog(waited time.Duration) error {
	m := record.Metrics{
		Step:        t.state.Step,
		Epoch:       float64(t.state.Step) / float64(t.perEpoch()),
		Images:      int64(t.state.Step) * int64(t.config.Batch),
		Seconds:     t.state.Seconds,
		LR:          t.schedule.At(t.state.Step),
		Chance:      t.stepper.chance,
		Parts:       map[string]float64{},
		ProbeLayers: map[string]float64{},
		Waited:      waited.Seconds(),
	}

	// What is not a measure of every training is a term of this objective's loss, or a probe of the projector.
	for i, name := range t.stepper.measureNames {
		switch mean := t.state.Window[i] / float64(t.state.WindowSteps); name {
		case lossMeasure:
			m.Loss = mean
		case spreadMeasure:
			m.Spread = mean
		case rankMeasure:
			m.Rank = mean
		case probeMeasure:
			m.ProbeAccuracy = &mean
		case knnMeasure:
			m.KNNAccuracy = &mean
		default:
			if layer, ok := strings.CutPrefix(name, probeMeasure+"_"); ok {
				m.ProbeLayers[layer] = mean
				continue
			}
			m.Parts[name] = mean
		}
	}

	// The next line begins here.
	t.state.Window, t.state.WindowSteps = nil, 0
	t.last = m
	if err := t.log.Append(m); err != nil || t.events == nil {
		return err
	}
	return t.events.Append(m)
}

// save makes a checkpoint, unless the last one is of the same step.
func (t *trainer) save() error {
	if t.saved == t.state.Step {
		return nil
	}

	// What was learned from other images than the record names is not kept.
	if err := t.data.recheck(context.Background()); err != nil {
		return fmt.Errorf("%w; %s", err, t.kept())
	}

	// After a power cut the log must have every line up to the checkpoint: a resume writes the lines after it only.
	if err := t.log.Sync(); err != nil {
		return err
	}
	if err := t.run.Check(); err != nil {
		return err
	}
	if err := saveCheckpoint(record.CheckpointPath(t.run.Dir()), t.store, t.state); err != nil {
		return fmt.Errorf("%w; %s", err, t.kept())
	}
	t.saved = t.state.Step
	return nil
}
