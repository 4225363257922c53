package statistics

import "sort"

// Verdict is what a claim's final runs say of its belief, for the data, the encoder and the budget they used.
type Verdict string

// The verdicts of [Judge].
const (
	Debunked   Verdict = "debunked"
	Upheld     Verdict = "upheld"
	NotSettled Verdict = "not settled"
)

// maxSeeds is where [SeedsToSettle] stops counting: more seeds than a claim will ever be run with.
const maxSeeds = 1000

// Judge compares the interval with a belief that predicts a difference above +margin (in the unit of the differences):
//
//   - [Debunked] when the whole interval lies within [-margin, margin], ends included: equivalence; or when it lies
//     wholly below -margin: the reverse of the belief, see [Reversed];
//   - [Upheld] when it lies wholly above +margin;
//   - [NotSettled] otherwise. That includes an interval around -margin, which speaks against the belief but not for one
//     of the two reasons; a margin that is negative or NaN; and an interval of fewer than two differences.
//
// The first rule is the two one-sided tests procedure, each test at (1-Level)/2: 2.5 % for a 95 % interval; a 90 %
// interval gives the customary 5 % (Schuirmann, "A comparison of the two one-sided tests procedure and the power
// approach for assessing the equivalence of average bioavailability", 1987, https://doi.org/10.1007/BF01068419). At a
// true difference of exactly +margin, where the errors are largest, at most that part of all experiments is debunked,
// and at most that part upheld.
func Judge(i Interval, margin float64) Verdict {
	switch {
	case i.N < 2 || !(margin >= 0): // written so that NaN is not settled
		return NotSettled
	case i.Low > margin:
		return Upheld
	case i.Low >= -margin && i.High <= margin, Reversed(i, margin):
		return Debunked
	}
	return NotSettled
}

// Reversed reports whether the whole interval lies below -margin, so that not only is there no difference above
// +margin, but one the other way. It is false where [Judge] could settle nothing, for want of two differences or of a
// margin.
func Reversed(i Interval, margin float64) bool { return i.N >= 2 && margin >= 0 && i.High < -margin }

// SeedsToSettle returns the smallest number of seeds, in all and not in addition, at which an interval of this mean, SD
// and level would be [Debunked] or [Upheld]: 0 when it is already, and 1000 when it would take that many or more, or
// could never be (a mean at the margin). i must be as [Paired] returns it. Cost: some ten t quantiles.
//
// It is a lower guide, not a promise: more seeds move the mean and the SD, and a plan that rests on exactly these
// values succeeds only about half the time. Nor may the seeds of the first run be topped up until the verdict comes;
// the next run has fresh ones.
func SeedsToSettle(i Interval, margin float64) int {
	if Judge(i, margin) != NotSettled {
		return 0
	}
	first := max(i.N+1, 2)
	settled := func(k int) bool { return Judge(i.withSeeds(first+k), margin) != NotSettled } // and stays so: intervals shrink
	if first >= maxSeeds {
		return maxSeeds
	}
	return first + sort.Search(maxSeeds-first, settled)
}
