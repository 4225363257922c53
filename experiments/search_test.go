package experiments

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// rateAxis moves the learning rate in factors of two.
func rateAxis() Axis {
	return Axis{
		Name:  "lr",
		Step:  func(c *sslx.Config, steps int) bool { c.Optimizer.LR *= math.Exp2(float64(steps)); return true },
		Value: func(c sslx.Config) float64 { return c.Optimizer.LR },
	}
}

// temperatureAxis moves the temperature in factors of two, up to 1.
func temperatureAxis() Axis {
	of := func(c sslx.Config) float64 { return c.Objective.(objective.SimCLR).Temperature }
	return Axis{
		Name: "temperature",
		Step: func(c *sslx.Config, steps int) bool {
			next := of(*c) * math.Exp2(float64(steps))
			c.Objective = objective.SimCLR{Temperature: next}
			return next <= 1
		},
		Value: of,
	}
}

// search measures the candidates that a search asks for until it is settled.
func searched(t *testing.T, arm Arm, accuracy func(sslx.Config) float64) (tried []Candidate, best sslx.Config) {
	t.Helper()
	known := map[string]bool{}
	for range 100 {
		asked := 0
		candidates, chosen, err := arm.search(func(c Candidate) (float64, bool, error) {
			if known[c.Label] {
				return accuracy(c.Config), true, nil
			}
			asked++
			return 0, false, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range candidates {
			known[c.Label] = true
		}
		if chosen >= 0 {
			return candidates, candidates[chosen].Config
		}
		if asked == 0 {
			t.Fatal("the search is not settled, and asks for nothing")
		}
	}
	t.Fatal("the search does not end")
	return nil, best
}

func TestSearch_GoesOnUntilTheBestIsInside(t *testing.T) {
	base := Base(CPU) // rate 0.002, temperature 0.2
	arm := NewArm("a", base)
	arm.Axes = []Axis{rateAxis(), temperatureAxis()}
	for _, c := range []struct {
		name              string
		rate, temperature float64 // where the accuracy is highest
		want              float64 // of the temperature that is found
		most              int     // candidates
	}{
		{"the base is the best", 0.002, 0.2, 0.2, 5},
		{"one step away", 0.004, 0.2, 0.2, 8},
		{"far away on both axes", 0.032, 0.05, 0.05, 30},
		{"beyond the end of an axis", 0.002, 3.2, 0.8, 12},
	} {
		accuracy := func(x sslx.Config) float64 {
			off := math.Log2(x.Optimizer.LR / c.rate)
			cold := math.Log2(temperatureAxis().Value(x) / c.temperature)
			return 60 - off*off - cold*cold
		}
		tried, best := searched(t, arm, accuracy)
		if best.Optimizer.LR != c.rate || math.Abs(temperatureAxis().Value(best)-c.want) > 1e-9 || len(tried) > c.most {
			t.Errorf("%s: rate %g, temperature %g after %d candidates, want %g, %g, at most %d", c.name,
				best.Optimizer.LR, temperatureAxis().Value(best), len(tried), c.rate, c.want, c.most)
		}
		for _, x := range tried {
			if temperatureAxis().Value(x.Config) > 1 {
				t.Errorf("%s: %s was tried", c.name, x.Label)
			}
		}
	}
}

// searchedClaim is a claim of two arms that are both tuned along the rate, whose highest accuracies differ, and the
// records of its whole sweep. Validation and test have noise of their own.
func searchedClaim(t *testing.T, random *rand.Rand, difference, noise float64) (Claim, Records) {
	t.Helper()
	at := func(temperature float64) sslx.Config {
		return With(Base(CPU), func(c *sslx.Config) { c.Objective = objective.SimCLR{Temperature: temperature} })
	}
	arm := func(name string, c sslx.Config) Arm {
		return Arm{Name: name, Candidates: []Candidate{{Label: "base", Config: c}}, Axes: []Axis{rateAxis()}}
	}
	p := NewPlan(CPU, []Arm{arm("a", at(0.2)), arm("b", at(0.5))}, Comparison{Factor: "a over b", A: "a", B: "b"})
	p.Tasks, p.Protocols = p.Tasks[:1], p.Protocols[:1]

	records := Records{}
	add := func(trial Trial) float64 {
		c := trial.Config
		off := math.Log2(c.Optimizer.LR / 0.008) // two steps from the base
		value := 0.5 - 0.01*off*off + noise*random.NormFloat64()
		if temperatureAxis().Value(c) < 0.3 {
			value += difference
		}
		split := record.SplitTest
		if trial.Validation {
			split = record.SplitValidation
		}
		r := Record{Key: trial.Key("print"), Tasks: trial.Tasks, Config: c, Validation: trial.Validation,
			Environment: record.Environment{Fingerprint: "print"},
			Results: []record.Result{{Model: "simclr", Task: "cifar10/class", Layer: record.LayerEncoder,
				Split: split, Protocol: record.ParseProtocol("knn/x@encoder"), Metric: record.MetricAccuracy,
				Value: value}}}
		records[r.Key] = r
		return value
	}

	// What a sweep does: a search measures what it asks for, and the choice is trained again with fresh seeds.
	for _, arm := range p.Arms {
		known := map[string]float64{}
		candidates, chosen, err := arm.search(func(c Candidate) (float64, bool, error) {
			if _, ok := known[c.Label]; !ok {
				known[c.Label] = add(p.TuningTrial(c, p.TuneSeeds[0]))
			}
			return known[c.Label], true, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, seed := range p.Seeds {
			c := candidates[chosen].Config
			c.Seed = seed
			add(Trial{Scale: p.Scale, Config: c, Tasks: p.Tasks, Protocols: p.Protocols})
		}
	}
	return Claim{ID: "searched", Plan: func(Scale) Plan { return p }}, records
}

// Selection and widening are part of what is simulated: an arm is chosen by noisy validation, and its accuracy is then
// measured again.
func TestSearch_VerdictsOfTunedArmsErrAsRarelyAsTheyShould(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	count := func(difference float64) map[statistics.Verdict]int {
		counts := map[statistics.Verdict]int{}
		for range 100 {
			c, records := searchedClaim(t, random, difference, 0.006)
			o, err := Judge(c, CPU, records)
			if err != nil || o.Missing != 0 || len(o.Estimates) != 1 {
				t.Fatalf("%+v (%v)", o, err)
			}
			counts[o.Verdict]++
		}
		return counts
	}
	if null := count(0); null[statistics.Upheld]+null[statistics.Reversed] > 5 {
		t.Errorf("identical arms: %v", null)
	}
	if planted := count(0.05); planted[statistics.Upheld] < 90 {
		t.Errorf("five points: %v", planted)
	}
}
