package runs

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// Status says in a word how far a run is.
type Status string

// A run that died or was stopped can be resumed. One whose log is complete but that has no checkpoint of its last step
// can be shown, not evaluated: it was kept without its weights.
const (
	Unreadable     Status = "unreadable"      // see State.Error
	InUse          Status = "in use"          // a process works on it
	Unknown        Status = "unknown"         // its lock cannot be read: another user may be working on it
	Finished       Status = "finished"        // its checkpoint was saved at its last step
	WithoutWeights Status = "without weights" // its log is complete, and it has no checkpoint
	Died           Status = "died"            // its process did not give it back
	Stopped        Status = "stopped"
)

// State is what a run folder says of how far the run is. The JSON keys are a stable contract.
type State struct {
	Run      string    `json:"run"`
	Path     string    `json:"path"`
	Method   string    `json:"method"`
	Data     string    `json:"data"`
	Steps    int       `json:"steps"`
	Epochs   float64   `json:"epochs"`
	Finished bool      `json:"finished"` // by its checkpoint
	Loss     *float64  `json:"loss"`     // of the last line of the log; null before the first
	Results  int       `json:"results"`
	Started  time.Time `json:"started"`
	InUse    bool      `json:"in_use"`
	Status   Status    `json:"status"`
	Error    string    `json:"error,omitempty"` // why the run cannot be read

	// Holder is the process that works on the run, or that died with it; null when the run was given back.
	Holder *record.Holder `json:"holder"`
}

// StateOf reads what the run folder dir says. What cannot be read is named in Error.
func StateOf(dir string) State {
	s, _, _ := read(dir)
	return s
}

// Details is all that a run folder says. The JSON keys are a stable contract.
type Details struct {
	State
	Report      string             `json:"report"` // path, empty when there is none
	Environment record.Environment `json:"environment"`
	Config      pretrain.Config    `json:"config"`
	Last        *record.Metrics    `json:"last"`    // last line of the log; null before the first
	Outcome     []record.Result    `json:"results"` // in place of their number
}

// Read returns all that the run folder dir says. It fails where [StateOf] sets Error.
func Read(dir string) (Details, error) {
	_, d, err := read(dir)
	return d, err
}

// read reads a run folder as far as that is possible.
func read(dir string) (s State, d Details, err error) {
	holder, holding := record.HolderOf(dir)
	s = State{Run: record.Name(dir), Path: dir, InUse: holding == record.Held}
	if holding == record.Held || holding == record.Left {
		s.Holder = &holder
	}

	// All files are read, whatever fails: a list shows what is known of a damaged run.
	configErr := record.ReadConfig(dir, &d.Config)
	environment, environmentErr := record.ReadEnvironment(dir)
	metrics, metricsErr := record.ReadMetrics(dir)
	results, resultsErr := record.ReadResults(dir)
	done, total, progressErr := pretrain.StepsDone(dir)
	err = errors.Join(configErr, environmentErr, metricsErr, resultsErr, progressErr)

	s.Method, s.Data, s.Started, s.Results = objective.NameOf(d.Config.Objective), d.Config.Data, environment.Started,
		len(results)
	s.Finished = total > 0 && done >= total
	if len(metrics) > 0 {
		last := &metrics[len(metrics)-1]
		s.Steps, s.Epochs, s.Loss, d.Last = last.Step, last.Epoch, &last.Loss, last
	}
	if err != nil {
		s.Error, _, _ = strings.Cut(err.Error(), "\n")
	}

	s.Status = StatusOf(holding, s.Error != "", s.Finished, d.logged() && total == 0)

	d.State, d.Environment, d.Outcome = s, environment, results
	if d.Outcome == nil {
		d.Outcome = []record.Result{}
	}
	if _, err := os.Stat(record.ReportPath(dir)); err == nil {
		d.Report = record.ReportPath(dir)
	}
	return s, d, err
}

// logged reports whether the log reaches the end of the training.
func (d Details) logged() bool {
	return d.Last != nil && d.Config.Epochs > 0 && d.Last.Epoch >= float64(d.Config.Epochs)
}

// StatusOf returns the status of a run: by who holds it, and by whether its files are unreadable, its checkpoint is
// that of its last step, and its log is complete without a checkpoint.
func StatusOf(holding record.Holding, unreadable, finished, withoutWeights bool) Status {
	// The first that holds wins: what is in use is not finished, whatever its files say. Where the lock cannot be read,
	// a finished run is still known not to be in use.
	switch {
	case unreadable:
		return Unreadable
	case holding == record.Held:
		return InUse
	case finished:
		return Finished
	case holding == record.Unknown:
		return Unknown
	case withoutWeights:
		return WithoutWeights
	case holding == record.Left:
		return Died
	}
	return Stopped
}

// Where keeps the states that have all values: each is "key=value", with a key of the configuration or "status". A run
// whose configuration cannot be read has none. An unknown key is a usage error about the argument "where".
func Where(states []State, conditions []string) ([]State, error) {
	for _, condition := range conditions {
		key, value, ok := strings.Cut(condition, "=")
		if keys := append(pretrain.Keys(), "status"); !ok || !slices.Contains(keys, key) {
			return nil, unknownCondition(condition, key, ok, keys)
		}
		states = slices.DeleteFunc(states, func(s State) bool { return s.value(key) != value })
	}
	return states, nil
}

func unknownCondition(condition, key string, valued bool, keys []string) error {
	if !valued {
		return usage.About("where", "%q is no condition: write key=value", condition)
	}
	if near := usage.Nearest(key, keys); near != "" {
		return usage.About("where", "unknown key %q: did you mean %q?", key, near)
	}
	return usage.About("where", "unknown key %q: it must be a key of a configuration, or status", key)
}

// value returns what the run has under a key, as text.
func (s State) value(key string) string {
	if key == "status" {
		return string(s.Status)
	}
	var config pretrain.Config
	if record.ReadConfig(s.Path, &config) != nil {
		return ""
	}

	values, err := Values(config)
	if err != nil {
		return ""
	}
	return fmt.Sprint(values[key])
}
