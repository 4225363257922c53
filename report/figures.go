package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/plotter"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/record"
)

// ResultsFigure draws the accuracy of each model on each task as horizontal bars, with 95 % intervals: over seeds when
// there are several, else over the images tested (Wilson's score interval). It shows one protocol: kNN on the encoder,
// on test, where there is one. A dashed line is the accuracy of guessing, where the results have it. Results without an
// accuracy are a usage error.
func ResultsFigure(results []record.Result) (*plots.Figure, error) {
	c := compare(results)
	rows := c.main()
	if len(rows) == 0 {
		return nil, usage.Errorf("there is no accuracy to draw: evaluate the run first")
	}

	// A model without any number in these rows would leave an empty bar in every group.
	var chart plots.BarChart
	var models []string // with a number in some row
	for _, m := range c.columns {
		for _, r := range rows {
			if r.cells[m] != nil {
				models = append(models, m)
				chart.Series = append(chart.Series, plots.BarSeries{Name: m, Kind: kindOf(m)})
				break
			}
		}
	}

	// What all tasks have in common goes into the axis: names of groups stay short.
	prefix := commonPrefix(rows)
	var counts []string
	for _, r := range rows {
		chart.Groups = append(chart.Groups, r.bars(models, prefix))
		counts = appendNew(counts, r.counts())
	}

	chart.X = fmt.Sprintf("%s%s accuracy (%%) · %s · n = %s images", strings.Replace(prefix, "/", " ", 1),
		rows[0].split, rows[0].protocol, strings.Join(counts, ", "))

	// The text for the figure has the intervals over seeds, which the chart's own leaves out.
	f, err := chart.Figure()
	if err == nil {
		f.Alt = inWords(rows, models)
	}
	return f, err
}

// bars returns the accuracies of models in the row, in percent.
func (r *row) bars(models []string, prefix string) plots.BarGroup {
	g := plots.BarGroup{Name: strings.TrimPrefix(r.task, prefix), Chance: math.NaN()}
	if r.chance > 0 {
		g.Chance = 100 * r.chance
	}

	for _, m := range models {
		bar := plots.Bar{Mean: math.NaN(), Low: math.NaN(), High: math.NaN()}
		if e := r.cells[m]; e != nil {
			low, high := e.interval()
			bar = plots.Bar{Mean: 100 * e.mean(), Low: 100 * low, High: 100 * high}
		}
		g.Bars = append(g.Bars, bar)
	}
	return g
}

// inWords says the accuracies of rows.
func inWords(rows []*row, models []string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Bar chart of %s accuracy by %s.", rows[0].split, rows[0].protocol)

	for _, r := range rows {
		var parts []string
		for _, m := range models {
			if e := r.cells[m]; e != nil {
				parts = append(parts, m+" "+e.format(record.MetricAccuracy))
			}
		}
		fmt.Fprintf(&text, " %s: %s.", r.task, strings.Join(parts, ", "))
	}
	return text.String()
}

// measureNames are what the axes of figures call measures of which more is better.
var measureNames = map[string]string{record.MetricBalanced: "class-balanced accuracy (%)",
	record.MetricTop5: "top-5 accuracy (%)", record.MetricCorrupted: "mean accuracy under corruptions (%)",
	record.MetricRetrieval: "retrieval mAP (%)", record.MetricNMI: "NMI of k-means (%)",
	record.MetricARI: "adjusted Rand index of k-means (%)"}

// Measures returns the measures in results that MeasureFigure draws, in the order of their first result.
func Measures(results []record.Result) (metrics []string) {
	for _, r := range results {
		if measureNames[r.Metric] != "" {
			metrics = appendNew(metrics, r.Metric)
		}
	}
	return metrics
}

// MeasurePicture returns the name of the file in a run folder that MeasureFigure is drawn into.
func MeasurePicture(metric string) string {
	if metric == record.MetricRetrieval {
		return "retrieval.png" // its metric is called map, and map.png is record.MapPicture
	}
	return metric + ".png"
}

// MeasureFigure draws one of Measures, times 100, as horizontal bars: a group for each task and protocol, a bar for
// each model. Results without it are a usage error. Of corruptions it draws the means.
func MeasureFigure(results []record.Result, metric string) (*plots.Figure, error) {
	c, chart := compare(results), plots.BarChart{}
	var rows []*row
	for _, r := range c.rows {
		if r.metric == metric && (metric != record.MetricCorrupted || strings.HasPrefix(r.protocol.Details, "mean/")) {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return nil, usage.Errorf("there is no %s to draw", metric)
	}

	prefix := commonPrefix(rows)
	chart.X = strings.TrimSpace(strings.Replace(prefix, "/", " ", 1) + rows[0].split + " " + measureNames[metric])
	var models []string
	for _, m := range c.columns {
		if slices.ContainsFunc(rows, func(r *row) bool { return r.cells[m] != nil }) {
			models = append(models, m)
			chart.Series = append(chart.Series, plots.BarSeries{Name: m, Kind: kindOf(m)})
		}
	}
	for _, r := range rows {
		g := plots.BarGroup{Name: strings.TrimPrefix(r.task, prefix) + " · " + inBrief(r.protocol), Chance: math.NaN()}
		for _, m := range models {
			bar := plots.Bar{Mean: math.NaN(), Low: math.NaN(), High: math.NaN()}
			if e := r.cells[m]; e != nil {
				bar.Mean = 100 * max(0, e.mean()) // an index can be below that of chance
			}
			g.Bars = append(g.Bars, bar)
		}
		chart.Groups = append(chart.Groups, g)
	}
	return chart.Figure()
}

// inBrief names a protocol in as few words as tell it from others of one figure: of what it is made, and the layer
// where that is not the usual one.
func inBrief(p record.Protocol) string {
	brief := p
	brief.Details = ""
	if parts := strings.Split(p.Details, "/"); p.Name() == evaluate.ProtocolPatches && len(parts) > 2 {
		brief.Family += " " + parts[2] // by what the bags are measured
	} else if p.Name() != p.Family {
		brief.Family = p.Name()
	}
	return brief.Short()
}

// ConfusionMap returns how the predictions for each class are spread over all classes, in percent of its images: a row
// for each class and a column for each predicted one.
func ConfusionMap(c record.Confusion) plots.ConfusionMatrix {
	return plots.ConfusionMatrix{Title: fmt.Sprintf("%s on %s by %s", c.Model, c.Task, c.Protocol.Short()),
		Classes: c.Classes, Counts: c.Counts}
}

// CorruptionMap returns the accuracy of a model under each corruption of a task, by severity, in percent. It is not ok
// where none was measured.
func CorruptionMap(results []record.Result, model, task string) (m plots.HeatMap, ok bool) {
	m = plots.HeatMap{Title: model + " on " + task, Unit: "accuracy (%) by severity"}
	for _, r := range results {
		if r.Model != model || r.Task != task || r.Metric != record.MetricCorrupted || len(r.Parts) == 0 {
			continue
		}
		if m.Columns == nil {
			m.Columns = slices.Sorted(maps.Keys(r.Parts))
		}
		name, _, _ := strings.Cut(r.Protocol.Details, "/")
		var values []float64
		for _, severity := range m.Columns {
			values = append(values, 100*r.Parts[severity])
		}
		m.Rows, m.Values = append(m.Rows, name), append(m.Values, values)
	}
	return m, len(m.Rows) > 0
}

// TaskMap returns the accuracies of one model in percent: a row for each task and a column for each protocol, in
// order of appearance, on test images where there are any. Several seeds give their mean. The scale of each row goes
// from the accuracy of guessing on its task, 0 where the results lack it, to 100. A model of which results has no
// accuracy is a usage error.
func TaskMap(results []record.Result, model string) (plots.HeatMap, error) {
	rows, err := accuracyRows(results, model)
	if err != nil {
		return plots.HeatMap{}, err
	}

	m := plots.HeatMap{Title: model, Unit: rows[0].split + " accuracy (%)", PerRow: true, Ceiling: 100}
	for _, r := range rows {
		m.Rows, m.Columns = appendNew(m.Rows, r.task), appendNew(m.Columns, r.protocol.Short())
	}

	// Guessing is the same by all protocols of a task.
	chance := map[string]float64{}
	for _, r := range rows {
		chance[r.task] = max(chance[r.task], 100*r.chance)
	}
	m.FloorName = chanceName(chance)

	// Cells without a row of results stay NaN. [tasks, protocols]
	for i, task := range m.Rows {
		m.Values = append(m.Values, unmeasured(len(m.Columns)))
		m.Halves = append(m.Halves, unmeasured(len(m.Columns)))
		m.Floors = append(m.Floors, chance[task])
		for _, r := range rows {
			for k, column := range m.Columns {
				if r.task == task && r.protocol.Short() == column {
					// Half of the 95 % interval in points: 100/2 times its width.
					low, high := r.cells[model].interval()
					m.Values[i][k], m.Halves[i][k] = 100*r.cells[model].mean(), 50*(high-low)
				}
			}
		}
	}
	return m, nil
}

// chanceName names where the scales of tasks begin: at the accuracy of guessing, or at 0 where it is not known.
func chanceName(chance map[string]float64) string {
	known := 0
	for _, c := range chance {
		if c > 0 {
			known++
		}
	}
	switch known {
	case len(chance):
		return "chance"
	case 0:
		return "0"
	}
	return "chance, or else 0,"
}

func unmeasured(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = math.NaN()
	}
	return list
}

// accuracyRows returns the rows of a model's accuracies on one split.
func accuracyRows(results []record.Result, model string) ([]*row, error) {
	var own []record.Result
	var known []string
	split := ""
	for _, r := range results {
		if r.Metric != record.MetricAccuracy {
			continue
		}

		// The models that there are, for an error that names them.
		known = appendNew(known, r.Model)
		if r.Model == model {
			own = append(own, r)

			// Test where it was measured, else the split that comes first.
			if split == "" || r.Split == record.SplitTest {
				split = r.Split
			}
		}
	}

	if len(own) == 0 && len(known) == 0 {
		return nil, usage.Errorf("there is no accuracy to draw: evaluate the run first")
	}
	if len(own) == 0 {
		return nil, usage.Unknown("model", model, known)
	}

	var rows []*row
	for _, r := range compare(own).rows {
		if r.split == split {
			rows = append(rows, r)
		}
	}
	return rows, nil
}

// TrainingCurve draws a run's training log: the loss with its chance level, the accuracy of the online probe where
// there is one, and the spread of the embeddings, each against the images seen. A log without a finite loss is a
// usage error.
func TrainingCurve(metrics []record.Metrics) (*plots.Figure, error) {
	return training(metrics).Figure()
}

// training extracts the course of a training from its log, finite values only. A log that says 0 for chance while all
// losses are positive gives none.
func training(metrics []record.Metrics) plots.Training {
	t := plots.Training{Chance: math.NaN()}
	lowest := math.Inf(1)

	for _, m := range metrics {
		x := float64(m.Images)
		t.Loss = appendFinite(t.Loss, x, m.Loss)
		t.Spread = appendFinite(t.Spread, x, m.Spread)
		if m.ProbeAccuracy != nil {
			t.Probe = appendFinite(t.Probe, x, 100**m.ProbeAccuracy)
		}

		// The last line of the log counts: it is how far the training came.
		t.Chance, t.Epochs = m.Chance, m.Epoch
		lowest = min(lowest, m.Loss)
	}

	// 0 means not known, unless losses can be 0 or below: then it may be the level itself.
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

// ProbeCurves draws how probes went, epoch by epoch: a panel for each task and protocol, and in it a line for each
// model and seed, solid for the accuracy on test and dashed for the one on train. It returns a usage error without
// curves, and for a curve whose lists differ in length or are not in [0, 1].
func ProbeCurves(curves []record.Curve) (*plots.Figure, error) {
	values := make([]plots.LearningCurve, len(curves))
	for i, c := range curves {
		values[i] = plots.LearningCurve{Task: c.Task, Protocol: c.Protocol.String(), Model: c.Model,
			Kind: kindOf(c.Model), Seed: c.Seed, Train: c.Train, Test: c.Test}
	}
	return plots.LearningCurves(values)
}
