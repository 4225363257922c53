package plots

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"gonum.org/v1/plot/plotter"

	"github.com/sslx-go/lab/internal/usage"
)

func curve(model, task string, train, test []float64) LearningCurve {
	return LearningCurve{Model: model, Task: task, Protocol: "linear/sgd/b256/e90@encoder", Train: train, Test: test}
}

// probes are made-up curves of two models on two tasks; one epoch was not measured.
func probes() []LearningCurve {
	return []LearningCurve{curve("simclr", "a", []float64{0.25, 0.5}, []float64{0.25, 0.375}),
		curve("vicreg", "b", []float64{0.5, 0.75, 0.875}, []float64{0.5, math.NaN(), 0.625}),
		curve("vicreg", "a", []float64{0.125, 0.25}, []float64{0.125, 0.25})}
}

func TestLearningCurves_EachTaskHasAPanelWithItsModels(t *testing.T) {
	f := newLearningFigure(probes())
	if len(f.panels) != 2 || f.panels[0].task != "a" || len(f.panels[0].curves) != 2 || len(f.panels[1].curves) != 1 {
		t.Errorf("got %+v", f.panels)
	}
	if rows, columns := f.grid(); rows != 1 || columns != 2 || f.epochs() != 3 {
		t.Errorf("%d rows of %d panels, %v epochs", rows, columns, f.epochs())
	}
	other := probes()[0]
	other.Protocol = "mlp/adamw/h512/e30@encoder"
	if f := newLearningFigure(append(probes(), other)); len(f.panels) != 3 {
		t.Errorf("two protocols share a panel")
	}
}

func TestLearningCurves_TrainIsDashedAndTestIsSolid(t *testing.T) {
	f := newLearningFigure(probes())
	layers := f.layers(f.panels[0])
	want := []plotter.XYs{{{X: 1, Y: 25}, {X: 2, Y: 50}}, {{X: 1, Y: 25}, {X: 2, Y: 37.5}},
		{{X: 1, Y: 12.5}, {X: 2, Y: 25}},
		{{X: 1, Y: 12.5}, {X: 2, Y: 25}}}
	if len(layers) != len(want) {
		t.Fatalf("%d lines, want %d", len(layers), len(want))
	}
	for i, layer := range layers {
		line := layer.(*plotter.Line)
		if !reflect.DeepEqual(line.XYs, want[i]) {
			t.Errorf("line %d is %v, want %v", i, line.XYs, want[i])
		}
		if dashed := line.Dashes != nil; dashed != (i%2 == 0) || line.Color != methodColors[i/2] {
			t.Errorf("line %d is dashed: %v, and of color %v", i, dashed, line.Color)
		}
	}
}

func TestLearningCurves_AnEpochThatWasNotMeasuredIsAGap(t *testing.T) {
	f := newLearningFigure(probes())
	var lengths []int
	for _, layer := range f.layers(f.panels[1]) {
		if line, ok := layer.(*plotter.Line); ok {
			lengths = append(lengths, len(line.XYs))
		}
	}
	if !reflect.DeepEqual(lengths, []int{3, 1, 1}) || !f.hasGaps() {
		t.Errorf("lines of %v points, want 3, 1 and 1; gaps: %v", lengths, f.hasGaps())
	}
	if newLearningFigure(probes()[:1]).hasGaps() {
		t.Error("a whole curve has a gap")
	}
}

func TestLearningCurves_AreDrawnAndTold(t *testing.T) {
	f, err := LearningCurves(probes()[:2])
	if err != nil {
		t.Fatal(err)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">a<", ">b<", ">simclr<", ">vicreg<", ">test<", ">train<", ">not measured<",
		">epoch · linear/sgd/b256/e90@encoder<", ">accuracy (%)<"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the figure lacks %s", want)
		}
	}
	if strings.Contains(string(svg), "NaN") {
		t.Error("the drawing has a NaN")
	}
	want := "Accuracy of probes by epoch, after the last one. a, linear/sgd/b256/e90@encoder, simclr, seed 0: 50.0 " +
		"% on " +
		"train and 37.5 % on test. b, linear/sgd/b256/e90@encoder, vicreg, seed 0: 87.5 % on train and 62.5 % on test."
	if f.Alt != want {
		t.Errorf("got  %s\nwant %s", f.Alt, want)
	}
}

func TestLearningCurves_WithoutNumbersAreDrawnEmpty(t *testing.T) {
	f, err := LearningCurves([]LearningCurve{curve("m", "t", []float64{math.NaN()}, []float64{math.NaN()})})
	if err != nil {
		t.Fatal(err)
	}
	svg, err := f.SVG()
	if err != nil || strings.Contains(string(svg), "NaN") || strings.Contains(string(svg), "Inf") {
		t.Errorf("the drawing has a number that is not finite (%v)", err)
	}
}

func TestLearningCurves_RefuseUnequalLengths(t *testing.T) {
	for name, c := range map[string]LearningCurve{
		"no train": curve("m", "t", nil, []float64{0.5}), "no epochs": curve("m", "t", nil, nil),
		"shorter": curve("m", "t", []float64{0.5, 0.5}, []float64{0.5}),
		"percent": curve("m", "t", []float64{50}, []float64{0.5}), "negative": curve("m", "t", []float64{0},
			[]float64{-1}),
	} {
		if _, err := LearningCurves([]LearningCurve{c}); !usage.Is(err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := LearningCurves(nil); !usage.Is(err) {
		t.Errorf("no curve: got %v", err)
	}
}
