package record

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/sslx-go/lab/internal/testevents"
)

// writeBoth writes lines of the steps after from to the log and the events of a run, which it opens at from.
func writeBoth(t *testing.T, r *Run, from, to int) {
	t.Helper()
	log, err := r.OpenLog(from)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := ReadMetrics(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	events, err := r.OpenEvents(lines)
	if err != nil {
		t.Fatal(err)
	}
	probe := 0.25
	for step := from + 10; step <= to; step += 10 {
		m := Metrics{Step: step, Seconds: float64(step) / 10, Loss: 1 / float64(step), ProbeAccuracy: &probe,
			ProbeLayers: map[string]float64{"projector0": 0.1}, Parts: map[string]float64{"entropy": 3}}
		if err := errors.Join(log.Append(m), events.Append(m)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(log.Close(), events.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestEvents_AreThoseOfTheLogAfterAResume(t *testing.T) {
	r, err := Create(t.TempDir(), map[string]int{}, Environment{Started: time.Unix(1e9, 0)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	writeBoth(t, r, 0, 50)

	// The checkpoint was of step 20: what came after it is made again.
	writeBoth(t, r, 20, 70)
	events := testevents.Read(t, r.Dir())
	if got, want := testevents.Steps(events), []int{10, 20, 30, 40, 50, 60, 70}; !slices.Equal(got, want) {
		t.Errorf("events of steps %v, want %v: none twice and none lost", got, want)
	}
	last := events[len(events)-1]
	if last.Wall != 1e9+7 {
		t.Errorf("the last event is of %v, want seven seconds after the start", last.Wall)
	}
	for tag, want := range map[string]float64{"loss": 1.0 / 70, "probe_accuracy": 0.25, "probe_layers/projector0": 0.1,
		"parts/entropy": 3, "seconds": 7} {
		if got, ok := last.Scalars[tag]; !ok || got != want {
			t.Errorf("%s is %v, want %v", tag, got, want)
		}
	}
}
