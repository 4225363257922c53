package augment

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// GaussianNoise adds independent normal noise of standard deviation Sigma to every channel of every pixel. Sigma is
// in units of the pixel range [0, 1], before normalising; the result is not clipped, so that the noise stays normal.
// Parameter: "noise" [batch, height·width·3], of standard deviation 1.
type GaussianNoise struct {
	sameSize
	Sigma float64
}

// Name implements [Operation].
func (GaussianNoise) Name() string { return "gaussian-noise" }

// Draw implements [Operation].
func (GaussianNoise) Draw(_, normal Source, height, width int) Params {
	return Params{"noise": normal(height * width * 3)}
}

// Apply implements [Operation].
func (o GaussianNoise) Apply(images *Node, p Params) *Node {
	return Add(images, MulScalar(Reshape(p["noise"], images.Shape().Dimensions...), o.Sigma))
}
