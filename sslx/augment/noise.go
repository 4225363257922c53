package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

func init() { Register("gaussian-noise", GaussianNoise{Sigma: 0.1}) }

// GaussianNoise adds independent normal noise of standard deviation Sigma to every channel of every pixel. Sigma is
// in units of the pixel range [0, 1], before normalizing; the result is not clipped, so that the noise stays normal.
// Parameter: "noise" [batch, height·width·channels], of standard deviation 1.
type GaussianNoise struct {
	SameSize
	Sigma float64 `yaml:"sigma"`
}

// Name implements [Operation].
func (GaussianNoise) Name() string { return "gaussian-noise" }

// Draw implements [Operation].
func (GaussianNoise) Draw(_, normal Source, height, width, channels int) Params {
	return Params{"noise": normal(height * width * channels)}
}

// Apply implements [Operation].
func (o GaussianNoise) Apply(images *Node, p Params) *Node {
	return Add(images, MulScalar(Reshape(p["noise"], images.Shape().Dimensions...), o.Sigma))
}

// Check returns an error for a standard deviation out of range.
func (o GaussianNoise) Check() error { return inRange(limit{"sigma", o.Sigma, 0, 1e3}) }
