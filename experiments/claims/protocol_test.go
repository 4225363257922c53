package claims

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/internal/testrecords"
)

func TestProtocols_FewEncodersInOneOrderSettleNothing(t *testing.T) {
	for encoders, want := range map[int]statistics.Verdict{
		minEncoders - 1: statistics.NotSettled,
		minEncoders:     statistics.Upheld,
	} {
		p, r := planProtocols(experiments.CPU), experiments.Records{}
		p.Arms = slices.DeleteFunc(p.Arms, func(arm experiments.Arm) bool { return arm.After != "" })
		for i := range p.Arms[:encoders] {
			arm := &p.Arms[i]
			arm.Axes = nil // not tuned: each has one configuration
			for _, seed := range p.Seeds {
				c := arm.Candidates[0].Config
				c.Seed = seed
				trial := experiments.Trial{Config: c, Tasks: p.Tasks, Protocols: p.Protocols}
				known := testrecords.Record(trial, rand.New(rand.NewPCG(1, 1)))
				for j := range known.Results {
					known.Results[j].Value -= float64(i) / 50
				}
				r[known.Key] = known
			}
		}
		estimates, err := judgeProtocols(p, r)
		if err != nil {
			t.Fatal(err)
		}
		e := estimates[slices.IndexFunc(estimates, func(e experiments.Estimate) bool { return e.Decides })]
		if e.Verdict != want || math.Abs(e.Mean-1) > 1e-9 {
			t.Errorf("%d encoders in one order: %s with tau %g, want %s", encoders, e.Verdict, e.Mean, want)
		}
	}
}

// The linear probe, which the belief names, and kNN both decide, by the median over all others.
func TestProtocols_BothReferencesDecide(t *testing.T) {
	p := planProtocols(experiments.CPU).Remembering()
	estimates, err := judgeProtocols(p, committed(t))
	if err != nil {
		t.Fatal(err)
	}
	var deciding []string
	for _, e := range estimates {
		if !e.Decides {
			continue
		}
		deciding = append(deciding, e.Factor)
		if !strings.HasPrefix(e.Task, "median of ") || !(e.Low < e.Mean && e.Mean < e.High) {
			t.Errorf("%s on %s: %.2f, %.2f to %.2f", e.Factor, e.Task, e.Mean, e.Low, e.High)
		}
	}
	if len(deciding) != 2 || !strings.Contains(deciding[0], "linear") || !strings.Contains(deciding[1], "knn") {
		t.Errorf("%q decide", deciding)
	}
}

// Two protocols that differ by noise alone agree with each other as much as each with itself, and so their relative
// agreement is 1, however noisy they are; their tau is not.
func TestRelatives_AreFreeOfTheNoiseOfSeeds(t *testing.T) {
	const arms, seeds = 400, 4
	random := rand.New(rand.NewPCG(3, 3))
	one, same, opposite := scores{}, scores{}, scores{}
	for arm := range arms {
		var a, b, c []float64
		for range seeds {
			a = append(a, float64(arm)+100*random.NormFloat64())
			b = append(b, float64(arm)+100*random.NormFloat64())
			c = append(c, -float64(arm)+100*random.NormFloat64())
		}
		one.bySeed, same.bySeed = append(one.bySeed, a), append(same.bySeed, b)
		opposite.bySeed = append(opposite.bySeed, c)
	}
	items := make([]int, arms)
	for i := range items {
		items[i] = i
	}
	ranked := func(s scores) scores { return s.ranked(items) }

	tau := acrossSeeds(ranked(one), ranked(same), items)
	found := relatives(ranked(one), []scores{ranked(same), ranked(opposite)}, items)
	if tau > 0.7 || math.Abs(found[0]-1) > 0.08 || math.Abs(found[1]+1) > 0.08 {
		t.Errorf("tau %.2f, relative %.2f and %.2f; want 1 and -1", tau, found[0], found[1])
	}
}

// halves of the seeds have none in common, and each seed is in as many.
func TestRanked_HalvesAreDisjoint(t *testing.T) {
	// The one seed in which an arm is better shows which ranking has it.
	for seed := range 5 {
		s := scores{bySeed: [][]float64{make([]float64, 5), make([]float64, 5)}}
		s.bySeed[0][seed] = 1
		first, second := 0, 0
		better := statistics.Rank([]float64{1, 0})
		for _, half := range s.ranked([]int{0, 1}).halves {
			both := 0
			if half[0].Tau(better, []int{0, 1}) == 1 {
				first, both = first+1, both+1
			}
			if half[1].Tau(better, []int{0, 1}) == 1 {
				second, both = second+1, both+1
			}
			if both > 1 {
				t.Errorf("seed %d is in both halves", seed)
			}
		}
		if first != 2 || second != 2 {
			t.Errorf("seed %d is in %d first halves and %d second ones", seed, first, second)
		}
	}
}
