package bench

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
)

// tinyRace is a race of seconds: a few small images, checkpoints as often as they can be, and no pause.
func tinyRace(t *testing.T) (Race, Options) {
	t.Helper()
	set, err := dataset.Factors(t.Context(), dataset.FactorsOptions{Train: 128, Test: 64, Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	recipe := filepath.Join(t.TempDir(), "tiny.yaml")
	text := "epochs: 2\nbatch: 64\nencoder: {name: convnet, width: 4}\nprojector: [8, 8]\nprobe: {task: none}\n"
	if err := os.WriteFile(recipe, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	r := NewRace()
	r.Data, r.Recipe, r.Out = set.Path(), recipe, filepath.Join(t.TempDir(), "race.json")
	r.first = 0
	return r, Options{}
}

// reopened is the backend of the tests under the name that opens another one of its kind.
func reopened(t *testing.T) *backend.Handle {
	h := handle(t)
	if h.Name = "xla:cpu"; h.Backend.Name() == "go" {
		h.Name = "go"
	}
	return h
}

func TestRace_MeasuresWholeTrainings(t *testing.T) {
	fakePeers(t, "works")
	r, opt := tinyRace(t)
	result, err := r.Run(t.Context(), reopened(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	if result.What != "race" || result.Data != "factors" || result.Protocol != "knn/cosine/k20/t0.07@encoder" {
		t.Errorf("the record is %+v", result)
	}
	var names []string
	for _, run := range result.Runs {
		names = append(names, run.Program)
		if !run.Finished || run.Seed != 1 || run.Limit != 3600 || run.Environment.Fingerprint == "" {
			t.Errorf("%s: %+v", run.Program, run)
		}
		before := 0.0
		for _, c := range run.Checkpoints {
			if !(c.Seconds > before) || c.Images == 0 || !(c.Accuracy >= 0 && c.Accuracy <= 1) {
				t.Errorf("%s: checkpoints are %+v", run.Program, run.Checkpoints)
			}
			before = c.Seconds
		}
	}
	if !slices.Equal(names, RacePrograms()) {
		t.Errorf("raced are %v, want %v", names, RacePrograms())
	}

	// The last checkpoint is after the last step.
	ours, fake := result.Runs[0], result.Runs[1]
	if last := ours.Last(); last.Images != 2*128 || last.Epoch != 2 || ours.Recipe != "tiny.yaml" {
		t.Errorf("sslx ended with %+v", last)
	}
	if len(fake.Checkpoints) != 3 || fake.Version != "1.2.3" || fake.Note != "two threads" {
		t.Errorf("the fake peer: %+v", fake)
	}

	// A peer with our convnet trains the network of cifar10-race, on views of its size.
	type setting struct {
		Width, Features int
		ViewSize        int `json:"view_size"`
	}
	var got setting
	convnet := result.Runs[slices.Index(names, "lightly-convnet")]
	if err := json.Unmarshal(convnet.Config, &got); err != nil || got != (setting{16, 256, 24}) {
		t.Errorf("%s trains %+v (%v)", convnet.Program, got, err)
	}
	if bytes, err := os.ReadFile(r.Out); err != nil || !strings.Contains(string(bytes), `"convnet"`) ||
		strings.Contains(string(bytes), `"splits"`) {
		t.Errorf("%v: the record is %s", err, bytes)
	}
}

func TestRace_ContinuesItsRecord(t *testing.T) {
	fakePeers(t, "works")
	r, opt := tinyRace(t)
	r.Programs = []string{"lightly-convnet", "lightly", "solo-learn-convnet"}
	first, err := r.Run(t.Context(), reopened(t), opt)
	if err != nil {
		t.Fatal(err)
	}

	// Whatever is run now fails: the record has all but the second seed.
	fakePeers(t, "broken")
	again, err := r.Run(t.Context(), reopened(t), opt)
	if err != nil || !reflect.DeepEqual(again, first) {
		t.Errorf("a second race (%v) gives\n%+v, want\n%+v", err, again, first)
	}
	r.Seeds, r.Programs = 2, []string{"lightly"}
	_, err = r.Run(t.Context(), reopened(t), opt)
	wantError(t, err, "lightly, seed 2", "AssertionError")

	// Other epochs are another training of the peers with our convnet, and replace the earlier one.
	fakePeers(t, "works")
	r.Seeds, r.Epochs, r.Programs = 1, 7, []string{"lightly", "solo-learn-convnet"}
	other, err := r.Run(t.Context(), reopened(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	if len(other.Runs) != 3 || !reflect.DeepEqual(other.Runs[:2], first.Runs[:2]) ||
		!strings.Contains(string(other.Runs[2].Config), `"epochs":7`) {
		t.Errorf("after other epochs the record is %+v", other.Runs)
	}

	// A program that is named runs again.
	fakePeers(t, "broken")
	r.Again = []string{"lightly"}
	_, err = r.Run(t.Context(), reopened(t), opt)
	wantError(t, err, "lightly, seed 1")
}

func TestRace_StopsAtItsLimit(t *testing.T) {
	r, opt := tinyRace(t)
	r.Programs, r.Minutes, r.Out = []string{"sslx"}, 1e-6, ""
	result, err := r.Run(t.Context(), reopened(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	if run := result.Runs[0]; run.Finished || len(run.Checkpoints) != 1 || run.Last().Images != 64 {
		t.Errorf("a race of 60 µs gives %+v", run)
	}
}

func TestRace_WhatALongerLimitNeedsRunsAgain(t *testing.T) {
	short := RaceRun{Program: "lightly", Seed: 1, Limit: 60, Config: json.RawMessage(`{"size":32}`)}
	long, seed, other := short, short, short
	long.Limit, seed.Seed, other.Config = 120, 2, json.RawMessage(`{"size":64}`)
	finished := short
	finished.Finished = true
	for _, test := range []struct {
		have, want RaceRun
		covered    bool
	}{{short, short, true}, {long, short, true}, {short, long, false}, {finished, long, true}, {short, seed, false},
		{short, other, false}} {
		if got := (RaceRecord{Runs: []RaceRun{test.have}}).has(test.want); got != test.covered {
			t.Errorf("a record of %+v has %+v: %t", test.have, test.want, got)
		}
	}
}

func TestRace_NamesWhatIsMissingAndWhatFailed(t *testing.T) {
	fakePeers(t, "missing")
	r, opt := tinyRace(t)
	r.Programs, r.Seeds = []string{"lightly"}, 2
	result, err := r.Run(t.Context(), reopened(t), opt)
	if want := []Missing{{"lightly", "not installed: Python has no module torch", install}}; err != nil ||
		!slices.Equal(result.Missing, want) || len(result.Runs) != 0 {
		t.Errorf("%v: the record is %+v", err, result)
	}

	fakePeers(t, "mute")
	_, err = r.Run(t.Context(), reopened(t), opt)
	wantError(t, err, "lightly, seed 1", "no such file")

	// A record of something else is not written over.
	if err := os.WriteFile(r.Out, []byte(`{"what": "step"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = r.Run(t.Context(), reopened(t), opt); !usage.Is(err) {
		t.Errorf("over the record of a step: %v", err)
	}
	for _, text := range []string{`{"what": "race", "data": "cifar10"}`, `{"what": "race", "data": "factors",
		"protocol": "knn/cosine/k20/t0.07@encoder",
		"runs": [{"environment": {"cpu": "abacus"}, "config": {}, "checkpoints": [{}]}]}`} {
		if err := os.WriteFile(r.Out, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err = r.Run(t.Context(), reopened(t), opt); !usage.Is(err) || usage.ArgumentOf(err) != "out" {
			t.Errorf("over %s: %v", text, err)
		}
	}
}

func TestRace_IsEndedByAnInterrupt(t *testing.T) {
	fakePeers(t, "works")
	r, opt := tinyRace(t)
	r.Programs = []string{"lightly", "sslx"}
	ctx, cancel := context.WithCancel(t.Context())
	opt.Progress = func(phase string, done, _ int) {
		if strings.HasPrefix(phase, "sslx") && done == 0 {
			cancel()
		}
	}
	result, err := r.Run(ctx, reopened(t), opt)
	if err == nil || ctx.Err() == nil || len(result.Runs) != 1 {
		t.Errorf("an interrupted race gives %+v, %v", result, err)
	}
	if saved, err := ReadRace(r.Out); err != nil || !reflect.DeepEqual(saved.Runs, result.Runs) {
		t.Errorf("its record is %+v (%v)", saved, err)
	}
}

func TestRace_ReachedIsTheFirstCheckpointAtAThreshold(t *testing.T) {
	r := RaceRun{Checkpoints: []RaceCheckpoint{{Seconds: 30, Accuracy: 0.4}, {Seconds: 50, Accuracy: 0.6},
		{Seconds: 70, Accuracy: 0.55}, {Seconds: 90, Accuracy: 0.65}}}
	for _, test := range []struct {
		accuracy, seconds, before float64
		ok                        bool
	}{{0.3, 30, 0, true}, {0.5, 50, 30, true}, {0.6, 50, 30, true}, {0.65, 90, 70, true}, {0.7, 0, 90, false}} {
		seconds, before, ok := r.Reached(test.accuracy)
		if seconds != test.seconds || before != test.before || ok != test.ok {
			t.Errorf("%g is reached after %g s, not after %g (%t)", test.accuracy, seconds, before, ok)
		}
	}
}

func TestRace_CheckpointsAreAnEighthApartAndTakeHalfTheTimeAtMost(t *testing.T) {
	r := &track{Race: NewRace()}
	for _, test := range []struct{ clock, outside, want float64 }{{0, 0, 30}, {800, 10, 900}, {800, 400, 1200}} {
		if got := r.next(test.clock, test.outside); got != test.want {
			t.Errorf("after a checkpoint at %g s that took %g s, the next is at %g, want %g", test.clock, test.outside,
				got, test.want)
		}
	}
}

func TestRace_WrongUsageIsSaidBeforeAnythingStarts(t *testing.T) {
	for says, change := range map[string]func(*Race){
		`unknown program of a race "lightl": did you mean "lightly"?`: func(r *Race) { r.Programs = []string{"lightl"} },
		`unknown program of a race "solo"`:                            func(r *Race) { r.Again = []string{"solo"} },
		`"cifar10-cup": did you mean "cifar10-cpu"?`:                  func(r *Race) { r.Recipe = "cifar10-cup" },
		"0 seeds": func(r *Race) { r.Seeds = 0 }, "0 epochs": func(r *Race) { r.Epochs = 0 },
		"a limit of -1 minutes": func(r *Race) { r.Minutes = -1 },
		"without a record":      func(r *Race) { r.Again = []string{"sslx"} },
	} {
		r := NewRace()
		change(&r)
		_, err := r.Run(t.Context(), nil, Options{})
		if wantError(t, err, says); !usage.Is(err) {
			t.Errorf("%s: %v is no usage error", says, err)
		}
	}
}
