package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/record"
)

// measure is a number of another measure than accuracy.
func measure(model, metric, protocol string, value float64, parts map[string]float64) record.Result {
	return record.Result{Model: model, Task: "t/class", Protocol: record.ParseProtocol(protocol), Layer: "encoder",
		Split: "test", Metric: metric, Value: value, N: 1000, Run: "r", Parts: parts}
}

func measures() []record.Result {
	return []record.Result{
		measure("untrained", record.MetricNMI, "kmeans/lloyd/r3/i100@encoder", 0.1, nil),
		measure("simclr", record.MetricNMI, "kmeans/lloyd/r3/i100@encoder", 0.25, nil),
		measure("simclr", record.MetricARI, "kmeans/lloyd/r3/i100@encoder", -0.01, nil),
		measure("simclr", record.MetricRankMe, "rankme@encoder", 80, nil),
		measure("simclr", record.MetricTop5, "knn/cosine/k20/t0.07@encoder", 0.91, nil),
		measure("simclr", record.MetricCorrupted, "corruptions/fog/n2000/linear@encoder", 0.5,
			map[string]float64{"1": 0.6, "2": 0.4}),
		measure("simclr", record.MetricCorrupted, "corruptions/mean/n2000/linear@encoder", 0.45,
			map[string]float64{"1": 0.5, "2": 0.4}),
	}
}

func TestMeasureFigure_DrawsEachMeasure(t *testing.T) {
	got := Measures(measures())
	want := []string{record.MetricNMI, record.MetricARI, record.MetricTop5, record.MetricCorrupted}
	if !slices.Equal(got, want) {
		t.Errorf("measures %q, want %q", got, want)
	}
	for metric, text := range map[string]string{record.MetricNMI: ">25.0<", record.MetricARI: ">0.0<",
		record.MetricTop5: "top-5 accuracy", record.MetricCorrupted: ">45.0<"} {
		f, err := MeasureFigure(measures(), metric)
		if err != nil {
			t.Fatal(err)
		}
		svg, err := f.SVG()
		if err != nil || !strings.Contains(string(svg), text) || strings.Contains(string(svg), "interval") {
			t.Errorf("%s lacks %s, or has an interval (%v)", metric, text, err)
		}
	}
	if _, err := MeasureFigure(measures(), record.MetricBalanced); !usage.Is(err) {
		t.Errorf("got %v", err)
	}
}

func TestInBrief_TellsProtocolsApart(t *testing.T) {
	for text, want := range map[string]string{
		"patches/p9/s0.5/linear/lbfgs/l2-val/by-group@encoder": "patches linear",
		"patches/p9/s0.5/knn/cosine/k20/t0.07@projector1":      "patches knn@projector1",
		"linear/sgd/b256/e90@encoder":                          "linear-sgd",
		"knn/cosine/k20/t0.07@encoder":                         "knn",
	} {
		if got := inBrief(record.ParseProtocol(text)); got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestCorruptionMap_HasARowForEachCorruption(t *testing.T) {
	m, ok := CorruptionMap(measures(), "simclr", "t/class")
	if !ok || !slices.Equal(m.Rows, []string{"fog", "mean"}) || !slices.Equal(m.Columns, []string{"1", "2"}) ||
		m.Values[0][1] != 40 {
		t.Errorf("got %+v", m)
	}
	if _, ok := CorruptionMap(measures(), "untrained", "t/class"); ok {
		t.Error("a model without corruptions has a map")
	}
}

// Shares of images are in percent, whatever the measure is called.
func TestResults_SharesAreInPercent(t *testing.T) {
	rows := Results(measures()).Rows
	var cells []string
	for _, r := range rows {
		cells = append(cells, r[1]+": "+r[len(r)-1])
	}
	for _, want := range []string{"knn/cosine/k20/t0.07@encoder (top5_accuracy): 91.0 %",
		"kmeans/lloyd/r3/i100@encoder (nmi): 0.25",
		"corruptions/mean/n2000/linear@encoder (corrupted_accuracy): 45.0 %"} {
		if !slices.Contains(cells, want) {
			t.Errorf("%q is not in %q", want, cells)
		}
	}
}
