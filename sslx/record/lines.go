package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sslx-go/lab/internal/atomicfile"
)

// Log appends metrics to a run's training log.
type Log struct{ file *os.File }

// OpenLog keeps the lines of the run's training log up to a step, drops later ones (of a process that was killed
// after its last checkpoint), and returns it open for appending.
func (r *Run) OpenLog(step int) (*Log, error) {
	lines, err := ReadMetrics(r.dir)
	if err != nil {
		return nil, err
	}
	kept := lines[:0]
	for _, line := range lines {
		if line.Step <= step {
			kept = append(kept, line)
		}
	}
	if err := writeLines(r.path(metricsFile), kept); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(r.path(metricsFile), os.O_APPEND|os.O_WRONLY, 0o644)
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

// Close ends the log.
func (l *Log) Close() error { return l.file.Close() }

// SetResults replaces the run's results.
func (r *Run) SetResults(results []Result) error {
	if err := writeLines(r.path(resultsFile), results); err != nil {
		return fmt.Errorf("cannot write the results of run %s: %w", r.dir, err)
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
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	reader := bufio.NewReader(file)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return values, nil // an unfinished last line was never acknowledged
		}
		if err != nil {
			return nil, err
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, fmt.Errorf("%s is damaged at line %d (%w): delete the line, or restore the file from a copy",
				path, number, err)
		}
		values = append(values, v)
	}
}
