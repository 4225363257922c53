package record

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func logged(t *testing.T, r *Run, from int, steps ...int) {
	t.Helper()
	log, err := r.OpenLog(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if err := log.Append(Metrics{Step: step, Loss: 0.1 * float64(step)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

func steps(t *testing.T, dir string) (list []int) {
	t.Helper()
	lines, err := ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range lines {
		list = append(list, m.Step)
		if m.Loss != 0.1*float64(m.Step) {
			t.Errorf("step %d has loss %v", m.Step, m.Loss)
		}
	}
	return list
}

func TestLines_ResumedLogDropsTheLinesAfterItsCheckpoint(t *testing.T) {
	r := created(t)
	logged(t, r, 0, 10, 20, 30, 40)
	logged(t, r, 25, 30)
	if got := steps(t, r.Dir()); !slices.Equal(got, []int{10, 20, 30}) {
		t.Errorf("steps %v", got)
	}
	logged(t, r, 30)
	if got := steps(t, r.Dir()); !slices.Equal(got, []int{10, 20, 30}) {
		t.Errorf("steps %v after an empty resume", got)
	}
	logged(t, r, 0)
	if got := steps(t, r.Dir()); len(got) != 0 {
		t.Errorf("steps %v after a new start", got)
	}
}

func TestLines_LastLineThatWasCutOffIsLeftOut(t *testing.T) {
	r := created(t)
	logged(t, r, 0, 10, 20)
	path := filepath.Join(r.Dir(), "metrics.jsonl")
	whole := read(t, path)
	for cut := len(whole) - 1; cut > len(whole)/2; cut-- {
		write(t, path, whole[:cut])
		if got := steps(t, r.Dir()); !slices.Equal(got, []int{10}) {
			t.Fatalf("cut at %d of %d bytes: steps %v", cut, len(whole), got)
		}
	}
	logged(t, r, 20, 20)
	if read(t, path) != whole {
		t.Errorf("the repaired log is\n%s\nwant\n%s", read(t, path), whole)
	}
}

func TestLines_DamagedLineIsAnErrorThatSaysWhere(t *testing.T) {
	r := created(t)
	logged(t, r, 0, 10, 20, 30)
	path := filepath.Join(r.Dir(), "metrics.jsonl")
	lines := strings.SplitAfter(read(t, path), "\n")
	lines[1] = lines[1][:len(lines[1])/2] + "\n"
	write(t, path, strings.Join(lines, ""))
	if _, err := ReadMetrics(r.Dir()); err == nil || !strings.Contains(err.Error(), path+" is damaged at line 2") {
		t.Errorf("got %v", err)
	}
	damaged := read(t, path)
	if _, err := r.OpenLog(100); err == nil || read(t, path) != damaged {
		t.Errorf("a damaged log was opened (%v)", err)
	}
}

func TestLines_NumberThatJSONLacksIsNotLogged(t *testing.T) {
	r := created(t)
	log, err := r.OpenLog(0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	if err := log.Append(Metrics{Parts: map[string]float64{"x": math.Inf(1)}}); err == nil {
		t.Error("infinity was logged")
	}
	if got := steps(t, r.Dir()); len(got) != 0 {
		t.Errorf("steps %v", got)
	}
}

func TestLines_ResultsAreAddedWholeOrNotAtAll(t *testing.T) {
	r := created(t)
	if got, err := ReadResults(r.Dir()); got != nil || err != nil {
		t.Errorf("a run that was not evaluated has %v (%v)", got, err)
	}
	add := func(want []Result, add ...Result) {
		t.Helper()
		if err := r.AddResults(add); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadResults(r.Dir()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v (%v), want %v", got, err, want)
		}
	}
	simclr, pixels := Result{Model: "simclr", Task: "a", Value: 0.5, N: 3}, Result{Model: "pixels", Value: 1.0 / 3}
	other := Result{Model: "simclr", Task: "b", Value: 0.25, Seed: 1<<64 - 1}
	again := Result{Model: "simclr", Task: "a", Value: 0.75, N: 4, Chosen: map[string]float64{"l2": 1}}
	add([]Result{simclr, pixels}, simclr, pixels)
	add([]Result{simclr, pixels, other}, other)
	add([]Result{pixels, other, again}, again) // the same kind of result is replaced
	if err := r.AddResults([]Result{{Model: "a"}, {Value: math.Inf(1)}}); err == nil {
		t.Error("infinity was written")
	}
	add([]Result{pixels, other, again})
	want := []string{".lock", "config.yaml", "environment.json", "results.jsonl"}
	if got := names(t, r.Dir()); !slices.Equal(got, want) {
		t.Errorf("the folder has %v, want %v", got, want)
	}
}

func TestAddResults_KeepsResultsOfOtherData(t *testing.T) {
	run, err := Create(filepath.Join(t.TempDir(), "run"), map[string]int{}, Environment{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = run.Close() }()
	add := func(data string, value float64) {
		t.Helper()
		if err := run.AddResults([]Result{{Model: "simclr", Task: "birds/class", Data: data,
			Value: value}}); err != nil {
			t.Fatal(err)
		}
	}

	add("", 0.1) // of a version that did not say what it measured
	add("aa", 0.2)
	add("bb", 0.3)
	add("aa", 0.4)

	got, err := ReadResults(run.Dir())
	if err != nil || len(got) != 2 {
		t.Fatalf("%d results (%v), want those of two data sets", len(got), err)
	}
	if got[0].Data != "bb" || got[0].Value != 0.3 || got[1].Data != "aa" || got[1].Value != 0.4 {
		t.Errorf("got %+v", got)
	}
}

func TestLines_CurveGivesWayToALaterOneOfItsKind(t *testing.T) {
	r := created(t)
	first := Curve{Model: "simclr", Task: "a", Protocol: ParseProtocol("mlp"), Train: []float64{0.5},
		Test: []float64{0.25}}
	second := first
	second.Task = "b"
	later := first
	later.Train, later.Test = []float64{0.5, 1}, []float64{0.25, 0.5}
	for _, c := range [][]Curve{{first, second}, {later}} {
		if err := r.AddCurves(c); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := ReadCurves(r.Dir()); err != nil || !reflect.DeepEqual(got, []Curve{second, later}) {
		t.Errorf("got %v (%v)", got, err)
	}
}

// The keys are those of design.md, "What --json prints".
func TestLines_ResultHasTheAgreedKeys(t *testing.T) {
	want := []string{"chosen", "layer", "metric", "model", "n", "protocol", "run", "seed", "split", "task", "value"}
	if got := keys(t, Result{Chosen: map[string]float64{"l2": 1}}); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestLines_LineOfTheLogHasItsKeys(t *testing.T) {
	want := []string{"chance", "epoch", "images", "knn_accuracy", "loss", "lr", "parts", "probe_accuracy",
		"probe_layers", "seconds", "spread", "step"}
	if got := keys(t, Metrics{ProbeAccuracy: new(float64), KNNAccuracy: new(float64), Parts: map[string]float64{"a": 1},
		ProbeLayers: map[string]float64{"a": 1}}); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func keys(t *testing.T, value any) (list []string) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	for key := range m {
		list = append(list, key)
	}
	slices.Sort(list)
	return list
}

func TestLines_OfAHostileLogAreBounded(t *testing.T) {
	r := created(t)
	path := filepath.Join(r.Dir(), "metrics.jsonl")
	write(t, path, "")
	if err := os.Truncate(path, 17<<20); err != nil { // a hole, which takes no room on the disk
		t.Fatal(err)
	}
	if _, err := ReadMetrics(r.Dir()); err == nil || !strings.HasPrefix(err.Error(), "line 1 of "+path) {
		t.Errorf("got %v", err)
	}
}
