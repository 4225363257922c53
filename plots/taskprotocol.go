package plots

import (
	"math"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/record"
)

// TaskProtocolMap returns the accuracies of one model in percent: a row for each task and a column for each protocol, in
// order of appearance, on test images where there are any. Several seeds give their mean. Each row's scale begins at the
// lowest accuracy of the floors, pixels and untrained, on its task, where they were measured. A model of which results
// has no accuracy is a usage error.
func TaskProtocolMap(results []record.Result, model string) (HeatMap, error) {
	rows, err := accuracyRows(results, model)
	if err != nil {
		return HeatMap{}, err
	}
	m := HeatMap{Title: model, Unit: rows[0].split + " accuracy (%)", PerRow: true}
	for _, r := range rows {
		m.Rows, m.Columns = appendNew(m.Rows, r.task), appendNew(m.Columns, r.protocol.Short())
	}
	for i, task := range m.Rows {
		m.Values = append(m.Values, unmeasured(len(m.Columns)))
		m.Halves = append(m.Halves, unmeasured(len(m.Columns)))
		m.Floors = append(m.Floors, lowestFloor(results, model, task, rows[0].split))
		for _, r := range rows {
			for k, column := range m.Columns {
				if r.task == task && r.protocol.Short() == column {
					low, high := r.models[model].interval()
					m.Values[i][k], m.Halves[i][k] = 100*r.models[model].mean(), 50*(high-low)
				}
			}
		}
	}
	return m, nil
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
		known = appendNew(known, r.Model)
		if r.Model == model {
			own = append(own, r)
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

// lowestFloor returns the lowest accuracy of another model that was not trained, in percent; NaN when there is none.
func lowestFloor(results []record.Result, model, task, split string) float64 {
	lowest := math.NaN()
	for _, r := range results {
		floor := r.Model != model && (r.Model == record.ModelPixels || r.Model == record.ModelUntrained)
		if floor && r.Task == task && r.Split == split && r.Metric == record.MetricAccuracy && !(100*r.Value >= lowest) {
			lowest = 100 * r.Value
		}
	}
	return lowest
}
