package report

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx/record"
)

func TestTrainingCurve_HasTheSeriesOfTheLog(t *testing.T) {
	want := plots.Training{
		Loss:   plotter.XYs{{X: 2560, Y: 6.2}, {X: 5120, Y: 5.5}, {X: 10240, Y: 5}},
		Probe:  plotter.XYs{{X: 2560, Y: 20}, {X: 5120, Y: 40}, {X: 10240, Y: 55.000000000000007}},
		Spread: plotter.XYs{{X: 2560, Y: 0.4}, {X: 5120, Y: 0.7}, {X: 10240, Y: 0.9}},
		Chance: 6.236, Epochs: 2,
	}
	if got := training(log()); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestTrainingCurve_LeavesOutWhatIsNotFinite(t *testing.T) {
	metrics := log()
	metrics[1].Loss = math.NaN()
	metrics[2].ProbeAccuracy = share(math.Inf(1))
	got := training(metrics)
	if len(got.Loss) != 2 || len(got.Probe) != 2 || len(got.Spread) != 3 {
		t.Errorf("%d losses, %d probes and %d spreads, want 2, 2 and 3", len(got.Loss), len(got.Probe), len(got.Spread))
	}
}

func TestTrainingCurve_ChanceOfZeroIsBelievedOnlyWhereLossesAreNegative(t *testing.T) {
	for loss, known := range map[float64]bool{0.5: false, -0.5: true} {
		got := training([]record.Metrics{{Images: 1, Loss: loss}})
		if math.IsNaN(got.Chance) == known {
			t.Errorf("loss %v: chance is %v", loss, got.Chance)
		}
	}
}

func TestTrainingCurve_IsDrawnFromAnyLogWithALoss(t *testing.T) {
	bare := log()
	for i := range bare {
		bare[i].ProbeAccuracy = nil
	}
	for name, metrics := range map[string][]record.Metrics{
		"whole": log(), "without probe": bare, "one line": log()[:1],
		"constant":               {{Images: 5, Loss: 1}, {Images: 9, Loss: 1}},
		"before the first image": {{Loss: 3}},
		"millions":               {{Images: 1e7, Loss: 2}, {Images: 2e7, Loss: 1}},
	} {
		f, err := TrainingCurve(metrics)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		svg, err := f.SVG()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		probed := strings.Contains(string(svg), "online probe accuracy")
		if want := metrics[0].ProbeAccuracy != nil; probed != want {
			t.Errorf("%s: a probe panel is %v, want %v", name, probed, want)
		}
		if strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
			t.Errorf("%s: the drawing has a number that is not finite", name)
		}
	}
}

func TestTrainingCurve_NeedsALoss(t *testing.T) {
	if _, err := TrainingCurve(nil); !usage.Is(err) {
		t.Errorf("got %v", err)
	}
}

func TestTrainingCurve_IsToldInWords(t *testing.T) {
	f, err := TrainingCurve(log())
	if err != nil {
		t.Fatal(err)
	}
	want := "Training curve over 10240 images (2 epochs): the loss goes from 6.2 to 5 (chance is 6.24); the online " +
		"probe from 20.0 to 55.0 %; the spread of the embeddings from 0.40 to 0.90."
	if f.Alt != want {
		t.Errorf("got  %s\nwant %s", f.Alt, want)
	}
}
