package statistics

import (
	"math"
	"sort"
)

// Verdict is what a claim's final runs say of its belief, for the data, the encoder and the budget they used.
type Verdict string

// The verdicts of [VerdictOf] on a belief that predicts a difference above a margin, and Debunked for a belief that
// predicts something else and is wrong.
const (
	Equivalent Verdict = "equivalent"  // there is no difference that matters
	Reversed   Verdict = "reversed"    // there is one, the other way
	Upheld     Verdict = "upheld"      // there is the difference that the belief predicts
	NotSettled Verdict = "not settled" // more seeds are needed
	Debunked   Verdict = "debunked"
)

// Verdicts returns all verdicts.
func Verdicts() []Verdict { return []Verdict{Equivalent, Reversed, Upheld, NotSettled, Debunked} }

// Debunks reports whether the verdict contradicts the belief.
func (v Verdict) Debunks() bool { return v == Equivalent || v == Reversed || v == Debunked }

// maxSeeds is where [SeedsToSettle] stops counting: more seeds than a claim will ever be run with.
const maxSeeds = 1000

// VerdictOf compares the interval with a belief that predicts a difference above +margin (in the unit of the
// differences):
//
//   - [Equivalent] when the whole interval lies within [-margin, margin], ends included;
//   - [Reversed] when it lies wholly below -margin;
//   - [Upheld] when it lies wholly above +margin;
//   - [NotSettled] otherwise. That includes an interval around -margin, which speaks against the belief but not for one
//     of the two reasons; a margin that is negative or NaN; and an interval of fewer than two differences.
//
// The first rule is the two one-sided tests procedure, each test at (1-Level)/2: 2.5 % for a 95 % interval; a 90 %
// interval gives the customary 5 % (Schuirmann, "A comparison of the two one-sided tests procedure and the power
// approach for assessing the equivalence of average bioavailability", 1987, https://doi.org/10.1007/BF01068419). At a
// true difference of exactly +margin, where the errors are largest, at most that part of all experiments is called
// equivalent, and at most that part upheld.
func VerdictOf(i Interval, margin float64) Verdict {
	switch {
	case i.N < 2 || !(margin >= 0): // written so that NaN is not settled
		return NotSettled
	case i.Low > margin:
		return Upheld
	case i.High < -margin:
		return Reversed
	case i.Low >= -margin && i.High <= margin:
		return Equivalent
	}
	return NotSettled
}

// VerdictP returns the p-value of the verdict of [VerdictOf], in [0, 1]: the smallest 1-level at which an interval of
// these differences settles anything. It is at most 1-Level exactly when the interval gives a verdict. Correcting it
// for a family of verdicts, with [Holm], keeps the probability of any wrong one.
//
// It is twice the one-sided p-value that the true mean is not above +margin, or not below -margin, or not between them
// (the larger of the two one-sided tests), whichever is smallest. With fewer than two differences, or a margin that is
// negative or NaN, it is NaN.
func VerdictP(i Interval, margin float64) float64 {
	if i.N < 2 || !(margin >= 0) {
		return math.NaN()
	}
	if i.SD == 0 {
		return 0 // an interval of width zero gives a verdict at every level
	}

	// Three one-sided tests, one for each verdict; equivalence needs both of its ends.
	se := i.SD / math.Sqrt(float64(i.N))
	below := func(bound float64) float64 { return studentsT(i.N).CDF((bound - i.Mean) / se) } // of a mean below bound
	above := func(bound float64) float64 { return studentsT(i.N).CDF((i.Mean - bound) / se) } // of a mean above bound
	upheld, reversed := below(margin), above(-margin)
	equivalent := max(above(margin), below(-margin))
	return min(1, 2*min(upheld, reversed, equivalent))
}

// VerdictBelow compares the interval with a belief that predicts a difference of at most +margin: [Upheld] when the
// whole interval lies below +margin, [Reversed] when it lies wholly above, [NotSettled] otherwise. P is the p-value of
// the verdict as for [VerdictP].
func VerdictBelow(i Interval, margin float64) (v Verdict, p float64) {
	switch {
	case i.N < 2 || !(margin >= 0):
		return NotSettled, math.NaN()
	case i.Low > margin:
		v = Reversed
	case i.High < margin:
		v = Upheld
	default:
		v = NotSettled
	}

	if i.SD == 0 {
		if v == NotSettled { // the mean is the margin
			return v, 1
		}
		return v, 0
	}
	below := studentsT(i.N).CDF((margin - i.Mean) / (i.SD / math.Sqrt(float64(i.N))))
	return v, 2 * min(below, 1-below)
}

// SeedsToSettle returns the smallest number of seeds, in all and not in addition, at which an interval of this mean, SD
// and level would give a verdict: 0 when it does already, and 1000 when it would take that many or more, or could never
// be (a mean at the margin). i must be as [Paired] returns it. Cost: some ten t quantiles.
//
// It is a lower guide, not a promise: more seeds move the mean and the SD, and a plan that rests on exactly these
// values succeeds only about half the time. Nor may the seeds of the first run be topped up until the verdict comes;
// the next run has fresh ones.
func SeedsToSettle(i Interval, margin float64) int {
	if VerdictOf(i, margin) != NotSettled {
		return 0
	}

	first := max(i.N+1, 2)
	// Intervals shrink with the seeds: what is settled once stays settled.
	settled := func(k int) bool { return VerdictOf(i.withSeeds(first+k), margin) != NotSettled }
	if first >= maxSeeds {
		return maxSeeds
	}
	return first + sort.Search(maxSeeds-first, settled)
}
