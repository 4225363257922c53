package objective

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// the kinds of negatives of Config.Negatives
const (
	batchNegatives = "batch"
	randomK        = "random-k"
	patchSame      = "patch-same"
	cropSame       = "crop-same"
	patchFixed     = "patch-fixed"
)

// negativeKinds gives the own values of NegativesK and Patch for each kind; 0 is that it has none.
var negativeKinds = map[string]struct{ k, patch int }{
	batchNegatives: {},
	randomK:        {k: 1},
	patchSame:      {k: 1, patch: 8},
	cropSame:       {k: 1},
	patchFixed:     {patch: 8},
}

// masked stands for minus infinity in the logits: its exponential is 0 in float32, and 0·masked is 0.
const masked = -1e30

// negatives returns [V·N, M], the cosines of each anchor of z [V·N, dim], which is normalised, with its negatives,
// masked where there is none; and what their number is.
func (c Config) negatives(in Inputs, z *Node) (cosines *Node, number int) {
	n, views := in.images(), len(in.Views)
	switch c.Negatives {
	case batchNegatives:
		return mask(Not(sameImage(z.Graph(), views, n)), cosineMatrix(z, z)), views * (n - 1)
	case randomK:
		drawn := tile(drawn(in.Random(n), c.NegativesK), views)
		return mask(drawn, cosineMatrix(z, z)), views * c.NegativesK
	}
	own := make([]*Node, len(in.Negatives))
	for k, negative := range in.Negatives {
		own[k] = cosine(z, normalized(negative))
	}
	return Concatenate(own, 1), len(own)
}

// drawn returns bool [n, n]: for each image of a row, the k other images of the smallest draws. (Two equal draws may
// make it k+1: they are float32, and the chance is about 2^-24 for a pair.)
func drawn(draws *Node, k int) *Node {
	n := draws.Shape().Dimensions[0]
	others := Not(sameImage(draws.Graph(), 1, n))
	draws = Where(others, draws, Scalar(draws.Graph(), draws.DType(), 2.0))
	last := Slice(Sort(draws, 1, true), AxisRange(), AxisElem(k-1))
	return LogicalAnd(others, LessOrEqual(draws, last))
}

// sameImage returns bool [views·n, views·n]: whether row and column are of the same image, in the same view or not.
func sameImage(g *Graph, views, n int) *Node {
	shape := shapes.Make(dtypes.Int32, views*n, views*n)
	image := func(axis int) *Node { return ModScalar(Iota(g, shape, axis), n) }
	return Equal(image(0), image(1))
}

// tile repeats x [n, n] to [views·n, views·n].
func tile(x *Node, views int) *Node {
	n := x.Shape().Dimensions[0]
	return Reshape(BroadcastToDims(Reshape(x, 1, n, 1, n), views, n, views, n), views*n, views*n)
}

func mask(keep, x *Node) *Node { return Where(keep, x, Scalar(x.Graph(), x.DType(), masked)) }
