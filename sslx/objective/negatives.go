package objective

import (
	"cmp"
	"maps"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
)

// Negatives says what the denominator of simclr, dcl and dclw holds besides the positive. The zero value is "batch".
type Negatives struct {
	// Kind is one of
	//   - "batch", or "": every view of every other image;
	//   - "random-k": the views of some other images;
	//   - "patch-same": patches of the same image, resized;
	//   - "crop-same": other crops of the same image;
	//   - "patch-fixed": one patch of one image, the same for all.
	Kind string `yaml:"negatives"`

	// K is the number of other images (random-k), of patches (patch-same) or of crops (crop-same); 0 is 1. The other
	// kinds have none.
	K int `yaml:"negatives_k,omitempty"`

	// Patch is the side of a patch in pixels (patch-same, patch-fixed), before it is resized to the size of a view; 0
	// is 8. The other kinds have none.
	Patch int `yaml:"patch,omitempty"`

	// Alike gives patches (patch-same, patch-fixed) the operations of the anchor that follow its crop, such as noise.
	// Without them, whether an image has noise tells a negative from an anchor.
	Alike bool `yaml:"negatives_alike,omitempty"`
}

// negativesKind is one choice of negatives.
type negativesKind struct {
	k, patch int                     // own values of Negatives.K and Patch; 0 is that it has none
	needs    func(n Negatives) Needs // nil for none
	cosines  func(n Negatives, in Inputs, z *Node) (cosines *Node, number int)
}

// negativesKinds are the kinds of Negatives.
var negativesKinds = map[string]negativesKind{
	"batch":       {cosines: batchCosines},
	"random-k":    {k: 1, needs: randomNeeds, cosines: randomCosines},
	"patch-same":  {k: 1, patch: 8, needs: patchNeeds, cosines: extraCosines},
	"crop-same":   {k: 1, needs: cropNeeds, cosines: extraCosines},
	"patch-fixed": {patch: 8, needs: fixedNeeds, cosines: extraCosines},
}

// kind returns the kind, and whether it is known.
func (n Negatives) kind() (negativesKind, bool) {
	kind, ok := negativesKinds[cmp.Or(n.Kind, "batch")]
	return kind, ok
}

// resolved fills in what is zero.
func (n Negatives) resolved() Negatives {
	kind, _ := n.kind()
	return Negatives{cmp.Or(n.Kind, "batch"), cmp.Or(n.K, kind.k), cmp.Or(n.Patch, kind.patch), n.Alike}
}

// check returns an error of package usage for the negatives of a method when the kind is unknown, a number is negative,
// or one is set that the kind does not use.
func (n Negatives) check(method string) error {
	kind, ok := n.kind()
	if !ok {
		return usage.Unknown("objective.negatives", n.Kind, slices.Collect(maps.Keys(negativesKinds)))
	}
	for _, p := range []struct {
		key        string
		value, own int
	}{{"negatives_k", n.K, kind.k}, {"patch", n.Patch, kind.patch}} {
		switch {
		case p.value != 0 && p.own == 0:
			return usage.Errorf("objective.%s is %d, which %s with negatives %s does not use: leave it out",
				p.key, p.value, method, n.resolved().Kind)
		case p.value < 0:
			return usage.Errorf("objective.%s is %d: it must be positive (0 takes the kind's own)", p.key, p.value)
		}
	}
	return nil
}

// needs returns what a contrastive loss with these negatives uses; atLeast is the fewest images with negatives of the
// batch.
func (n Negatives) needs(atLeast int) Needs {
	n = n.resolved()
	kind, _ := n.kind()
	if kind.needs == nil {
		return Needs{LeastBatch: atLeast, LeastBatchReason: noNegative}
	}
	return kind.needs(n)
}

func randomNeeds(n Negatives) Needs {
	return Needs{Random: true, LeastBatch: n.K + 1, LeastBatchReason: "negatives_k counts the others"}
}

func patchNeeds(n Negatives) Needs {
	return Needs{Negatives: ExtraViews{Count: n.K, View: n.patchView("")}}
}

func cropNeeds(n Negatives) Needs { return Needs{Negatives: ExtraViews{Count: n.K}} }

func fixedNeeds(n Negatives) Needs {
	return Needs{Negatives: ExtraViews{Count: 1, OneImage: true, View: n.patchView("center")}}
}

// patchView returns how a patch is made that lies at a place.
func (n Negatives) patchView(at string) func(anchor augment.Config) augment.Config {
	return func(anchor augment.Config) augment.Config {
		if !n.Alike {
			return augment.Config{Size: anchor.Size, Patch: n.Patch, PatchAt: at}
		}
		// The patch takes the place of the crop; the operations after it stay.
		anchor.Patch, anchor.PatchAt, anchor.CropScale, anchor.CropScaleMax = n.Patch, at, 0, 0
		return anchor
	}
}

// withNegatives is what objectives with a choice of negatives have.
type withNegatives interface {
	Objective
	chosen() Negatives
	choosing(n Negatives) Objective
}

// withKind returns the objective with another kind of negatives, without the numbers of the previous kind.
func withKind(o Objective, kind string) Objective {
	if c, ok := o.(withNegatives); ok && c.chosen().resolved().Kind != kind {
		return c.choosing(Negatives{})
	}
	return o
}

// noNegative is why a loss of one image's negatives in the batch needs two images.
const noNegative = "there would be no negative"

// masked stands for minus infinity in the logits: its exponential is 0 in float32, and 0·masked is 0.
const masked = -1e30

// cosines returns [V·N, M], the cosines of each anchor of z [V·N, dim], which is normalized, with its negatives, masked
// where there is none; and what their number is.
func (n Negatives) cosines(in Inputs, z *Node) (cosines *Node, number int) {
	n = n.resolved()
	kind, _ := n.kind()
	return kind.cosines(n, in, z)
}

func batchCosines(_ Negatives, in Inputs, z *Node) (*Node, int) {
	n, views := in.images(), len(in.Views)
	return mask(Not(sameImage(z.Graph(), views, n)), cosineMatrix(z, z)), views * (n - 1)
}

func randomCosines(n Negatives, in Inputs, z *Node) (*Node, int) {
	views := len(in.Views)
	drawn := tile(drawn(in.Random(in.images()), n.K), views) // [V·N, V·N]
	return mask(drawn, cosineMatrix(z, z)), views * n.K
}

func extraCosines(_ Negatives, in Inputs, z *Node) (*Node, int) {
	own := make([]*Node, len(in.Negatives))
	for k, negative := range in.Negatives {
		own[k] = cosine(z, normalized(negative)) // [V·N, 1]
	}
	return Concatenate(own, 1), len(own)
}

// drawn returns bool [n, n]: for each image of a row, the k other images of the smallest draws. (Two equal draws may
// make it k+1: they are float32, and the chance is about 2^-24 for a pair.)
func drawn(draws *Node, k int) *Node {
	n := draws.Shape().Dimensions[0]
	others := Not(sameImage(draws.Graph(), 1, n))
	// Draws are below 1, so that 2 keeps the image itself out of the smallest.
	draws = Where(others, draws, Scalar(draws.Graph(), draws.DType(), 2.0))
	// The k-th smallest draw of each row. [n, 1]
	last := Slice(Sort(draws, 1, true), AxisRange(), AxisElem(k-1))
	return LogicalAnd(others, LessOrEqual(draws, last))
}

// sameImage returns bool [views·n, views·n]: whether row and column are of the same image, in the same view or not.
func sameImage(g *Graph, views, n int) *Node {
	shape := shapes.Make(dtypes.Int32, views*n, views*n)
	// The rows of one view follow those of another, so that the image is the row modulo n.
	image := func(axis int) *Node { return ModScalar(Iota(g, shape, axis), n) }
	return Equal(image(0), image(1))
}

// tile repeats x [n, n] to [views·n, views·n].
func tile(x *Node, views int) *Node {
	n := x.Shape().Dimensions[0]
	// [views, n, views, n], in which the first two axes and the last two become one each
	return Reshape(BroadcastToDims(Reshape(x, 1, n, 1, n), views, n, views, n), views*n, views*n)
}

func mask(keep, x *Node) *Node { return Where(keep, x, Scalar(x.Graph(), x.DType(), masked)) }
