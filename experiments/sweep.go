package experiments

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
)

// Sweep makes the trials of plans. A trial that the store has is never made again, one that was interrupted resumes
// from its checkpoint, and several processes with the same folders share the work.
type Sweep struct {
	Store Store
	Work  string // holds a run folder for each trial; a trial that is in the store needs none

	// Started, if set, is called before each trial with the number of those that are done, of all that are known, and
	// what is done.
	Started func(done, total int, what string)

	// Make, if set, trains and measures a trial in place of the library: tests and simulations invent their records.
	Make func(ctx context.Context, t Trial, key string) (Record, error)

	sslx.Options
}

// pollSeconds is how long a process waits when all that is left is being made by others.
const pollSeconds = 2

// Run makes the trials that the plans lack: those of the comparisons that decide first, so that a sweep that is stopped
// has verdicts. It returns when none is left, when ctx ends, or when a trial fails.
func (s Sweep) Run(ctx context.Context, plans ...Plan) error {
	if err := os.MkdirAll(s.Work, 0o755); err != nil {
		return fmt.Errorf("cannot create the folder of runs: %w", err)
	}

	// Data are opened once for all trials; makeOnce compares what was trained on with what was opened here.
	prints := map[string]string{}
	fingerprint := func(c sslx.Config) (string, error) { return s.fingerprint(ctx, prints, c) }
	for {
		records, err := s.Store.Read()
		if err != nil {
			return err
		}
		q, err := newQueue(records, fingerprint, plans)
		if err != nil || len(q.trials) == 0 {
			return err
		}

		// Make the first trial that no other process is making; what comes next may depend on it.
		made := false
		for i, t := range q.trials {
			if err := ctx.Err(); err != nil {
				return err
			}
			done := len(q.seen) - len(q.trials) + i
			if made, err = s.makeOnce(ctx, t, prints[dataOf(t.Config)], done, q.total()); err != nil {
				return err
			}
			if made {
				break
			}
		}
		if made {
			continue
		}

		// All that is left is being made by others.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollSeconds * time.Second):
		}
	}
}

// fingerprint returns the fingerprint of the data of a configuration, which are opened once.
func (s Sweep) fingerprint(ctx context.Context, known map[string]string, c sslx.Config) (string, error) {
	if print := known[dataOf(c)]; print != "" {
		return print, nil
	}
	set, err := open.Data(ctx, c.Data, c.Size, "", s.Options)
	if err != nil {
		return "", err
	}
	known[dataOf(c)] = set.Fingerprint()
	return set.Fingerprint(), set.Close()
}

// makeOnce makes a trial and adds its record to the store, unless another process is making it or has just made it.
func (s Sweep) makeOnce(ctx context.Context, t Trial, fingerprint string, done, total int) (made bool, err error) {
	// One process at a time works on a training, whichever part of it is wanted.
	key := t.Key(fingerprint)
	lock := runs.Lock(s.Work, t.folder(fingerprint))
	if ok, err := lock.TryLock(); err != nil || !ok {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()

	// Another process may have made it between the reading of the records and the lock.
	records, err := s.Store.Read()
	if err != nil || t.in(records, fingerprint) {
		return err == nil, err
	}

	if s.Started != nil {
		s.Started(done, total, t.text(key))
	}
	r, err := s.measured(ctx, t, key, t.folder(fingerprint), records[key])
	if err != nil {
		return false, fmt.Errorf("run %s: %w", key, err)
	}

	// The key tells what was trained on. If the data changed since they were opened, it tells something else.
	if now := r.Environment.Fingerprint; now != fingerprint {
		return false, fmt.Errorf("run %s: the data %s changed while the sweep ran: delete %s and start the sweep again",
			key, t.Config.Data, filepath.Join(s.Work, t.folder(fingerprint)))
	}

	if earlier, ok := records[key]; ok {
		r.merge(earlier)
	}
	return true, s.Store.Append(r)
}

// text says in a few words what a trial is.
func (t Trial) text(key string) string {
	text := fmt.Sprintf("%s, batch %d, seed %d, run %s", objective.NameOf(t.Config.Objective), t.Config.Batch,
		t.Config.Seed, key)
	if t.Label != "" {
		text = t.Label + ", " + text
	}
	if t.Until > 0 {
		text += fmt.Sprintf(", to %.3g %% of its training", 100*t.Until)
	}
	return text
}

// measured trains the trial in a folder of that name, or resumes it, and measures it. A folder that holds the finished
// training is only measured, by what an earlier record of the trial lacks.
func (s Sweep) measured(ctx context.Context, t Trial, key, folder string, earlier Record) (r Record, err error) {
	if s.Make != nil {
		return s.Make(ctx, t, key)
	}

	dir := filepath.Join(s.Work, folder)
	if t.Until > 0 {
		// A sweep of another kind may have trained it further: it does not go back, and is trained again elsewhere.
		if done, total, err := pretrain.StepsDone(dir); err != nil || float64(done) > t.Until*float64(total)+1 {
			dir = filepath.Join(s.Work, key)
		}
	}

	// Results of one record are of one training: what is trained again is measured by everything.
	if done, total, err := pretrain.StepsDone(dir); err != nil || total == 0 || done < total {
		earlier = Record{}
	}

	// A candidate whose training diverges is a bad one, and no reason to end the sweep.
	summary, err := s.train(ctx, dir, t)
	failed := ""
	if errors.Is(err, pretrain.ErrDiverged) && t.Validation {
		failed, err = err.Error(), nil
	}
	if err != nil {
		return r, err
	}
	var results []record.Result
	if failed == "" {
		if results, err = s.evaluate(ctx, dir, t, earlier); err != nil {
			return r, err
		}
	}

	// The record holds what the run folder says of itself, so that the folder can be deleted.
	log, err := record.ReadMetrics(dir)
	if err != nil {
		return r, err
	}
	environment, err := record.ReadEnvironment(dir)
	r = Record{Key: key, Scale: t.Scale, Config: t.Config, Validation: t.Validation, Until: t.Until,
		Tasks: slices.Clone(t.Tasks), Environment: environment, Finished: time.Now().UTC().Truncate(time.Second),
		Seconds: summary.Seconds, Images: summary.Images, Failed: failed, Results: results, Log: thinned(log)}
	if len(log) > 0 {
		r.Waited = log[len(log)-1].Waited
	}

	// Negatives of the batch are views of other images, made as anchors are: there is nothing to tell.
	if err == nil && !t.Validation && earlier.Cue == nil && t.Config.Objective.Needs().Negatives.Count > 0 {
		r.Cue, err = s.cue(ctx, t.Config)
	}
	return r, err
}

// evaluate measures the run in dir by what an earlier record of the trial lacks.
func (s Sweep) evaluate(ctx context.Context, dir string, t Trial, earlier Record) (results []record.Result, err error) {
	for _, e := range t.lacks(earlier) {
		e.Validation, e.Unfinished, e.Options = t.Validation, t.Until > 0, s.Options
		some, err := sslx.Evaluate(ctx, dir, e)
		if err != nil {
			return nil, err
		}
		results = append(results, some...)
	}
	return results, nil
}

// cue measures the cue test on the training images.
func (s Sweep) cue(ctx context.Context, c sslx.Config) (accuracy *float64, err error) {
	handle, err := open.Backend(ctx, s.Options)
	if err != nil {
		return nil, err
	}
	defer handle.Close()

	set, err := open.Data(ctx, c.Data, c.Size, "", s.Options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()

	// A handful of images fits no classifier.
	train, err := set.Split(record.SplitTrain)
	if err != nil || train.N < 2*cueBatch {
		return nil, err
	}
	value, err := Cue(handle.Backend, c, train.Images)
	return &value, err
}

// train trains as far as the trial asks for.
func (s Sweep) train(ctx context.Context, dir string, t Trial) (sslx.Summary, error) {
	switch {
	case t.Until > 0:
		return sslx.PretrainUntil(ctx, dir, t.Config, t.Until, s.Options)
	case record.IsRun(dir):
		return sslx.Resume(ctx, dir, s.Options)
	}
	return sslx.Pretrain(ctx, dir, t.Config, s.Options)
}
