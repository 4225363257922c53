package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/sslx-go/lab/internal/atomicfile"
)

// Log appends metrics to a run's training log.
type Log struct{ file *os.File }

// OpenLog keeps the lines of the run's training log up to a step, drops later ones (of a process that was killed
// after its last checkpoint), and returns it open for appending.
func (r *Run) OpenLog(step int) (*Log, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}

	lines, err := ReadMetrics(r.dir)
	if err != nil {
		return nil, err
	}

	// The resumed training makes the later lines again.
	kept := lines[:0]
	for _, line := range lines {
		if line.Step <= step {
			kept = append(kept, line)
		}
	}
	if err := writeLines(r.path(metricsFile), kept); err != nil {
		return nil, err
	}

	// Opened after the rewrite, which puts a new file in the place of the old one.
	file, err := os.OpenFile(r.path(metricsFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	return &Log{file}, nil
}

// Append writes one line.
func (l *Log) Append(m Metrics) error {
	line, err := json.Marshal(m)
	if err == nil {
		_, err = l.file.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", l.file.Name(), err)
	}
	return nil
}

// Sync returns when the lines are on the disk: they then outlive a power cut.
func (l *Log) Sync() error {
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("cannot write %s: %w", l.file.Name(), err)
	}
	return nil
}

// Close ends the log.
func (l *Log) Close() error { return l.file.Close() }

// AddResults adds results to the run's. They replace earlier results of the same model, run, task, protocol, layer,
// split, metric and data; one that does not say what data it was measured on counts as the same.
func (r *Run) AddResults(results []Result) error {
	kind := func(v Result) Result {
		v.Value, v.N, v.Seed, v.Data = 0, 0, 0, ""
		v.Chosen, v.Parts = nil, nil
		return v
	}

	// Results of early versions carry no fingerprint: they are taken to be of the same data.
	return addLines(r, resultsFile, results, func(old, now Result) bool {
		sameData := old.Data == now.Data || old.Data == "" || now.Data == ""
		return sameData && reflect.DeepEqual(kind(old), kind(now))
	})
}

// AddCurves adds curves to the run's, as AddResults does.
func (r *Run) AddCurves(curves []Curve) error {
	kind := func(v Curve) Curve { v.Train, v.Test, v.Seed = nil, nil, 0; return v }
	return addLines(r, curvesFile, curves, func(a, b Curve) bool { return reflect.DeepEqual(kind(a), kind(b)) })
}

// AddConfusions adds counts to the run's, as AddResults does.
func (r *Run) AddConfusions(counts []Confusion) error {
	kind := func(v Confusion) Confusion { v.Classes, v.Counts, v.Seed, v.Data = nil, nil, 0, ""; return v }
	return addLines(r, confusionsFile, counts, func(old, now Confusion) bool {
		return old.Data == now.Data && reflect.DeepEqual(kind(old), kind(now))
	})
}

// addLines appends values to a file of the run, and removes earlier ones of the same kind.
func addLines[T any](r *Run, name string, values []T, same func(old, now T) bool) error {
	if len(values) == 0 {
		return nil
	}
	if err := r.Check(); err != nil {
		return err
	}
	earlier, err := readLines[T](r.path(name))
	if err != nil {
		return err
	}

	// All lines are written at once: a crash leaves the old file or the new one.
	kept := slices.DeleteFunc(earlier, func(old T) bool {
		return slices.ContainsFunc(values, func(now T) bool { return same(old, now) })
	})
	if err := writeLines(r.path(name), append(kept, values...)); err != nil {
		return fmt.Errorf("cannot write %s of run %s: %w", name, r.dir, err)
	}
	return nil
}

// ReadMetrics returns the training log of the run in dir, none when it has not begun. A last line that was cut off is
// left out; any other damage is an error.
func ReadMetrics(dir string) ([]Metrics, error) {
	return readLines[Metrics](filepath.Join(dir, metricsFile))
}

// ReadResults returns the results of the run in dir, none when it was not evaluated.
func ReadResults(dir string) ([]Result, error) {
	return readLines[Result](filepath.Join(dir, resultsFile))
}

// ReadCurves returns the curves of the probes of the run in dir, none when there are none.
func ReadCurves(dir string) ([]Curve, error) {
	return readLines[Curve](filepath.Join(dir, curvesFile))
}

// ReadConfusions returns the counts of predictions by class of the run in dir, none when there are none.
func ReadConfusions(dir string) ([]Confusion, error) {
	return readLines[Confusion](filepath.Join(dir, confusionsFile))
}

func writeLines[T any](path string, values []T) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		for _, v := range values {
			if err := encoder.Encode(v); err != nil {
				return err
			}
		}
		return nil
	})
}

func readLines[T any](path string) (values []T, err error) {
	file, err := atomicfile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()

	number := 0
	for line, err := range atomicfile.Lines(file) {
		if err != nil {
			return nil, err
		}
		number++

		// A crash can cut off the last line only; damage before it is for a person to judge.
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, fmt.Errorf("%s is damaged at line %d (%w): delete the line, or restore the file from a copy",
				path, number, err)
		}
		values = append(values, v)
	}
	return values, nil
}
