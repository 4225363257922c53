package augment

import "github.com/sslx-go/lab/internal/usage"

// Config describes a view pipeline: resized crop, horizontal flip, color jitter, grayscale and Gaussian noise, in that
// order. An operation whose number is 0 is left out. Normalising comes after it, with the statistics of the data.
type Config struct {
	// Size is the height and width of a view in pixels; 0 means those of the images.
	Size int `yaml:"size" json:"size"`

	// CropScale is the smallest share of the image's area that a resized crop keeps, in (0, 1]; 0 leaves the crop out.
	CropScale float64 `yaml:"crop_scale" json:"crop_scale"`

	// Flip is the probability of a horizontal flip.
	Flip float64 `yaml:"flip" json:"flip"`

	// Jitter is the strength of SimCLR's color jitter, applied with probability 0.8; at most 2.5.
	Jitter float64 `yaml:"jitter" json:"jitter"`

	// Gray is the probability of grayscale.
	Gray float64 `yaml:"gray" json:"gray"`

	// Noise is the standard deviation of Gaussian noise, in units of the pixel range [0, 1].
	Noise float64 `yaml:"noise" json:"noise"`
}

// Check returns an error of package usage when a value is out of range.
func (c Config) Check() error {
	for _, f := range []struct {
		name       string
		value, max float64
	}{{"size", float64(c.Size), 4096}, {"crop_scale", c.CropScale, 1}, {"flip", c.Flip, 1}, {"jitter", c.Jitter, 2.5},
		{"gray", c.Gray, 1}, {"noise", c.Noise, 1e3}} {
		if !(f.value >= 0 && f.value <= f.max) {
			return usage.Errorf("views.%s is %g: it must be between 0 and %g", f.name, f.value, f.max)
		}
	}
	if c.Size != 0 && c.CropScale == 0 {
		return usage.Errorf("views.size is %d, but only a crop changes the size: set views.crop_scale too", c.Size)
	}
	return nil
}

// Pipeline returns the operations for images of the given size. The configuration must pass Check.
func (c Config) Pipeline(height, width int) (p Pipeline) {
	if c.CropScale > 0 {
		crop := NewResizedCrop(c.Size, c.CropScale)
		if c.Size == 0 {
			crop.Height, crop.Width = height, width
		}
		p = append(p, crop)
	}
	if c.Flip > 0 {
		p = append(p, HorizontalFlip{Probability: c.Flip})
	}
	if c.Jitter > 0 {
		p = append(p, NewColorJitter(c.Jitter))
	}
	if c.Gray > 0 {
		p = append(p, Grayscale{Probability: c.Gray})
	}
	if c.Noise > 0 {
		p = append(p, GaussianNoise{Sigma: c.Noise})
	}
	return p
}
