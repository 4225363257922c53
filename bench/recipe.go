package bench

import (
	"slices"

	"github.com/sslx-go/lab/sslx/augment"
)

// Recipe is how a view is made: the preset "cifar" of package augment. Peers read it from the configuration.
type Recipe struct {
	CropScale         float64    `json:"crop_scale"` // smallest share of the area
	Flip              float64    `json:"flip"`       // probability
	Jitter            [4]float64 `json:"jitter"`     // brightness, contrast, saturation, hue
	JitterProbability float64    `json:"jitter_probability"`
	Gray              float64    `json:"gray"` // probability
	Mean              []float64  `json:"mean"`
	Std               []float64  `json:"std"`
}

// view is the recipe as package augment has it.
var view = augment.MustPreset("cifar")[0]

func newRecipe() Recipe {
	j := augment.NewColorJitter(view.Jitter)
	return Recipe{CropScale: view.CropScale, Flip: view.Flip, Gray: view.Gray,
		Jitter: [4]float64{j.Brightness, j.Contrast, j.Saturation, j.Hue}, JitterProbability: j.Probability,
		Mean: []float64{0.4914, 0.4822, 0.4465}, Std: []float64{0.2470, 0.2435, 0.2616}} // CIFAR-10's
}

// sameViews returns n views of each image.
func sameViews(n int) augment.Views { return slices.Repeat(augment.Views{view}, n) }
