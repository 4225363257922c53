package claims

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/testrecords"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// step is by how many points each planted encoder is better than the one before it.
const step = 2

// planted returns a plan of encoders, each better than the one before it in every column, and their records, with a
// measure without labels.
func planted(encoders int, metric string, measure func(encoder int) float64) (experiments.Plan, experiments.Records) {
	var arms []experiments.Arm
	for i := range encoders {
		c := experiments.With(experiments.Base(experiments.CPU), func(c *sslx.Config) { c.Epochs = i + 1 })
		arms = append(arms, experiments.NewArm(fmt.Sprint(i), c))
	}
	p, r := experiments.NewPlan(experiments.CPU, arms), experiments.Records{}
	for i, arm := range arms {
		for _, seed := range p.Seeds {
			c := arm.Candidates[0].Config
			c.Seed = seed
			known := testrecords.Record(experiments.Trial{Config: c, Tasks: p.Tasks, Protocols: p.Protocols},
				rand.New(rand.NewPCG(1, 1)))
			for k := range known.Results {
				known.Results[k].Value = float64(step*i) / 100
			}
			testrecords.AddMeasure(&known, metric, measure(i))
			r[known.Key] = known
		}
	}
	return p, r
}

// selected returns the selection of planted records, and the criterion of their measure.
func selected(t *testing.T, encoders int, metric string, measure func(encoder int) float64) (Selection, Criterion) {
	t.Helper()
	s, err := Select(planted(encoders, metric, measure))
	if err != nil {
		t.Fatal(err)
	}
	return s, s.criterion(metric)
}

func (s Selection) criterion(name string) Criterion {
	return s.Criteria[slices.IndexFunc(s.Criteria, func(c Criterion) bool { return c.Name == name })]
}

func TestSelect_MeasureThatOrdersEncoders(t *testing.T) {
	const n = 10
	for name, c := range map[string]struct {
		metric  string
		measure func(encoder int) float64
		want    float64
	}{
		"ranks perfectly":          {record.MetricRankMe, func(i int) float64 { return float64(i * i) }, 1},
		"ranks in reverse":         {record.MetricLiDAR, func(i int) float64 { return -float64(i) }, -1},
		"alignment, less is best":  {record.MetricAlignment, func(i int) float64 { return 1 / float64(i+1) }, 1},
		"uniformity, less is best": {record.MetricUniformity, func(i int) float64 { return -float64(i) }, 1},
		"alpha-ReQ, 1 is best": {record.MetricAlphaReQ, func(i int) float64 {
			return 1 + math.Pow(-1, float64(i))*0.05*float64(n-i) // on both sides of 1, ever nearer
		}, 1},
	} {
		s, got := selected(t, n, c.metric, c.measure)
		regret := 0.0
		if c.want < 0 {
			regret = step * (n - 1) // the worst is chosen
		}
		want := Prediction{Tau: c.want, Low: c.want, High: c.want, Runs: c.want, Regret: regret}
		if s.Encoders != n || s.Runs != 5*n || got.Encoders != n || len(got.Columns) != 14 {
			t.Errorf("%s: %d encoders, %d runs, %d columns", name, s.Encoders, s.Runs, len(got.Columns))
		}
		for _, x := range append(got.Columns, got.Mean) {
			if !near(x, want) {
				t.Errorf("%s: %+v, want %+v", name, x, want)
			}
		}
		if math.Abs(s.Random-step*(n-1)/2) > 1e-9 {
			t.Errorf("%s: a random encoder costs %g points", name, s.Random)
		}
	}
}

// near reports whether two predictions are the same but for rounding.
func near(a, b Prediction) bool {
	difference := math.Abs(a.Tau-b.Tau) + math.Abs(a.Low-b.Low) + math.Abs(a.High-b.High) + math.Abs(a.Runs-b.Runs) +
		math.Abs(a.Regret-b.Regret)
	return difference < 1e-9
}

func TestSelect_IntervalOfNoiseCoversZero(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 5))
	_, got := selected(t, 12, record.MetricRankMe, func(int) float64 { return random.Float64() })
	for _, x := range append(got.Columns, got.Mean) {
		if !(x.Low < 0 && 0 < x.High) {
			t.Errorf("noise has tau %.2f, %.2f to %.2f", x.Tau, x.Low, x.High)
		}
	}
}

func TestSelect_FewEncodersHaveNoInterval(t *testing.T) {
	_, got := selected(t, minEncoders-1, record.MetricRankMe, func(i int) float64 { return float64(i) })
	if x := got.Mean; math.Abs(x.Tau-1) > 1e-9 || !math.IsNaN(x.Low) || !math.IsNaN(x.High) {
		t.Errorf("%+v", x)
	}
}

// Labels on the first task predict all columns but their own.
func TestSelect_LabelsDoNotPredictThemselves(t *testing.T) {
	s, _ := selected(t, minEncoders, record.MetricRankMe, func(i int) float64 { return float64(i) })
	for k, x := range s.criterion(LabeledKNN).Columns {
		own := s.Columns[k].Protocol.Name() == "knn" && s.Columns[k].Task == "set/class"
		if own != math.IsNaN(x.Tau) || !own && math.Abs(x.Tau-1) > 1e-9 {
			t.Errorf("%s: %+v", s.Columns[k], x)
		}
	}
}

// A run without measures that need no labels is measured again, and the claim has its verdict without them.
func TestNegatives_VerdictNeedsLabelsAlone(t *testing.T) {
	p, r := negatives.Plan(experiments.CPU), testrecords.Invent(t, experiments.CPU, negatives)
	s, err := Select(p, r)
	if err != nil || s.Encoders != len(p.Arms) || s.Runs != len(p.Arms)*len(p.Seeds) {
		t.Fatalf("%d encoders, %d runs (%v)", s.Encoders, s.Runs, err)
	}
	want, err := experiments.Judge(negatives, experiments.CPU, r)
	if err != nil {
		t.Fatal(err)
	}

	for key, known := range r {
		known.Results = slices.DeleteFunc(known.Results, func(x record.Result) bool {
			return x.Metric != record.MetricAccuracy
		})
		r[key] = known
	}
	if s, err := Select(p, r); err != nil || s.Encoders != 0 {
		t.Errorf("%d encoders without measures (%v)", s.Encoders, err)
	}
	got, err := experiments.Judge(negatives, experiments.CPU, r)
	if err != nil || got.Missing != 0 || got.Verdict != want.Verdict || len(got.Estimates) != len(want.Estimates) {
		t.Errorf("%s with %d runs missing (%v), want %s", got.Verdict, got.Missing, err, want.Verdict)
	}

	// Final runs alone are measured again.
	trials, err := experiments.Pending(r, p)
	if err != nil || len(trials) != len(p.Arms)*len(p.Seeds) {
		t.Errorf("%d trials are pending (%v)", len(trials), err)
	}
	for _, trial := range trials {
		if trial.Validation {
			t.Errorf("%s is measured again", trial.Label)
		}
	}
}
