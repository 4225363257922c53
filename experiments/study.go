package experiments

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
)

// Study is a search for good values of some keys of a configuration, as a YAML file describes it; see [ReadStudy]. Its
// [Plan] has one arm, whose candidates a [Sweep] trains and measures as it does those of claims.
type Study struct {
	Name string // the file's, without its ending
	Base sslx.Config
	Vary []Vary // the keys that differ between candidates

	// Search is how the candidates are searched.
	Search Search

	// Measure chooses, by its mean over Seeds. Task is the label whose accuracy it is; "" is the first of the data.
	Measure Measure
	Task    string
	Seeds   []uint64

	// Budget is what the sweep may cost, in whole trainings; 0 is what the candidates cost.
	Budget float64

	file       studyFile // what was read, with the whole path of a base that is a file
	candidates []Candidate
	values     map[string][]string // of a candidate, in the order of Vary, by its label
}

// Search is grid, random, halving or ablation. Grid trains every combination, and random draws some. Halving trains all
// of them, or as many as the budget allows, for a part of their training, and the best further. Ablation trains the
// base and, one at a time, each change of it.
type Search struct {
	Name  string `yaml:"name"`
	Eta   int    `yaml:"eta,omitempty"`
	Rungs int    `yaml:"rungs,omitempty"`
}

// The searches.
const (
	SearchGrid     = "grid"
	SearchRandom   = "random"
	SearchHalving  = "halving"
	SearchAblation = "ablation"
)

var searches = []string{SearchGrid, SearchRandom, SearchHalving, SearchAblation}

// BaseLabel is the label of the candidate of an ablation that changes nothing.
const BaseLabel = "base"

// studyFile is the file of a study.
type studyFile struct {
	Base    string    `yaml:"base,omitempty"`
	Set     anyKeys   `yaml:"set,omitempty"`
	Vary    anyKeys   `yaml:"vary"`
	Search  anySearch `yaml:"search"`
	Measure string    `yaml:"measure"`
	Task    string    `yaml:"task,omitempty"`
	Seeds   []uint64  `yaml:"seeds,flow"`
	Budget  float64   `yaml:"budget,omitempty"`
}

// RecordsFile and StudyFile are the names of a sweep's records and of its description in the folder of the sweep.
const (
	RecordsFile = "records.jsonl"
	StudyFile   = "sweep.yaml"
)

// Bounds of a study.
const (
	mostCandidates = 10_000
	mostEta        = 100
	mostRungs      = 10
)

// ReadStudy reads the file of a study:
//
//	base: cifar10-simclr            # a recipe, or a file; the default configuration without it
//	set: {epochs: 4}                # changes of the base
//	vary:                           # keys with lists of values, or ranges
//	  optimizer.lr: {from: 0.05, to: 0.8, scale: log, count: 5}
//	  objective.temperature: [0.1, 0.2, 0.5]
//	search: {name: halving, eta: 3, rungs: 3}   # or grid, random, ablation
//	measure: knn                    # see [MeasureNames]
//	seeds: [101]
//	budget: 8                       # in whole trainings
//
// It returns a usage error for an unknown key, with the nearest one, for a candidate that is no configuration, and for
// a sweep that its budget does not pay for.
func ReadStudy(path string) (s Study, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return s, usage.Errorf("cannot read the sweep: %v", err)
	}
	f, err := parseStudy(text)
	if err == nil {
		s, err = newStudy(f, filepath.Dir(path))
	}
	if err != nil {
		return s, usage.Errorf("%s: %v", path, err)
	}

	s.Name = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if filepath.Base(path) == StudyFile {
		s.Name = filepath.Base(absolute(filepath.Dir(path))) // the copy in the folder of a sweep
	}
	return s, nil
}

func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// newStudy checks what a file in a folder says, and makes the candidates.
func newStudy(f studyFile, folder string) (s Study, err error) {
	s = Study{Search: Search(f.Search), Task: f.Task, Seeds: f.Seeds, Budget: f.Budget, file: f}
	if s.Measure, err = MeasureNamed(f.Measure); err != nil {
		return s, err
	}
	if err := s.check(); err != nil {
		return s, err
	}

	// A file is looked for in the folder of the sweep's file first, so that the two can be moved together.
	path := f.Base
	if path != "" && !filepath.IsAbs(path) {
		if _, err := os.Stat(filepath.Join(folder, path)); err == nil {
			path = absolute(filepath.Join(folder, path))
		} else if _, err := os.Stat(path); err == nil {
			path = absolute(path)
		}
	}
	s.file.Base = path
	set, err := f.Set.assignments()
	if err != nil {
		return s, err
	}
	if s.Base, err = sslx.ReadConfig(path, set); err != nil {
		return s, inFile(err)
	}
	if s.Vary, err = f.Vary.ranges(); err != nil {
		return s, err
	}
	if err := s.checkKeys(); err != nil {
		return s, err
	}
	return s, s.makeCandidates(path, set)
}

// inFile says what is wrong with an assignment without the word, which the reader of a file did not write.
func inFile(err error) error {
	return usage.Errorf("%s", strings.TrimPrefix(err.Error(), "assignment "))
}

// check checks what stands for itself.
func (s Study) check() error {
	// NaN fails the comparison of the budget.
	switch h := s.Search; {
	case !slices.Contains(searches, h.Name):
		return usage.Unknown("search", h.Name, searches)
	case h.Name != SearchHalving && (h.Eta != 0 || h.Rungs != 0):
		return usage.Errorf("search %s has no eta and no rungs: leave them out, or set its name to %s", h.Name,
			SearchHalving)
	case h.Name == SearchHalving && (h.Eta < 2 || h.Eta > mostEta):
		return usage.Errorf("search.eta is %d: it must be from 2 to %d", h.Eta, mostEta)
	case h.Name == SearchHalving && (h.Rungs < 2 || h.Rungs > mostRungs):
		return usage.Errorf("search.rungs is %d: it must be from 2 to %d", h.Rungs, mostRungs)
	case len(s.Seeds) == 0:
		return usage.Errorf("seeds is empty: give one or more, such as [101]")
	case !(s.Budget >= 0 && s.Budget <= 1e9):
		return usage.Errorf("budget is %g: it must be the number of whole trainings that the sweep may cost", s.Budget)
	case s.Task != "" && !s.Measure.labeled():
		return usage.Errorf("task is %q, but measure %s needs no labels: leave it out", s.Task, s.Measure.Name)
	case s.Task != "" && s.Measure.Protocol == "":
		return usage.Errorf("task is %q, but measure %s is of the label that probe.task names: set that, and leave "+
			"task out", s.Task, s.Measure.Name)
	}

	// A seed that is named twice would count twice in the mean.
	for i, seed := range s.Seeds {
		if slices.Contains(s.Seeds[:i], seed) {
			return usage.Errorf("seeds has %d twice: leave one out", seed)
		}
	}
	return nil
}

// checkKeys checks what the keys, the base and the search have to do with each other.
func (s Study) checkKeys() error {
	for _, v := range s.Vary {
		switch {
		case v.Key == "seed":
			return usage.Errorf("vary has seed: name seeds under seeds, over which the measure is averaged")
		case v.Key == "epochs" && s.halving() != nil:
			return usage.Errorf("vary has epochs, but halving compares candidates after the same part of the same " +
				"training: leave epochs out, or search by grid")
		case v.Values == nil && s.whole():
			return usage.Errorf("vary.%s is a range without a count: add how many values the %s has", v.Key,
				s.Search.Name)
		}
	}

	// While the rate warms up, no candidate has shown what it can do.
	h := s.halving()
	if first := float64(s.Base.Epochs); h != nil && first*h.Until(0) <= s.Base.Optimizer.WarmupEpochs {
		return usage.Errorf("candidates are compared after %.3g of %d epochs, but the learning rate warms up for %g: "+
			"set search.rungs or search.eta lower, or optimizer.warmup_epochs", first*h.Until(0), s.Base.Epochs,
			s.Base.Optimizer.WarmupEpochs)
	}
	return nil
}

// whole reports whether the search trains everything that is described, whatever it costs.
func (s Study) whole() bool { return s.Search.Name == SearchGrid || s.Search.Name == SearchAblation }

// halving returns successive halving, nil for another search.
func (s Study) halving() *Halving {
	if s.Search.Name != SearchHalving {
		return nil
	}
	return &Halving{Eta: s.Search.Eta, Rungs: s.Search.Rungs}
}

// Cost returns what so many candidates cost, in whole trainings, where no training diverges.
func (s Study) Cost(candidates int) float64 {
	each := float64(candidates)
	if h := s.halving(); h != nil {
		each = h.cost(candidates)
	}
	return each * float64(len(s.Seeds))
}

// number returns how many of the candidates that are described are trained.
func (s Study) number(described int) (int, error) {
	affordable := func() int {
		n := 0
		for n < mostCandidates && s.Cost(n+1) <= s.Budget*(1+1e-9) {
			n++
		}
		return n
	}

	// Without a budget, in a grid and in an ablation, all are tried: there must be some, and a budget must pay for
	// them.
	switch {
	case s.Budget == 0 && s.Search.Name == SearchRandom:
		return 0, usage.Errorf("a random search draws as many candidates as its budget pays for: set budget to the " +
			"number of whole trainings")
	case s.Budget == 0 && described == 0:
		return 0, usage.Errorf("vary has a range without a count: set budget to the number of whole trainings, or " +
			"add counts")
	case s.Budget == 0 || s.whole():
		if cost := s.Cost(described); s.Budget > 0 && cost > s.Budget*(1+1e-9) {
			return 0, usage.Errorf("the %s costs %.4g whole trainings, but budget is %g: raise it, leave values "+
				"out, or search by random or halving", s.Search.Name, cost, s.Budget)
		}
		return described, nil
	}

	// Otherwise as many as the budget pays for.
	n := affordable()
	if described > 0 {
		n = min(n, described)
	}
	return n, nil
}

// makeCandidates makes the candidates, which must all be configurations.
func (s *Study) makeCandidates(path string, set []string) error {
	described := combined(s.Vary)
	if s.Search.Name == SearchAblation {
		described = len(changes(s.Vary))
	}
	n, err := s.number(described)
	switch {
	case err != nil:
		return err
	case n > mostCandidates:
		return usage.Errorf("vary has %d combinations: more than %d are not tried", n, mostCandidates)
	case n < 2:
		return usage.Errorf("there are fewer than two candidates to choose from: vary more values, or raise budget")
	}

	var settings [][]string
	switch {
	case s.Search.Name == SearchAblation:
		settings = changes(s.Vary)
	case n == described:
		settings = all(s.Vary)
	default:
		settings = drawn(s.Vary, n)
	}
	before, err := valuesOf(s.Base, s.Vary)
	if err != nil {
		return err
	}

	// What a setting leaves out keeps the value of the base.
	s.values = map[string][]string{}
	for _, setting := range settings {
		words, values := []string{}, slices.Clone(before)
		for i, value := range setting {
			if value != "" {
				words, values[i] = append(words, s.Vary[i].Key+"="+value), value
			}
		}
		c, err := sslx.ReadConfig(path, append(slices.Clone(set), words...))
		if err != nil {
			return inFile(err)
		}
		label := strings.Join(words, ", ")
		if len(words) == 0 {
			label = BaseLabel
		} else if s.Search.Name == SearchAblation && reflect.DeepEqual(c.Resolved(), s.Base.Resolved()) {
			return usage.Errorf("%s changes nothing: the base has this value, and an ablation measures the base; "+
				"leave it out", label)
		}
		s.candidates = append(s.candidates, Candidate{Label: label, Config: c})
		s.values[label] = values
	}
	return nil
}

// Plan returns what is run: one arm, tuned with the seeds of the study, and nothing on test.
func (s Study) Plan() Plan {
	p := Plan{Arms: []Arm{{Name: s.Name, Candidates: s.candidates, Halving: s.halving()}}, TuneSeeds: s.Seeds,
		Measure: s.Measure}
	if s.Task != "" {
		p.Tasks = []string{s.Task}
	}
	if s.Measure.Protocol != "" {
		p.Protocols = []string{s.Measure.Protocol}
	}
	return p
}

// Save writes the description of the study to the folder of its sweep, from which it can be continued.
func (s Study) Save(folder string) error {
	text, err := yaml.Marshal(s.file)
	if err == nil {
		err = os.MkdirAll(folder, 0o777)
	}
	if err == nil {
		err = atomicfile.Write(filepath.Join(folder, StudyFile), func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("cannot keep the description of the sweep: %w", err)
	}
	return nil
}
