package report

import (
	"math"

	"github.com/sslx-go/lab/sslx/record"
)

// Headline is the one number of a run that a list has room for. The JSON keys are a stable contract.
type Headline struct {
	Task     string `json:"task"`
	Protocol string `json:"protocol"`
	Split    string `json:"split"`

	// Accuracy is in [0, 1]; Baseline is the accuracy of the stronger of raw pixels and the untrained encoder, null
	// when neither was measured.
	Accuracy float64  `json:"accuracy"`
	Baseline *float64 `json:"baseline"`
}

// HeadlineOf returns the accuracy of a model on the first task that it was measured on: by kNN on the encoder and on
// test where there is that. It is not ok without an accuracy.
func HeadlineOf(results []record.Result, model string) (h Headline, ok bool) {
	for _, r := range compare(results).main() {
		e := r.cells[model]
		if e == nil {
			continue
		}
		h = Headline{Task: r.task, Protocol: r.protocol.String(), Split: r.split, Accuracy: e.mean()}

		// All baselines have to be beaten.
		best := math.Inf(-1)
		for _, name := range record.Baselines() {
			if b := r.cells[name]; b != nil {
				best = max(best, b.mean())
			}
		}
		if !math.IsInf(best, -1) {
			h.Baseline = &best
		}
		return h, true
	}
	return h, false
}
