package plots

import (
	"math"

	"gonum.org/v1/plot/plotter"

	"github.com/sslx-go/lab/sslx/record"
)

// Training holds the series of a run's training log; X is the number of images seen. Values that are not finite are
// left out.
type Training struct {
	Loss   plotter.XYs
	Probe  plotter.XYs // online probe accuracy in percent; empty without a probe
	Spread plotter.XYs // standard deviation of the embeddings times √dim: 1 fills the sphere, 0 is collapse

	// Chance is the loss of embeddings that tell nothing; NaN when the log gives none.
	Chance float64

	// Epochs is the number of epochs done.
	Epochs float64
}

// TrainingSeries extracts the series from a training log. A log that says 0 for chance while all losses are positive
// gives none.
func TrainingSeries(metrics []record.Metrics) Training {
	t := Training{Chance: math.NaN()}
	lowest := math.Inf(1)
	for _, m := range metrics {
		x := float64(m.Images)
		t.Loss = appendFinite(t.Loss, x, m.Loss)
		t.Spread = appendFinite(t.Spread, x, m.Spread)
		if m.ProbeAccuracy != nil {
			t.Probe = appendFinite(t.Probe, x, 100**m.ProbeAccuracy)
		}
		t.Chance, t.Epochs = m.Chance, m.Epoch
		lowest = min(lowest, m.Loss)
	}
	if t.Chance == 0 && lowest > 0 {
		t.Chance = math.NaN()
	}
	return t
}

func appendFinite(series plotter.XYs, x, y float64) plotter.XYs {
	if math.IsNaN(y) || math.IsInf(y, 0) {
		return series
	}
	return append(series, plotter.XY{X: x, Y: y})
}
