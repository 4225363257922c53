package plots

import "slices"

// The floors of every comparison: models that were not trained.
const (
	Pixels    = "pixels"    // the raw pixels
	Untrained = "untrained" // the encoder at initialisation
)

// supervised is the name of a ceiling: it was trained with the labels.
const supervised = "supervised"

// orderModels returns the floors, present or not, then the trained models in the order given, then the ceiling.
func orderModels(seen []string) []string {
	models := []string{Pixels, Untrained}
	for _, m := range seen {
		if !slices.Contains(models, m) && m != supervised {
			models = append(models, m)
		}
	}
	if slices.Contains(seen, supervised) {
		models = append(models, supervised)
	}
	return models
}

// methods returns the models that were trained without labels.
func methods(models []string) []string {
	return slices.DeleteFunc(slices.Clone(models), func(m string) bool {
		return m == Pixels || m == Untrained || m == supervised
	})
}
