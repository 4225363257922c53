package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sslx-go/lab/internal/tensorboard"
)

// Events is a run's training log as an event file of TensorBoard, in the run folder.
type Events struct {
	file    *os.File
	started time.Time
}

// OpenEvents writes an event file with lines of the run's training log in place of earlier ones, so that no event is
// lost or there twice, and returns it open for appending. The log stays the record: the events are made from it.
func (r *Run) OpenEvents(lines []Metrics) (*Events, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	environment, err := ReadEnvironment(r.dir)
	if err != nil {
		return nil, err
	}
	path, err := tensorboard.Replace(r.dir, environment.Started, func(w io.Writer) error {
		return WriteEvents(w, environment.Started, lines)
	})
	if err != nil {
		return nil, fmt.Errorf("cannot write the events of run %s: %w", r.dir, err)
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	return &Events{file, environment.Started}, nil
}

// Append writes the scalars of a line.
func (e *Events) Append(m Metrics) error {
	if err := WriteEvents(e.file, e.started, []Metrics{m}); err != nil {
		return fmt.Errorf("cannot write %s: %w", e.file.Name(), err)
	}
	return nil
}

// Close ends the events.
func (e *Events) Close() error { return e.file.Close() }

// WriteEvents writes the scalars of lines of a training log as events of TensorBoard. The time of an event is that of
// the run's start and the training time since then.
func WriteEvents(w io.Writer, started time.Time, lines []Metrics) error {
	for _, m := range lines {
		scalars, err := scalarsOf(m)
		if err != nil {
			return err
		}
		at := started.Add(time.Duration(m.Seconds * float64(time.Second)))
		if err := tensorboard.WriteScalars(w, at, m.Step, scalars); err != nil {
			return err
		}
	}
	return nil
}

// scalarsOf returns the numbers of a line of a training log but for the step, under their keys, those of maps as
// "key/name", in alphabetical order.
func scalarsOf(m Metrics) ([]tensorboard.Scalar, error) {
	// By way of JSON, so that a new field is a scalar as well.
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	var values map[string]any
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, err
	}
	delete(values, "step")

	var scalars []tensorboard.Scalar
	for key, value := range values {
		switch v := value.(type) {
		case float64:
			scalars = append(scalars, tensorboard.Scalar{Tag: key, Value: v})
		case map[string]any:
			for name, part := range v {
				number, ok := part.(float64)
				if !ok {
					return nil, errors.New("the log has " + key + "/" + name + ", which is no number")
				}
				scalars = append(scalars, tensorboard.Scalar{Tag: key + "/" + name, Value: number})
			}
		}
	}
	slices.SortFunc(scalars, func(a, b tensorboard.Scalar) int { return strings.Compare(a.Tag, b.Tag) })
	return scalars, nil
}
