package experiments

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/faults"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/record"
)

// study reads a study from text.
func study(t *testing.T, text string) (Study, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lr.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return ReadStudy(path)
}

func mustStudy(t *testing.T, text string) Study {
	t.Helper()
	s, err := study(t, text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// halved is a study of 24 candidates whose best is known: a rate of 0.4 and a temperature of 0.2.
const halved = `
base: cifar10-simclr
vary:
  optimizer.lr: [0.05, 0.1, 0.2, 0.4, 0.8, 1.6]
  objective.temperature: {from: 0.05, to: 0.4, scale: log, count: 4}
search: halving
`

// planted returns the record of a trial whose accuracy is highest for the known best. What is measured early is worse,
// and has more noise, which is drawn by the key.
func planted(trial Trial) Record {
	c := trial.Config
	off, cold := math.Log2(c.Optimizer.LR/0.4), math.Log2(temperatureAxis().Value(c)/0.2)
	share := trial.Until
	if share == 0 {
		share = 1
	}
	key := trial.Key("print")
	noise := float64(key[0]%16)/16 - 0.5
	r := invented(trial, 0.3+0.3*math.Sqrt(share)-0.02*(off*off+cold*cold)+0.01*noise*(1-share))
	r.Until, r.Seconds = trial.Until, 90*share
	return r
}

// finished makes all runs of a plan, and returns their records and how many whole trainings they cost, where a training
// that was paused continues.
func finished(t *testing.T, p Plan, measure func(Trial) Record) (r Records, cost float64) {
	t.Helper()
	r = Records{}
	done := map[string]float64{}
	for round := 0; ; round++ {
		if round == 10 {
			t.Fatal("the study does not end")
		}
		trials, err := Pending(r, p)
		if err != nil {
			t.Fatal(err)
		}
		if len(trials) == 0 {
			break
		}
		for _, trial := range trials {
			known := measure(trial)
			r[known.Key] = known
			share := trial.Until
			if share == 0 {
				share = 1
			}
			folder := trial.folder("print")
			if share < done[folder] {
				t.Errorf("run %s goes back from %g to %g of its training", folder, done[folder], share)
			}
			done[folder] = share
		}
	}
	for _, share := range done {
		cost += share
	}
	return r, cost
}

func TestStudy_HalvingFindsTheBestAtAThirdOfTheCost(t *testing.T) {
	s := mustStudy(t, halved)
	r, cost := finished(t, s.Plan(), planted)
	o, err := s.Outcome(r)
	if err != nil {
		t.Fatal(err)
	}
	if o.Chosen == nil || !reflect.DeepEqual(o.Chosen.Values, []string{"0.4", "0.2"}) || o.Config.Optimizer.LR != 0.4 {
		t.Fatalf("chosen is %+v", o.Chosen)
	}
	if o.Missing != 0 || o.Runs != 24+8+2 || len(o.Candidates) != 24 || len(o.Edges) != 0 {
		t.Errorf("%d of %d runs are missing, %d candidates, edges %v", o.Missing, o.Runs, len(o.Candidates), o.Edges)
	}
	if math.Abs(o.Cost-cost) > 1e-9 || o.Whole != 24 || cost > o.Whole/3 || math.Abs(cost-s.Cost(24)) > 1e-9 {
		t.Errorf("it cost %g trainings, %g by the report, %g as planned, of %g", cost, o.Cost, s.Cost(24), o.Whole)
	}
	if math.Abs(o.Seconds-90*cost) > 1e-6 {
		t.Errorf("%g s for %g trainings of 90 s", o.Seconds, cost)
	}

	// The grid agrees, and costs all.
	grid := mustStudy(t, strings.Replace(halved, "search: halving", "search: grid", 1))
	r, cost = finished(t, grid.Plan(), planted)
	if o, err = grid.Outcome(r); err != nil || o.Chosen == nil || o.Chosen.Label != "optimizer.lr=0.4, "+
		"objective.temperature=0.2" || cost != 24 {
		t.Errorf("the grid chose %+v at a cost of %g (%v)", o.Chosen, cost, err)
	}
}

func TestStudy_TrainingThatDivergesIsTheWorst(t *testing.T) {
	s := mustStudy(t, halved)
	diverging := func(least float64) func(Trial) Record {
		return func(trial Trial) Record {
			r := planted(trial)
			if trial.Config.Optimizer.LR >= least {
				r.Results, r.Failed = nil, "loss is NaN at step 3"
			}
			return r
		}
	}
	r, _ := finished(t, s.Plan(), diverging(0.4))
	o, err := s.Outcome(r)
	if err != nil || o.Chosen == nil || o.Chosen.Values[0] != "0.2" || o.Missing != 0 {
		t.Errorf("chosen is %+v, %d missing (%v)", o.Chosen, o.Missing, err)
	}
	last, _ := o.Candidates[23].Last()
	if last.Failed == "" || last.Value != nil {
		t.Errorf("the last candidate is %+v", o.Candidates[23])
	}

	r, _ = finished(t, s.Plan(), diverging(0))
	if o, err = s.Outcome(r); err != nil || o.Chosen != nil || o.Missing != 0 || o.Runs != 24 {
		t.Errorf("chosen is %+v though all diverged, %d of %d missing (%v)", o.Chosen, o.Missing, o.Runs, err)
	}
}

func TestStudy_ChoosesByTheMeanOverSeedsOfItsMeasure(t *testing.T) {
	for _, c := range []struct {
		measure string
		lowest  bool
	}{{"rankme", false}, {"alignment", true}, {"online-probe", false}, {"online-knn", false}} {
		s := mustStudy(t, "vary: {optimizer.lr: [0.1, 0.2, 0.4]}\nmeasure: "+c.measure+"\nseeds: [1, 2]\n")
		r, cost := finished(t, s.Plan(), func(trial Trial) Record {
			// The second rate is the lowest with one seed and the highest with the other.
			value := 0.1 + trial.Config.Optimizer.LR
			if trial.Config.Optimizer.LR == 0.2 {
				value = []float64{0.05, 0.9}[trial.Config.Seed-1]
			}
			known := invented(trial, 0)
			line := map[string]*float64{c.measure: &value}
			known.Log = []record.Metrics{{ProbeAccuracy: line["online-probe"], KNNAccuracy: line["online-knn"]}}
			known.Results = []record.Result{{Model: "simclr", Split: record.SplitValidation, Metric: c.measure,
				Protocol: record.ParseProtocol(c.measure + "@encoder"), Value: value}}
			return known
		})
		o, err := s.Outcome(r)
		want := map[bool]string{false: "0.4", true: "0.1"}[c.lowest]
		if err != nil || o.Chosen == nil || o.Chosen.Values[0] != want || cost != 6 || len(o.Edges) != 1 {
			t.Errorf("%s: chosen is %+v, at a cost of %g, edges %v (%v)", c.measure, o.Chosen, cost, o.Edges, err)
		}
	}
}

func TestStudy_LargerBudgetAddsToTheRandomCandidates(t *testing.T) {
	text := "vary:\n  optimizer.lr: {from: 0.01, to: 1, scale: log}\n  batch: {from: 64, to: 512}\n" +
		"  projector: [[64], [128, 64]]\nsearch: random\nbudget: "
	few, more := mustStudy(t, text+"5").candidates, mustStudy(t, text+"9").candidates
	if len(few) != 5 || len(more) != 9 || !reflect.DeepEqual(more[:5], few) {
		t.Errorf("%d and %d candidates", len(few), len(more))
	}
	for _, c := range more {
		if c.Config.Optimizer.LR < 0.01 || c.Config.Optimizer.LR > 1 || c.Config.Batch < 64 || c.Config.Batch > 512 {
			t.Errorf("%s is out of its range", c.Label)
		}
	}
	s := mustStudy(t, strings.Replace(text, "random", "{name: halving, eta: 2, rungs: 3}", 1)+"8")
	if n := len(s.candidates); n < 12 || s.Cost(n) > 8 || s.Cost(n+1) <= 8 {
		t.Errorf("%d candidates cost %g, of a budget of 8", n, s.Cost(n))
	}
}

func TestStudy_IsReadBackFromTheFolderOfItsSweep(t *testing.T) {
	base := filepath.Join(t.TempDir(), "own.yaml")
	if err := os.WriteFile(base, []byte("epochs: 5\nobjective: byol\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(halved, "cifar10-simclr", base, 1)
	text = strings.Replace(text, "vary:", "vary:\n  objective: [simclr, {name: dcl, temperature: 0.3}]", 1)
	s := mustStudy(t, text+"set: {epochs: 7}\nseeds: [3, 4]\nbudget: 30\n")
	folder := filepath.Join(t.TempDir(), "mine")
	if err := s.Save(folder); err != nil {
		t.Fatal(err)
	}
	again, err := ReadStudy(filepath.Join(folder, StudyFile))
	if err != nil || again.Name != "mine" || again.Base.Epochs != 7 {
		t.Fatalf("got %+v (%v)", again, err)
	}
	if !reflect.DeepEqual(again.candidates, s.candidates) || !reflect.DeepEqual(again.Seeds, s.Seeds) {
		t.Errorf("%d candidates with seeds %v became %d with %v", len(s.candidates), s.Seeds, len(again.candidates),
			again.Seeds)
	}
}

func TestStudy_AblationChangesTheBaseOneKeyAtATime(t *testing.T) {
	s := mustStudy(t, `
base: cifar10-simclr
vary:
  optimizer.lr: [0.001, 0.004]
  precision: [bfloat16]
  projector: [[64], [256, 128, 64]]
  views: [{count: 4}]
search: ablation
seeds: [1, 2]
`)
	var labels []string
	for _, c := range s.candidates {
		labels = append(labels, c.Label)
	}
	want := []string{"base", "optimizer.lr=0.001", "optimizer.lr=0.004", "precision=bfloat16", "projector=[64]",
		"projector=[256, 128, 64]", "views={count: 4}"}
	if !reflect.DeepEqual(labels, want) {
		t.Fatalf("got %q", labels)
	}
	if !reflect.DeepEqual(s.candidates[0].Config, s.Base) {
		t.Error("the first candidate is not the base")
	}
	if c := s.candidates[4].Config; len(c.Projector) != 1 || c.Optimizer.LR != s.Base.Optimizer.LR {
		t.Errorf("the change of the projector has %v and rate %g", c.Projector, c.Optimizer.LR)
	}
	if c := s.candidates[6].Config; len(c.Views) != 4 {
		t.Errorf("the change of the views has %d", len(c.Views))
	}

	// A change has the base's values of all other keys.
	r, cost := finished(t, s.Plan(), func(trial Trial) Record { return invented(trial, trial.Config.Optimizer.LR) })
	o, err := s.Outcome(r)
	if err != nil || cost != 14 || o.Missing != 0 || o.Chosen == nil || o.Chosen.Label != "optimizer.lr=0.004" {
		t.Fatalf("%g trainings, %d missing, chosen %+v (%v)", cost, o.Missing, o.Chosen, err)
	}
	if got := o.Chosen.Values; got[0] != "0.004" || got[1] != "" || got[2] != "[256, 128]" || len(o.Edges) != 0 {
		t.Errorf("the chosen values are %q, at the edges %q", got, o.Edges)
	}
	if len(o.Chosen.SeedSeconds) != 2 {
		t.Errorf("the times of two seeds are %v", o.Chosen.SeedSeconds)
	}
}

// FuzzReadStudy reads any text as the file of a sweep, which has candidates or is refused in a sentence.
func FuzzReadStudy(f *testing.F) {
	for _, text := range []string{
		"vary: {optimizer.lr: [0.1, 0.2]}",
		"vary: {optimizer.lr: {from: 0.0005, to: 0.008, scale: log, count: 5}, batch: [64, 128]}\nbudget: 8",
		"vary: {optimizer.lr: {from: 1e-3, to: 1}}\nsearch: {name: random}\nbudget: 1e300",
		"base: cifar10-simclr\nset: {epochs: 4}\nvary: {batch: [32, 64]}\nsearch: {name: halving, eta: 2, rungs: 2}",
		"base: cifar10-simclr\nvary: {batch: [32], views: [{count: 4}]}\nsearch: ablation",
		"vary: &a {batch: [*a, 2]}", "vary: {? [1]: 2}", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "lr.yaml")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := ReadStudy(path)
		if err != nil {
			faults.Sentence(t, err)
		} else if n := len(s.candidates); n < 2 || n > mostCandidates || len(s.values) != n {
			t.Errorf("%d candidates with %d lists of values", n, len(s.values))
		}
	})
}

func TestReadStudy_SaysWhatIsWrongInASentence(t *testing.T) {
	const vary = "vary: {optimizer.lr: [0.1, 0.2]}\n"
	for text, want := range map[string]string{
		"":                                    "it is empty",
		"\t":                                  "not YAML",
		"- a":                                 "keys with values",
		"bass: x\n" + vary:                    `unknown key "bass": did you mean "base"?`,
		"base: cifar10-simclx\n" + vary:       `did you mean "cifar10-simclr"?`,
		"set: {epochs: 3}":                    "vary is missing",
		"vary: {optimizer.lrr: [1, 2]}":       `did you mean "optimizer.lr"?`,
		"vary: {lr: [1, 2]}":                  `did you mean "optimizer.lr" or "probe.lr"?`,
		"vary: {batch: [64, many]}":           "many",
		"vary: {batch: [64, 1]}":              "2 or more",
		"vary: {batch: 64}":                   "a single value belongs under set",
		"vary: {batch: []}":                   "empty list",
		"vary: {batch: [64]}":                 "fewer than two candidates",
		"vary: {batch: [64, 64]}":             "64 twice",
		"vary: {batch: }":                     `"vary.batch" has no value`,
		"vary: {}":                            `"vary" needs keys below it`,
		"vary: {batch: [64, 32], batch: [1]}": "batch",
		"vary: {seed: [1, 2]}":                "under seeds",
		"vary: {batch: {from: 1}}":            "without to",
		"vary: {batch: {from: 4, to: 2}}":     "from must be the lower one",
		"vary: {batch: {fron: 4, to: 2}}":     `did you mean "vary.batch.from"?`,
		"vary: {batch: {from: 2, to: 9}}":     "a range without a count",
		"vary: {optimizer.lr: {from: 0, to: 1, scale: log, count: 3}}": "no logarithm",
		"vary: {optimizer.lr: {from: 0, to: 1, scale: lug, count: 3}}": `did you mean "log"?`,
		"vary: {optimizer.lr: {from: 1, to: 2, count: 1}}":             "from 2 to",
		vary + "set: [epochs]":                                    `"set" needs keys below it`,
		vary + "set: {epoch: 3}":                                  `did you mean "epochs"?`,
		vary + "search: gird":                                     `did you mean "grid"?`,
		vary + "search: {nam: grid}":                              `did you mean "search.name"?`,
		vary + "search: {name: grid, eta: 2}":                     "search grid has no eta",
		vary + "search: {name: halving, eta: 1}":                  "from 2 to 100",
		vary + "search: {name: halving, rungs: 99}":               "from 2 to 10",
		vary + "search: {name: halving, rungs: 9}":                "warms up",
		vary + "search: random":                                   "set budget",
		vary + "measure: knm":                                     `did you mean "knn"?`,
		vary + "measure: rankme\ntask: class":                     "needs no labels",
		vary + "measure: online-probe\ntask: class":               "probe.task",
		vary + "seeds: []":                                        "seeds is empty",
		vary + "seeds: [1, 1]":                                    "1 twice",
		vary + "seeds: [-1]":                                      "-1",
		vary + "budget: 1":                                        "the grid costs 2 whole trainings, but budget is 1",
		vary + "budget: -1":                                       "budget is -1",
		vary + "budget: lots":                                     "lots",
		"vary: {epochs: [2, 4]}\nsearch: halving":                 "leave epochs out",
		"vary: {optimizer.lr: {from: 1, to: 2}}\nsearch: halving": "set budget",
		"vary: {optimizer.lr: {from: 1, to: 2, count: 9000}, batch: {from: 2, to: 9000, count: 9000}}": "are not tried",

		"base: cifar10-simclr\nvary: {batch: [32, 64]}\nsearch: ablation": "batch=64 changes nothing",
		"vary: {batch: {from: 2, to: 9}}\nsearch: ablation":               "how many values the ablation has",
		vary + "search: ablation\nbudget: 2":                              "the ablation costs 3 whole trainings",
	} {
		_, err := study(t, text)
		if !usage.Is(err) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "lr.yaml") ||
			strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	if _, err := ReadStudy("absent.yaml"); !usage.Is(err) {
		t.Errorf("got %v", err)
	}
}

// The files in recipes are examples for readers: each is a sweep, and names its own command.
func TestRecipes_AreSweeps(t *testing.T) {
	candidates := map[string]int{"first": 9, "rate-and-temperature": 47, "cifar10-race-ablation": 13,
		"cifar10-fast-ablation": 8}
	paths, err := filepath.Glob("recipes/*.yaml")
	if err != nil || len(paths) != len(candidates) {
		t.Fatalf("got %q (%v)", paths, err)
	}
	for _, path := range paths {
		s, err := ReadStudy(path)
		if err != nil || len(s.candidates) != candidates[s.Name] {
			t.Errorf("%s has %d candidates (%v)", path, len(s.candidates), err)
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "sslx sweep experiments/"+path) {
			t.Errorf("%s does not say how it is run (%v)", path, err)
		}
	}
}

func TestStudyKept_LeavesTheChosenRunsAndThoseOfAnUnfinishedSweep(t *testing.T) {
	s := mustStudy(t, "vary: {optimizer.lr: [0.1, 0.2, 0.4]}\nset: {epochs: 10}\n"+
		"search: {name: halving, eta: 3, rungs: 2}\nseeds: [1, 2]\n")
	r, _ := finished(t, s.Plan(), func(trial Trial) Record {
		known := invented(trial, trial.Config.Optimizer.LR)
		known.Until = trial.Until
		return known
	})
	kept, err := s.Kept(r)
	if err != nil {
		t.Fatal(err)
	}
	chosen := 0
	for _, trial := range trialsOf(r) {
		why := kept(trial.folder("print"))
		if best := trial.Config.Optimizer.LR == 0.4; best != (why == "") {
			t.Errorf("rate %g is kept elsewhere: %q", trial.Config.Optimizer.LR, why)
		} else if best {
			chosen++
		}
	}
	if chosen != 4 || kept("another") != "" { // two seeds at two rungs
		t.Errorf("%d records are of the chosen candidate; a run without a record is kept elsewhere: %q", chosen,
			kept("another"))
	}

	// Without a last measurement, any candidate may be trained further.
	for _, trial := range trialsOf(r) {
		if trial.Until == 0 {
			delete(r, trial.Key("print"))
			break
		}
	}
	if kept, err = s.Kept(r); err != nil {
		t.Fatal(err)
	}
	for _, trial := range trialsOf(r) {
		if why := kept(trial.folder("print")); why != "" {
			t.Errorf("a run of a sweep that is not finished: %q", why)
		}
	}
}

// trialsOf returns the trials that some records are of.
func trialsOf(r Records) (trials []Trial) {
	for _, known := range r {
		trials = append(trials, Trial{Config: known.Config, Validation: known.Validation, Until: known.Until})
	}
	return trials
}
