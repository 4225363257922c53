package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/record"
)

// RaceThresholds are the accuracies whose times a race reports, in [0, 1].
var RaceThresholds = []float64{0.50, 0.60, 0.65, 0.70, 0.75}

// RaceRecord is what a race measured on one machine. It grows: a race that is run again adds the trainings that it
// lacks. The JSON keys are a stable contract.
type RaceRecord struct {
	What     string    `json:"what"` // "race"
	Data     string    `json:"data"`
	Protocol string    `json:"protocol"`
	Runs     []RaceRun `json:"runs"`
	Missing  []Missing `json:"missing"` // when it was last run
}

// RaceRun is one training of one program.
type RaceRun struct {
	Program string `json:"program"`
	Recipe  string `json:"recipe,omitempty"` // of sslx: its name, or that of its file
	Version string `json:"version"`
	Note    string `json:"note"` // what it trained, and how it ran
	Seed    uint64 `json:"seed"`

	// Config is what decides the training, for sslx all of its configuration.
	Config json.RawMessage `json:"config"`

	// Limit is after how many seconds it was to stop. Finished tells that its schedule ended before.
	Limit    float64 `json:"limit_seconds"`
	Finished bool    `json:"finished"`

	Checkpoints []RaceCheckpoint   `json:"checkpoints"`
	Busy        float64            `json:"busy_cores"` // with other work, at the checkpoints; 0 where it is not known
	Environment record.Environment `json:"environment"`
}

// RaceCheckpoint is the accuracy that a training had reached after so many seconds.
type RaceCheckpoint struct {
	Seconds  float64 `json:"seconds"` // from its start, without the time in which accuracies were measured
	Images   int64   `json:"images"`  // seen, each counted once for all its views
	Epoch    float64 `json:"epoch"`
	Accuracy float64 `json:"accuracy"` // on test images, in [0, 1]
}

// Reached returns the time of the first checkpoint with at least this accuracy, and the time of the checkpoint before
// it, 0 where it was the first. ok is false for a training that has no such checkpoint; before is then its end.
func (r RaceRun) Reached(accuracy float64) (seconds, before float64, ok bool) {
	for _, c := range r.Checkpoints {
		if c.Accuracy >= accuracy {
			return c.Seconds, before, true
		}
		before = c.Seconds
	}
	return 0, before, false
}

// Last returns the last checkpoint.
func (r RaceRun) Last() RaceCheckpoint { return r.Checkpoints[len(r.Checkpoints)-1] }

// covers reports whether the training answers what another one, not yet run, would be run for.
func (r RaceRun) covers(other RaceRun) bool {
	return r.same(other) && string(r.Config) == string(other.Config) && (r.Finished || r.Limit >= other.Limit)
}

// same reports whether two trainings have one place in a record.
func (r RaceRun) same(other RaceRun) bool {
	return r.Program == other.Program && r.Recipe == other.Recipe && r.Seed == other.Seed
}

// has reports whether a training is in the record.
func (r RaceRecord) has(run RaceRun) bool {
	return slices.ContainsFunc(r.Runs, func(other RaceRun) bool { return other.covers(run) })
}

// add puts a training in place of the earlier one of the same program, recipe and seed, or after all others.
func (r *RaceRecord) add(run RaceRun) {
	if i := slices.IndexFunc(r.Runs, run.same); i >= 0 {
		r.Runs[i] = run
		return
	}
	r.Runs = append(r.Runs, run)
}

// ReadRace reads a record from a file.
func ReadRace(path string) (r RaceRecord, err error) {
	text, err := atomicfile.Read(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(text, &r); err != nil || r.What != "race" {
		return r, usage.About("out", "%s is no record of a race: choose another file", path)
	}

	// In a file they are indented; compared are their values.
	for i := range r.Runs {
		if r.Runs[i].Config, err = compact(r.Runs[i].Config); err != nil {
			return r, err
		}
		if len(r.Runs[i].Checkpoints) == 0 {
			return r, fmt.Errorf("%s is damaged: its training %d has no checkpoint", path, i)
		}
	}
	return r, nil
}

// compact returns a configuration as JSON without spaces.
func compact(config any) (json.RawMessage, error) {
	text, err := json.Marshal(config)
	return text, err
}

// save writes the record to a file.
func (r RaceRecord) save(path string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	})
}

// openRace returns the record that a race continues: what is at path, or a new one, also where path is "". A record of
// other data, another protocol or another machine is a usage error.
func openRace(path string, fresh RaceRecord, here record.Environment) (RaceRecord, error) {
	if path == "" {
		return fresh, nil
	}
	r, err := ReadRace(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fresh, nil
	}
	if err != nil {
		return r, err
	}

	if r.Data != fresh.Data || r.Protocol != fresh.Protocol {
		return r, usage.About("out", "%s is a race on %s by %s, and this one is on %s by %s: choose another file", path,
			r.Data, r.Protocol, fresh.Data, fresh.Protocol)
	}
	for _, run := range r.Runs {
		e := run.Environment
		if e.CPU != here.CPU || e.Cores != here.Cores || !slices.Equal(e.Features, here.Features) {
			return r, usage.About("out", "%s is a race on another machine (%s, %d cores): choose another file", path,
				e.CPU, e.Cores)
		}
	}
	return r, nil
}
