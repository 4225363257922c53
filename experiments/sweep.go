package experiments

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/record"
)

// Sweep makes the runs of plans. A run that the store has is never made again, one that was interrupted goes on from
// its checkpoint, and several processes with the same folders share the work.
type Sweep struct {
	Store Store
	Work  string // holds a folder for each run; what is in the store needs none of them

	// Started, if set, is called before each run with the number of those that are done and known, and what is done.
	Started func(done, total int, what string)

	sslx.Options

	instead func(ctx context.Context, run Run, key string) (Record, error) // of training and measuring, where a test needs none
}

// pollSeconds is how long a process waits when all that is left is being made by others.
const pollSeconds = 2

// Run makes the runs that the plans lack: those of the comparisons that decide first, so that a sweep that is stopped has
// verdicts. It returns when none is left, ctx ends, or a run fails.
func (s Sweep) Run(ctx context.Context, plans ...Plan) error {
	if err := os.MkdirAll(s.Work, 0o755); err != nil {
		return fmt.Errorf("folder for runs cannot be made: %w", err)
	}
	prints := map[string]string{}
	for {
		records, err := s.Store.Read()
		if err != nil {
			return err
		}
		q := queue{records: records, fingerprint: func(c sslx.Config) (string, error) { return s.fingerprint(ctx, prints, c) }}
		if err := q.fill(plans); err != nil || len(q.runs) == 0 {
			return err
		}
		made := false
		for i, run := range q.runs {
			if err := ctx.Err(); err != nil {
				return err
			}
			if made, err = s.make(ctx, run, len(q.seen)-len(q.runs)+i, q.total(), prints[dataOf(run.Config)]); err != nil {
				return err
			}
			if made {
				break // what comes next may depend on it
			}
		}
		if !made {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(pollSeconds * time.Second):
			}
		}
	}
}

// dataOf names the data of a configuration with its size.
func dataOf(c sslx.Config) string { return fmt.Sprintf("%s at %d", c.Data, c.Size) }

// fingerprint returns that of the data of a configuration, which is opened once.
func (s Sweep) fingerprint(ctx context.Context, known map[string]string, c sslx.Config) (string, error) {
	if print := known[dataOf(c)]; print != "" {
		return print, nil
	}
	set, err := dataset.Locate(ctx, c.Data, dataset.LocateOptions{Size: c.Size, Progress: func(done, total int64) {
		if s.Progress != nil {
			s.Progress(sslx.Progress{Phase: "import " + c.Data, Done: done, Total: total})
		}
	}})
	if err != nil {
		return "", err
	}
	known[dataOf(c)] = set.Fingerprint()
	return set.Fingerprint(), set.Close()
}

// make makes a run and adds it to the store, unless another process is at it.
func (s Sweep) make(ctx context.Context, run Run, done, total int, fingerprint string) (made bool, err error) {
	key := run.Key(fingerprint)
	lock := runLock(s.Work, key)
	if ok, err := lock.TryLock(); err != nil || !ok {
		return false, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	records, err := s.Store.Read()
	if err != nil || run.in(records, fingerprint) {
		return err == nil, err // another process has just made it
	}
	if s.Started != nil {
		s.Started(done, total, fmt.Sprintf("%s, batch %d, seed %d, run %s", run.Config.Objective.Name, run.Config.Batch,
			run.Config.Seed, key))
	}
	r, err := s.measured(ctx, run, key)
	if err != nil {
		return false, fmt.Errorf("run %s: %w", key, err)
	}
	if former, ok := records[key]; ok { // measured by more than before
		r.Tasks = append(r.Tasks, slices.DeleteFunc(former.Tasks, func(task string) bool { return slices.Contains(r.Tasks, task) })...)
		r.Results = append(slices.DeleteFunc(former.Results, func(old record.Result) bool {
			return slices.ContainsFunc(r.Results, func(now record.Result) bool {
				return old.Task == now.Task && old.Protocol == now.Protocol && old.Model == now.Model
			})
		}), r.Results...)
	}
	return true, s.Store.Append(r)
}

// measured trains the run, or goes on where it was, and measures it.
func (s Sweep) measured(ctx context.Context, run Run, key string) (r Record, err error) {
	if s.instead != nil {
		return s.instead(ctx, run, key)
	}
	dir := filepath.Join(s.Work, key)
	summary, err := s.train(ctx, dir, run.Config)
	if err != nil {
		return r, err
	}
	results, err := sslx.Evaluate(ctx, dir, sslx.EvaluateOptions{Tasks: run.Tasks, Protocols: run.Protocols,
		Validation: run.Validation, Floors: run.Floors, Options: s.Options})
	if err != nil {
		return r, err
	}
	log, err := record.ReadMetrics(dir)
	if err != nil {
		return r, err
	}
	environment, err := record.ReadEnvironment(dir)
	r = Record{Key: key, Scale: run.Scale, Config: run.Config, Validation: run.Validation, Tasks: slices.Clone(run.Tasks), Environment: environment,
		Finished: time.Now().UTC().Truncate(time.Second), Seconds: summary.Seconds, Images: summary.Images,
		Results: results, Log: thinned(log)}
	if len(log) > 0 {
		r.Waited = log[len(log)-1].Waited
	}
	return r, err
}

func (s Sweep) train(ctx context.Context, dir string, c sslx.Config) (sslx.Summary, error) {
	if record.IsRun(dir) {
		return sslx.Resume(ctx, dir, s.Options)
	}
	return sslx.Pretrain(ctx, dir, c, s.Options)
}

// queue is what a sweep has to do.
type queue struct {
	records     Records
	fingerprint func(sslx.Config) (string, error)

	runs      []Run           // that the records lack, as far as they are known
	seen      map[string]bool // by the key of each run that is known: is it in runs?
	unsettled map[string]bool // final runs whose arm is still being tuned
}

// total counts all runs, those that are made and those that are not yet known too.
func (q queue) total() int { return len(q.seen) + len(q.unsettled) }

// fill takes up the runs of plans, the deciding parts of all first, and in each seed by seed, so that a sweep that is stopped
// has whole pairs.
func (q *queue) fill(plans []Plan) error {
	q.seen, q.unsettled = map[string]bool{}, map[string]bool{}
	for _, decides := range []bool{true, false} {
		for _, p := range plans {
			arms := slices.DeleteFunc(slices.Clone(p.Arms), func(a Arm) bool { return p.compares(a) != decides })
			if err := q.take(p, arms); err != nil {
				return err
			}
		}
	}
	return nil
}

// compares reports whether the comparison that decides is between the arm and another one.
func (p Plan) compares(arm Arm) bool {
	return len(p.Comparisons) > 0 && (arm.Name == p.Comparisons[0].A || arm.Name == p.Comparisons[0].B)
}

func (q *queue) take(p Plan, arms []Arm) error {
	for _, run := range tuning(p, arms) {
		if err := q.add(run); err != nil {
			return err
		}
	}
	for _, seed := range p.Seeds {
		for _, arm := range arms {
			run, ok, err := p.final(q.records, arm, seed, q.fingerprint)
			if err != nil {
				return err
			}
			if !ok {
				q.unsettled[fmt.Sprint(arm.Name, seed)] = true
				continue
			}
			if err := q.add(run); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *queue) add(run Run) error {
	print, err := q.fingerprint(run.Config)
	if err != nil {
		return err
	}
	key := run.Key(print)
	queued, lacks := q.seen[key], !run.in(q.records, print)
	if lacks && !queued {
		q.runs = append(q.runs, run)
	}
	q.seen[key] = queued || lacks
	return nil
}

// tuning returns the runs that settle the hyper-parameters of arms on validation images, by the task and protocol that
// decide.
func tuning(p Plan, arms []Arm) (runs []Run) {
	for _, arm := range arms {
		for _, candidate := range arm.Candidates {
			if len(arm.Candidates) == 1 {
				continue
			}
			for _, seed := range p.TuneSeeds {
				runs = append(runs, p.tune(candidate.Config, seed))
			}
		}
	}
	return runs
}

func (p Plan) tune(c sslx.Config, seed uint64) Run {
	c.Seed = seed
	return Run{Scale: p.Scale, Config: c, Tasks: p.Tasks[:1], Protocols: p.Protocols[:1], Validation: true}
}

// final returns the run of an arm with a seed that is measured on test, once its hyper-parameters are settled.
func (p Plan) final(r Records, arm Arm, seed uint64,
	fingerprint func(sslx.Config) (string, error)) (run Run, ok bool, err error) {
	c, ok, err := p.chosen(r, arm, fingerprint)
	if !ok || err != nil {
		return run, false, err
	}
	c.Seed = seed
	return Run{Scale: p.Scale, Config: c, Tasks: p.Tasks, Protocols: p.Protocols, Floors: arm.Floors}, true, nil
}

// chosen returns the configuration of an arm: its only candidate, the best on validation (the first of equal ones), or
// what it makes of another arm's. It is not ok while tuning is not done.
func (p Plan) chosen(r Records, arm Arm, fingerprint func(sslx.Config) (string, error)) (c sslx.Config, ok bool, err error) {
	if arm.After != "" {
		i := slices.IndexFunc(p.Arms, func(a Arm) bool { return a.Name == arm.After })
		c, ok, err = p.chosen(r, p.Arms[i], fingerprint)
		if ok {
			c = arm.From(c)
		}
		return c, ok, err
	}
	if len(arm.Candidates) == 1 {
		return arm.Candidates[0].Config, true, nil
	}
	best := -1.0
	for _, candidate := range arm.Candidates {
		sum := 0.0
		for _, seed := range p.TuneSeeds {
			run := p.tune(candidate.Config, seed)
			print, err := fingerprint(run.Config)
			if err != nil {
				return c, false, err
			}
			if !run.in(r, print) {
				return c, false, nil
			}
			sum += r[run.Key(print)].Results[0].Value
		}
		if sum > best {
			best, c = sum, candidate.Config
		}
	}
	return c, true, nil
}

// in reports whether the records hold the run with all that it is measured by.
func (r Run) in(records Records, fingerprint string) bool {
	known, ok := records[r.Key(fingerprint)]
	if !ok {
		return false
	}
	for _, task := range r.Tasks {
		if !slices.Contains(known.Tasks, task) {
			return false
		}
	}
	for _, protocol := range r.Protocols {
		if !slices.ContainsFunc(known.Results, func(x record.Result) bool { return x.Protocol.Name() == protocol }) {
			return false
		}
	}
	return !r.Floors || slices.ContainsFunc(known.Results, func(x record.Result) bool { return x.Model == FloorUntrained })
}
