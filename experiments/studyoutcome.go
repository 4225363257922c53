package experiments

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/floats"

	"github.com/sslx-go/lab/sslx"
)

// StudyOutcome is what the records say of a study. The JSON keys are a stable contract.
type StudyOutcome struct {
	Sweep   string     `json:"sweep"`
	Search  Search     `json:"search"`
	Measure string     `json:"measure"`
	Task    string     `json:"task,omitempty"`
	Percent bool       `json:"percent"` // the measure is an accuracy in percent
	Lowest  bool       `json:"lowest"`  // less of it is better
	Seeds   []uint64   `json:"seeds"`
	Keys    []SweptKey `json:"keys"`

	// Candidates are the best first: those that trained longest, by the measure.
	Candidates []Tried `json:"candidates"`

	// Chosen is the first candidate, once all is measured; null before, and where all trainings diverged.
	Chosen *Tried       `json:"chosen"`
	Config *sslx.Config `json:"config"` // the chosen configuration

	// Runs is how many measurements are planned: of each candidate with each seed, at each rung that it reaches.
	// Missing is how many of them are not there yet.
	Runs    int `json:"runs"`
	Missing int `json:"missing"`

	// Cost is what was spent, in whole trainings, and Whole what all candidates would cost that are trained to the end.
	Cost    float64 `json:"cost"`
	Whole   float64 `json:"whole"`
	Seconds float64 `json:"seconds"` // of training

	// Edges are the keys whose chosen value lies at an end of what was tried: better ones may lie beyond. An ablation,
	// which tells what each change does, has none.
	Edges []string `json:"edges"`
}

// SweptKey is a key that a study varies. A key whose values are all numbers can be drawn along an axis.
type SweptKey struct {
	Key    string   `json:"key"`
	Values []string `json:"values"` // that were tried, numbers in their order
	Number bool     `json:"number"`
	Log    bool     `json:"log"`
}

// Tried is a candidate and how it was measured.
type Tried struct {
	Label  string   `json:"label"`
	Values []string `json:"values"` // as YAML, in the order of the keys
	Rungs  []Rung   `json:"rungs"`  // at which it was measured, the last one counts

	Runs        []string  `json:"runs"`         // its run folders, one a seed
	SeedSeconds []float64 `json:"seed_seconds"` // of training, one a seed
	Seconds     float64   `json:"seconds"`      // their sum
}

// Rung is a measurement of a candidate after a share of its training, 1 after all of it.
type Rung struct {
	Share  float64   `json:"share"`
	Value  *float64  `json:"value"` // the mean over seeds; null where a training diverged
	Seeds  []float64 `json:"seeds"`
	Failed string    `json:"failed,omitempty"`
}

// Last returns the measurement that counts; it is not ok where none was made.
func (t Tried) Last() (r Rung, ok bool) {
	if len(t.Rungs) == 0 {
		return r, false
	}
	return t.Rungs[len(t.Rungs)-1], true
}

// Check returns an error for an outcome that no sweep has, as one that was read from a damaged file.
func (o StudyOutcome) Check() error {
	if len(o.Candidates) > mostCandidates || o.Search.Rungs < 0 || o.Search.Rungs > mostRungs || o.Search.Eta < 0 ||
		o.Search.Eta > mostEta {
		return fmt.Errorf("search %s has %d candidates, %d rungs and eta %d", o.Search.Name, len(o.Candidates),
			o.Search.Rungs, o.Search.Eta)
	}
	tried := o.Candidates
	if o.Chosen != nil {
		tried = append([]Tried{*o.Chosen}, tried...)
	}
	for _, t := range tried {
		if len(t.Values) != len(o.Keys) {
			return fmt.Errorf("candidate %q has %d values for %d keys", t.Label, len(t.Values), len(o.Keys))
		}
		for _, rung := range t.Rungs {
			if rung.Value != nil && len(rung.Seeds) == 0 {
				return fmt.Errorf("candidate %q has a mean of no values", t.Label)
			}
			if rung.Value != nil && len(t.SeedSeconds) == 0 && o.Search.Name == SearchAblation {
				return fmt.Errorf("candidate %q has a value and no time", t.Label)
			}
		}
	}
	return nil
}

// Outcome says what the records say of the study.
func (s Study) Outcome(r Records) (o StudyOutcome, err error) {
	p := s.Plan()
	prints := map[string]string{} // the same for all candidates on the same data
	fingerprint := func(c sslx.Config) (string, error) {
		if _, ok := prints[dataOf(c)]; !ok {
			prints[dataOf(c)], _ = r.fingerprint(c)
		}
		return prints[dataOf(c)], nil
	}
	asked, chosen, err := p.tried(r, p.Arms[0], fingerprint)
	if err != nil {
		return o, err
	}

	o = StudyOutcome{Sweep: s.Name, Search: s.Search, Measure: s.Measure.Name, Task: s.Task,
		Percent: s.Measure.Percent(), Lowest: s.Measure.Lowest, Seeds: s.Seeds, Keys: s.axes(),
		Runs: s.runs(), Whole: float64(len(s.candidates) * len(s.Seeds)), Edges: []string{}}
	index, made := map[string]int{}, 0
	for _, c := range s.candidates {
		index[c.Label] = len(o.Candidates)
		o.Candidates = append(o.Candidates, Tried{Label: c.Label, Values: s.values[c.Label], Rungs: []Rung{},
			Runs: []string{}, SeedSeconds: []float64{}})
	}
	for _, c := range asked {
		n, err := o.Candidates[index[c.Label]].add(p, r, c, fingerprint)
		if err != nil {
			return o, err
		}
		made += n
	}

	for _, t := range o.Candidates {
		if last, ok := t.Last(); ok {
			o.Cost += last.Share * float64(len(t.Runs))
		}
		o.Seconds += t.Seconds
	}
	// A search asks for more as long as there is more to do. What diverged has no further rungs.
	if o.Missing = o.Runs - made; made == len(asked)*len(s.Seeds) {
		o.Runs, o.Missing = made, 0
	}
	var label string
	if chosen >= 0 {
		label = asked[chosen].Label
		best := o.Candidates[index[label]]
		config := asked[chosen].Config
		o.Chosen, o.Config, o.Edges = &best, &config, s.edges(best.Values)
	}
	o.rank(label)
	return o, nil
}

// Kept returns a function that says why the run folder of a name in the folder of the sweep is no longer needed, or "".
// Once all is measured, that is every run of which there is a record, but those of the chosen candidate. Before, a run
// may have to be trained further, or be the one that is chosen.
func (s Study) Kept(r Records) (kept func(run string) (why string), err error) {
	o, err := s.Outcome(r)
	if err != nil {
		return nil, err
	}
	if o.Missing > 0 {
		return func(string) string { return "" }, nil
	}

	// What was measured early is in the folder of the whole training, or in one of its own.
	why := map[string]string{}
	for key, known := range r {
		whole := Trial{Config: known.Config, Validation: known.Validation}.folder(known.Environment.Fingerprint)
		for _, run := range []string{key, whole} {
			why[run] = fmt.Sprintf("its record is kept (sweep %s)", s.Name)
		}
	}
	if o.Chosen != nil {
		for _, run := range o.Chosen.Runs {
			delete(why, run)
		}
	}
	return func(run string) string { return why[run] }, nil
}

// add adds what the records have of the candidate at a rung, and returns how many measurements these are.
func (t *Tried) add(p Plan, r Records, c Candidate, fingerprint fingerprinter) (made int, err error) {
	// A candidate without an end is trained to the end.
	rung := Rung{Share: cmp.Or(c.Until, 1), Seeds: []float64{}}
	var folders []string
	var seconds []float64
	for _, seed := range p.TuneSeeds {
		trial := p.TuningTrial(c, seed)
		print, err := fingerprint(trial.Config)
		if err != nil {
			return 0, err
		}
		known, ok := r[trial.Key(print)]
		if !ok || !trial.in(r, print) {
			continue
		}
		made++
		folders, seconds = append(folders, trial.folder(print)), append(seconds, known.Seconds)
		if value, ok := p.value(known); ok {
			rung.Seeds = append(rung.Seeds, value)
		}
		rung.Failed = cmp.Or(rung.Failed, known.Failed)
	}
	if made == 0 {
		return 0, nil
	}

	// A mean over some of the seeds is none.
	if mean, ok, err := p.validation(r, c, fingerprint); err != nil {
		return made, err
	} else if ok && !math.IsNaN(mean) {
		rung.Value = &mean
	}
	t.Runs, t.SeedSeconds, t.Seconds = folders, seconds, floats.Sum(seconds)
	t.Rungs = append(t.Rungs, rung)
	return made, nil
}

// runs returns how many measurements are planned.
func (s Study) runs() int {
	n, sum := len(s.candidates), len(s.candidates)
	if h := s.halving(); h != nil {
		for range h.Rungs - 1 {
			n = h.kept(n)
			sum += n
		}
	}
	return sum * len(s.Seeds)
}

// rank sorts the candidates: the chosen one, then those that trained longest, by their measure, and those that diverged
// or are not measured last.
func (o *StudyOutcome) rank(chosen string) {
	score := func(t Tried) (share, value float64) {
		rung, ok := t.Last()
		switch {
		case t.Label == chosen:
			return math.Inf(1), 0
		case !ok:
			return -1, 0
		case rung.Value == nil:
			return 0, 0
		case o.Lowest:
			return rung.Share, -*rung.Value
		}
		return rung.Share, *rung.Value
	}
	slices.SortStableFunc(o.Candidates, func(a, b Tried) int {
		shareA, valueA := score(a)
		shareB, valueB := score(b)
		return cmp.Or(cmp.Compare(shareB, shareA), cmp.Compare(valueB, valueA))
	})
}

// axes returns the keys with the values that the candidates have.
func (s Study) axes() (list []SweptKey) {
	for i, v := range s.Vary {
		a := SweptKey{Key: v.Key, Number: true, Log: v.Log, Values: []string{}}
		for _, c := range s.candidates {
			value := s.values[c.Label][i]
			if !slices.Contains(a.Values, value) {
				a.Values = append(a.Values, value)
			}
			_, err := strconv.ParseFloat(value, 64)
			a.Number = a.Number && err == nil
		}

		// Numbers that span orders of magnitude are drawn on a logarithmic axis, however they were given.
		if a.Number {
			slices.SortFunc(a.Values, func(x, y string) int { return cmp.Compare(number(x), number(y)) })
			low, high := number(a.Values[0]), number(a.Values[len(a.Values)-1])
			a.Log = low > 0 && (v.Log || v.Values != nil && high >= 8*low)
		}
		list = append(list, a)
	}
	return list
}

// number returns the value of a text that is a number.
func number(text string) float64 {
	x, _ := strconv.ParseFloat(text, 64)
	return x
}

// edges returns the keys whose value is the lowest or highest of a list, or lies in the outer tenth of a range.
func (s Study) edges(values []string) (keys []string) {
	keys = []string{}
	if s.Search.Name == SearchAblation {
		return keys
	}
	for i, a := range s.axes() {
		v, x := s.Vary[i], number(values[i])
		low, high := number(a.Values[0]), number(a.Values[len(a.Values)-1])
		if v.Values == nil {
			low, high = number(v.at(0.1)), number(v.at(0.9))
		}
		if a.Number && len(a.Values) > 1 && (x <= low || x >= high) {
			keys = append(keys, a.Key)
		}
	}
	return keys
}
