package statistics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The set-up of all simulations: five seeds, each arm with noise of SD 0.8 points of its own on top of what the seed
// does to both, and the claims' margin and level.
const (
	simulatedSeeds  = 5
	simulatedNoise  = 0.8
	simulatedMargin = 2.0
	simulatedLevel  = 0.95
	batches         = 20
	repetitions     = 100
)

// simulate returns the interval of one simulated experiment whose arms differ by effect points.
func simulate(t *testing.T, random *rand.Rand, effect float64) Interval {
	t.Helper()
	differences := make([]float64, simulatedSeeds)
	for i := range differences {
		shared := 60 + 3*random.NormFloat64()
		a := shared + effect + simulatedNoise*random.NormFloat64()
		b := shared + simulatedNoise*random.NormFloat64()
		differences[i] = a - b
	}
	interval, err := Paired(differences, simulatedLevel)
	if err != nil {
		t.Fatal(err)
	}
	return interval
}

// tally counts what one batch of simulated experiments came to.
type tally struct {
	verdicts              map[Verdict]int
	covered, foundByTTest int
}

// everyBatch runs 20 batches of 100 experiments, each batch from its own fixed seed.
func everyBatch(t *testing.T, effect float64, check func(batch int, got tally)) {
	t.Helper()
	for batch := range batches {
		random := rand.New(rand.NewPCG(uint64(batch), math.Float64bits(effect)))
		got := tally{verdicts: map[Verdict]int{}}
		for range repetitions {
			i := simulate(t, random, effect)
			got.verdicts[VerdictOf(i, simulatedMargin)]++
			got.covered += count(i.Low <= effect && effect <= i.High)
			got.foundByTTest += count(i.P() < 1-simulatedLevel)
		}
		check(batch, got)
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestSimulation_IdenticalArmsAreNeverUpheldOrReversed(t *testing.T) {
	var equivalent int
	everyBatch(t, 0, func(batch int, got tally) {
		if sound := got.verdicts[Equivalent] + got.verdicts[NotSettled]; sound < 94 {
			t.Errorf("batch %d: %d of 100 equivalent or not settled, want 94: %+v", batch, sound, got)
		}
		equivalent += got.verdicts[Equivalent]
	})
	t.Logf("equivalent: %d of %d", equivalent, batches*repetitions)
}

func TestSimulation_FivePointsAreUpheld(t *testing.T) {
	everyBatch(t, 5, func(batch int, got tally) {
		if got.verdicts[Upheld] < 90 {
			t.Errorf("batch %d: %d of 100 upheld, want 90: %+v", batch, got.verdicts[Upheld], got)
		}
	})
}

func TestSimulation_FivePointsTheOtherWayAreReversed(t *testing.T) {
	everyBatch(t, -5, func(batch int, got tally) {
		if got.verdicts[Reversed] < 90 {
			t.Errorf("batch %d: %d of 100 reversed, want 90: %+v", batch, got.verdicts[Reversed], got)
		}
	})
}

// A true difference at the margin is where both errors are largest: each side of a 95 % interval is wrong in 2.5 % of
// experiments, 50 of 2000. 78 is four standard deviations above.
func TestSimulation_ADifferenceAtTheMarginIsRarelyCalledEitherWay(t *testing.T) {
	var equivalent, upheld int
	everyBatch(t, simulatedMargin, func(_ int, got tally) {
		equivalent += got.verdicts[Equivalent]
		upheld += got.verdicts[Upheld]
	})
	t.Logf("equivalent %d, upheld %d of %d", equivalent, upheld, batches*repetitions)
	if equivalent > 78 || upheld > 78 {
		t.Errorf("equivalent %d, upheld %d of %d, want 78 at most", equivalent, upheld, batches*repetitions)
	}
}

// 1900 of 2000 are expected; four standard deviations are 39.
func TestSimulation_IntervalCoversAsOftenAsItSays(t *testing.T) {
	for _, effect := range []float64{-5, 0, 2, 5} {
		var covered int
		everyBatch(t, effect, func(_ int, got tally) { covered += got.covered })
		if covered < 1861 || covered > 1939 {
			t.Errorf("effect %g: %d of %d intervals cover it", effect, covered, batches*repetitions)
		}
	}
}

// 1600 of 2000 are expected at power 0.8; four standard deviations are 72.
func TestSimulation_SmallestEffectIsFoundAsOftenAsItSays(t *testing.T) {
	effect, err := SmallestEffect(simulatedNoise*math.Sqrt2, simulatedSeeds, simulatedLevel, 0.8)
	if err != nil {
		t.Fatal(err)
	}
	var found int
	everyBatch(t, effect, func(_ int, got tally) { found += got.foundByTTest })
	if found < 1528 || found > 1672 {
		t.Errorf("an effect of %g points was found in %d of %d experiments", effect, found, batches*repetitions)
	}
}
