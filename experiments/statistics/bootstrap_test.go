package statistics

import (
	"math"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// The bootstrap of a mean is known: its standard error is that of the sample with n in place of n-1.
func TestBootstrap_IntervalOfAMean(t *testing.T) {
	x := make([]float64, 200)
	for i := range x {
		x[i] = float64(i) - 99.5
	}
	low, high, err := Bootstrap(len(x), 0.95, 20000, 1, func(items []int) float64 {
		sum := 0.0
		for _, i := range items {
			sum += x[i]
		}
		return sum / float64(len(items))
	})
	half := 1.96 * math.Sqrt((200*200-1)/12.0/200)
	if err != nil || math.Abs(low+half) > 0.03*half || math.Abs(high-half) > 0.03*half {
		t.Errorf("[%.3f, %.3f] (%v), want ±%.3f", low, high, err, half)
	}
}

func TestBootstrap_RefusesAStatisticThatIsNeverDefined(t *testing.T) {
	never := func([]int) float64 { return math.NaN() }
	if _, _, err := Bootstrap(3, 0.95, 100, 1, never); !usage.Is(err) {
		t.Errorf("%v, want a usage error", err)
	}
	if _, _, err := Bootstrap(0, 0.95, 100, 1, never); !usage.Is(err) {
		t.Errorf("no items: %v, want a usage error", err)
	}
}
