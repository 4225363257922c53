package pretrain

import (
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/testevents"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/record"
)

// TestLog_HasTheEventsOfEachLine logs the steps of a training and those of its resume, without computing them.
func TestLog_HasTheEventsOfEachLine(t *testing.T) {
	c := tiny()
	c.Log = []string{LogJSONL, LogTensorBoard}
	tr := &training{config: c}
	run := tr.open(t)
	defer func() { _ = run.Close() }()
	log := func(from, to int) {
		t.Helper()
		trainer := &trainer{config: c.Resolved(), run: run, stepper: &stepper{measureNames: []string{lossMeasure}},
			data: stepData{Images: dataset.Images{N: 256}}, schedule: c.Optimizer.Schedule(c.Batch, 8, 48)}
		trainer.state.Step = from
		if err := trainer.openLog(); err != nil {
			t.Fatal(err)
		}
		for step := from + 3; step <= to; step += 3 {
			trainer.state.Step, trainer.state.Window, trainer.state.WindowSteps = step, []float64{float64(step)}, 3
			if err := trainer.appendLog(0); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = trainer.log.Close(), trainer.events.Close()
	}
	log(0, 12)
	log(6, 15)

	lines, err := record.ReadMetrics(run.Dir())
	if err != nil {
		t.Fatal(err)
	}
	events := testevents.Read(t, run.Dir())
	if got, want := testevents.Steps(events), []int{3, 6, 9, 12, 15}; !slices.Equal(got, want) || len(lines) != 5 {
		t.Fatalf("events of steps %v and %d lines, want %v", got, len(lines), want)
	}
	for i, e := range events[2:] {
		if e.Scalars["loss"] != lines[i].Loss || e.Scalars["lr"] != lines[i].LR {
			t.Errorf("step %d: %v, want the numbers of %+v", e.Step, e.Scalars, lines[i])
		}
	}
}

func TestConfig_LogIsCheckedAndResolved(t *testing.T) {
	for text, want := range map[string]string{"[jsonl, tensorbord]": `"tensorboard"`, "[tensorboard]": "must have jsonl",
		"[jsonl, jsonl]": "twice"} {
		if _, err := ReadConfig("", []string{"log=" + text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	c := Default().Resolved()
	if !slices.Equal(c.Log, []string{LogJSONL}) {
		t.Errorf("a run records the log %v", c.Log)
	}

	// An old record, without the key, is a run of the log alone.
	old := c
	old.Log = nil
	if old.logs(LogTensorBoard) || old.Check() != nil {
		t.Error("a record without the key asks for events")
	}
	both := c
	both.Log = []string{LogJSONL, LogTensorBoard}
	if same, err := sameTraining(old, both); !same || err != nil {
		t.Errorf("another log is another training: %v", err)
	}
}
