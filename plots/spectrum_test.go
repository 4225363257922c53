package plots

import (
	"math"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestSpectrum_SaysWhatTheFirstComponentsHold(t *testing.T) {
	f, err := Spectrum([]float64{10, 5, 2.5, 1.25, 1.25})
	if err != nil {
		t.Fatal(err)
	}
	const want = "Plot of variance that they hold (%) against principal components, the largest first. " +
		"representations: 50 at 1, 75 at 2, 93.75 at 4, 100 at 5."
	if f.Alt != want {
		t.Errorf("%q, want %q", f.Alt, want)
	}
}

func TestSpectrum_OfNothingIsAUsageError(t *testing.T) {
	for _, variances := range [][]float64{nil, {0, 0}, {-1, 2}, {math.NaN()}, {math.Inf(1)}} {
		if _, err := Spectrum(variances); !usage.Is(err) {
			t.Errorf("%v: %v", variances, err)
		}
	}
}
