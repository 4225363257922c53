package statistics

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/sslx-go/lab/internal/usage"
)

// Interval is a two-sided Student t interval of a mean difference, as [Paired] returns it. Mean, Low, High and SD are
// in the unit of the differences.
type Interval struct {
	Mean  float64 `json:"mean"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	SD    float64 `json:"sd"`    // of one difference, with N-1 in the denominator; not the standard error
	N     int     `json:"n"`     // how many differences
	Level float64 `json:"level"` // coverage, in (0, 1)
}

// Paired returns the t interval of the mean of paired differences, one a seed, which covers the true mean with
// probability level (in (0, 1), for example 0.95) when the differences are normal: mean ± t SD/√N with N-1 degrees of
// freedom (Student, "The Probable Error of a Mean", 1908, https://doi.org/10.1093/biomet/6.1.1).
//
// Differences that are all equal give an interval of width zero. That is a statement about these seeds alone: a few
// runs scored on few images can coincide by chance.
//
// Paired returns a usage error for fewer than two differences, for a level outside (0, 1), and for differences that are
// not finite or so large that their variance overflows.
func Paired(differences []float64, level float64) (Interval, error) {
	if len(differences) < 2 {
		return Interval{}, usage.Errorf("an interval needs at least two paired differences, got %d", len(differences))
	}
	if err := checkLevel(level); err != nil {
		return Interval{}, err
	}
	if err := checkFinite("difference", differences); err != nil {
		return Interval{}, err
	}

	mean, sd := differences[0], 0.0
	if !allEqual(differences) { // else rounding in the mean would leave a width of some 1e-17
		mean, sd = stat.MeanStdDev(differences, nil)
	}

	// Differences that are finite can still overflow in their variance.
	i := Interval{Mean: mean, SD: sd, Level: level}.withSeeds(len(differences))
	if !isFinite(i.High - i.Low) {
		return Interval{}, usage.Errorf("the differences are too large for an interval: mean %g, SD %g", mean, sd)
	}
	return i, nil
}

// P returns the two-sided p-value, in [0, 1], of the paired t-test that the true mean is 0. It is below 1-Level exactly
// when the interval leaves 0 out. With an SD of 0 it is 1 for a mean of 0, and 0 for any other; with fewer than two
// differences it is NaN.
func (i Interval) P() float64 {
	switch {
	case i.N < 2:
		return math.NaN()
	case i.Mean == 0:
		return 1
	}

	// With an SD of 0, t is infinite and p is 0.
	t := i.Mean / (i.SD / math.Sqrt(float64(i.N)))
	return 2 * studentsT(i.N).CDF(-math.Abs(t))
}

// withSeeds returns the interval around the same mean that n differences of the same SD and level would give.
func (i Interval) withSeeds(n int) Interval {
	half := critical(n, i.Level) * i.SD / math.Sqrt(float64(n))
	i.N, i.Low, i.High = n, i.Mean-half, i.Mean+half
	return i
}

// critical returns the t beyond which, in absolute value, a mean of n differences lies with probability 1-level when
// the true mean is 0.
func critical(n int, level float64) float64 { return -studentsT(n).Quantile((1 - level) / 2) }

// studentsT returns the distribution of the t statistic of n differences with true mean 0.
func studentsT(n int) distuv.StudentsT { return distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)} }

func checkLevel(level float64) error {
	if !(level > 0 && level < 1) { // written so that NaN fails
		return usage.Errorf("level is %g; it must be between 0 and 1, for example 0.95", level)
	}
	return nil
}

func checkFinite(kind string, values []float64) error {
	for i, v := range values {
		if !isFinite(v) {
			return usage.Errorf("%s %d is %g; it must be finite", kind, i, v)
		}
	}
	return nil
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func allEqual(values []float64) bool {
	for _, v := range values {
		if v != values[0] {
			return false
		}
	}
	return true
}
