package report

import (
	"slices"

	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx/record"
)

// orderModels returns the baselines, pixels and untrained present or not, then the trained models in the order given,
// then the ceiling.
func orderModels(seen []string) []string {
	models := []string{record.ModelPixels, record.ModelUntrained}
	if slices.Contains(seen, record.ModelUntrainedBN) { // records of version 0.1 lack it
		models = append(models, record.ModelUntrainedBN)
	}
	for _, m := range seen {
		if !slices.Contains(models, m) && m != record.ModelSupervised {
			models = append(models, m)
		}
	}
	if slices.Contains(seen, record.ModelSupervised) {
		models = append(models, record.ModelSupervised)
	}
	return models
}

// methods returns the models that were trained without labels.
func methods(models []string) []string {
	return slices.DeleteFunc(slices.Clone(models), func(m string) bool {
		return record.IsBaseline(m) || m == record.ModelSupervised
	})
}

// kindOf returns what a model is drawn as.
func kindOf(model string) plots.Kind {
	switch model {
	case record.ModelPixels:
		return plots.Pixels
	case record.ModelUntrained, record.ModelUntrainedBN:
		return plots.Untrained
	}
	return plots.Trained
}
