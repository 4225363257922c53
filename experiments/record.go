package experiments

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// RecordsFolder is where the records of claims are kept in the repository.
const RecordsFolder = "experiments/results/claims"

// codeVersion is part of the key of a trial. It is raised by hand when a change of the code changes numbers by more
// than their last digits: earlier records then no longer count, and a sweep makes them again. A test of a short
// training notices such a change.
const codeVersion = 1

// Trial is one training of a claim and how it is measured.
type Trial struct {
	Scale      Scale
	Config     sslx.Config
	Tasks      []string
	Protocols  []string
	Also       []string // protocols that only the first task is measured by, without baselines
	Validation bool     // measured on validation images, not on test
	Floors     bool     // raw pixels and the untrained encoder are measured, too

	// Until is the share of the training after which it is measured, in (0, 1); 0 is all of it. Trials that differ in
	// nothing else are one training, which pauses and resumes.
	Until float64

	Label string // a few words on what is special about it, for progress
}

// Key returns the address of a trial: a hash of what decides its numbers. That is the resolved configuration (every
// default filled in, so that a changed default changes no key) with its seed, the fingerprint of the data's content,
// the version of the code, and whether it is measured on validation images. Where the data are, and how often the
// training logs and saves, do not count.
func (t Trial) Key(fingerprint string) string {
	// The data count by their content, which the fingerprint is of.
	c := t.Config.Resolved()
	c.Data, c.CheckpointSeconds, c.LogSteps, c.Log = "", 0, 0, nil

	// Records are older than the choice of norms, which was joint.
	if c.Norm == pretrain.NormJoint {
		c.Norm = ""
	}
	if c.NegativesNorm == pretrain.NormJoint {
		c.NegativesNorm = ""
	}
	text, err := json.Marshal(struct {
		Version     int
		Config      sslx.Config
		Fingerprint string
		Validation  bool
		Until       float64 `json:",omitempty"`
	}{codeVersion, c, fingerprint, t.Validation, t.Until})
	if err != nil {
		panic(err) // a configuration that was checked can be written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// folder returns the name of the run folder of a trial: the key of the whole training.
func (t Trial) folder(fingerprint string) string {
	t.Until = 0
	return t.Key(fingerprint)
}

// in reports whether the records hold the trial with all that it is measured by.
func (t Trial) in(records Records, fingerprint string) bool {
	known, ok := records[t.Key(fingerprint)]
	if !ok || known.Failed != "" {
		return ok
	}
	return len(t.lacks(known)) == 0
}

// lacks returns the evaluations that the trial asks for and a record of it does not hold: all of them where the record
// is empty, and some where it was measured when less was asked for.
func (t Trial) lacks(known Record) (evaluations []sslx.EvaluateOptions) {
	whole := sslx.EvaluateOptions{Tasks: t.Tasks, Protocols: t.Protocols, Baselines: t.Floors}
	also := sslx.EvaluateOptions{Tasks: t.Tasks[:min(1, len(t.Tasks))], Protocols: t.Also}
	for _, e := range []sslx.EvaluateOptions{whole, also} {
		if len(e.Protocols) > 0 && !known.holds(e) {
			evaluations = append(evaluations, e)
		}
	}
	return evaluations
}

// holds reports whether the record has the results of an evaluation.
func (r Record) holds(e sslx.EvaluateOptions) bool {
	for _, task := range e.Tasks {
		if !slices.Contains(r.Tasks, task) {
			return false
		}
	}
	for _, protocol := range e.Protocols {
		if !slices.ContainsFunc(r.Results, func(x record.Result) bool { return x.Protocol.Name() == protocol }) {
			return false
		}
	}
	return !e.Baselines || slices.ContainsFunc(r.Results, func(x record.Result) bool {
		return record.IsUntrained(x.Model)
	})
}

// Record is a trial that was made: all that a reader needs to doubt it.
type Record struct {
	Key         string             `json:"key"`
	Scale       Scale              `json:"scale"`
	Config      sslx.Config        `json:"config"`
	Validation  bool               `json:"validation,omitempty"`
	Until       float64            `json:"until,omitempty"` // see [Trial]
	Environment record.Environment `json:"environment"`
	Finished    time.Time          `json:"finished"`

	Seconds float64 `json:"seconds"` // of training
	Images  int64   `json:"images"`  // seen
	Waited  float64 `json:"waited"`  // seconds in which steps waited for images

	// Failed says that the training diverged, and how; there are no results then.
	Failed string `json:"failed,omitempty"`

	// Cue is how well simple statistics of pixels tell negatives from anchors, see [Cue]; nil where it was not
	// measured.
	Cue *float64 `json:"cue,omitempty"`

	Tasks   []string         `json:"tasks"` // as they were asked for
	Results []record.Result  `json:"results"`
	Log     []record.Metrics `json:"log"` // about ten lines of the training log
}

// Accuracies returns the accuracies of a model on test: of the trained encoder, whose model is the name of its method,
// or of a baseline. For record.ModelUntrained it is the stronger of the untrained encoders that were measured, in each
// task by each protocol: records of version 0.1 have one, whose batch normalization is the identity.
func (r Record) Accuracies(model string) (results []record.Result) {
	for _, x := range r.Results {
		isModel := x.Model == model || model == record.ModelUntrained && record.IsUntrained(x.Model)
		if !isModel || x.Metric != record.MetricAccuracy || x.Split != record.SplitTest {
			continue
		}

		same := func(y record.Result) bool { return y.Task == x.Task && y.Protocol == x.Protocol }
		if i := slices.IndexFunc(results, same); i < 0 || x.Model == model && results[i].Model == model {
			results = append(results, x)
		} else if x.Value > results[i].Value {
			results[i] = x
		}
	}
	return results
}

// merge adds to a record what an earlier record of the same trial was measured by and this one was not.
func (r *Record) merge(earlier Record) {
	if r.Cue == nil {
		r.Cue = earlier.Cue
	}
	for _, task := range earlier.Tasks {
		if !slices.Contains(r.Tasks, task) {
			r.Tasks = append(r.Tasks, task)
		}
	}

	var kept []record.Result
	for _, old := range earlier.Results {
		if !slices.ContainsFunc(r.Results, func(now record.Result) bool {
			return old.Task == now.Task && old.Protocol == now.Protocol && old.Model == now.Model
		}) {
			kept = append(kept, old)
		}
	}
	r.Results = append(kept, r.Results...)
}

// thinned returns about ten lines of a log, the first and the last among them.
func thinned(log []record.Metrics) (few []record.Metrics) {
	const lines = 10
	for i := range min(lines, len(log)) {
		few = append(few, log[i*(len(log)-1)/max(1, min(lines, len(log))-1)])
	}
	return few
}

// Records are the records of a store, by key.
type Records map[string]Record

// Of returns the record of a trial, on data as the latest records of such data have them.
func (r Records) Of(t Trial) (Record, bool) {
	fingerprint, _ := r.fingerprint(t.Config)
	known, ok := r[t.Key(fingerprint)]
	return known, ok
}

// fingerprint returns the fingerprint of the data of a configuration, from the latest record of such data; "" where
// there is none.
func (r Records) fingerprint(c sslx.Config) (string, error) {
	// Of two data sets of one name, that of the latest run; of runs that ended in the same second, any one, but always
	// the same.
	var latest Record
	data := dataOf(c)
	for _, known := range r {
		if dataOf(known.Config) != data {
			continue
		}
		newer := known.Finished.After(latest.Finished)
		tied := known.Finished.Equal(latest.Finished) && known.Environment.Fingerprint > latest.Environment.Fingerprint
		if newer || tied {
			latest = known
		}
	}
	return latest.Environment.Fingerprint, nil
}

// dataOf names the data of a configuration with its size.
func dataOf(c sslx.Config) string { return fmt.Sprintf("%s at %d", c.Data, c.Size) }

// Kept says that the record of a claim's run of that name is among the records, or "": its run folder is then no longer
// needed.
func (r Records) Kept(run string) (why string) {
	if kept, ok := r[run]; ok {
		return fmt.Sprintf("its record is kept (scale %s)", kept.Scale)
	}
	return ""
}
