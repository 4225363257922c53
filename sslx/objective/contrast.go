package objective

import (
	"maps"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// contrast holds what contrastive losses are made of, for V·N anchors (the views' embeddings, those of the first view
// first), each with V-1 positives (the other views of its image) and some negatives.
type contrast struct {
	positives []*Node // V-1 of [V·N, 1]: the cosine s of each anchor with a positive
	excess    []*Node // V-1 of [V·N, 1]: the logarithm of Σ exp(s/τ) over the negatives, less that positive's s/τ
	sharpness *Node   // 1/τ
}

// newContrast takes cosines; the negatives' are [V·N, M]. Cosines are subtracted before they are divided by τ, so
// that a loss and its gradient keep their digits where the negatives are far from the positive.
func newContrast(positives []*Node, negatives, sharpness *Node) contrast {
	c := contrast{positives: positives, sharpness: sharpness}
	// Without the largest, no exponential overflows. It cancels, and so needs no gradient. [V·N, 1]
	largest := StopGradient(ReduceAndKeep(negatives, ReduceMax, 1))
	sum := Log(ReduceAndKeep(Exp(Mul(Sub(negatives, largest), sharpness)), ReduceSum, 1))
	for _, p := range positives {
		c.excess = append(c.excess, Add(Mul(Sub(largest, p), sharpness), sum))
	}
	return c
}

// inverse returns 1/τ.
func (in Inputs) inverse(temperature float64) *Node {
	if in.sharpness != nil {
		return in.sharpness
	}
	return Scalar(in.Views[0].Graph(), in.Views[0].DType(), 1/temperature)
}

// crossEntropies returns the losses of the anchors whose denominators hold the positive besides the negatives.
func (c contrast) crossEntropies() []*Node {
	losses := make([]*Node, len(c.excess))
	for i, excess := range c.excess {
		losses[i] = log1pExp(excess)
	}
	return losses
}

// terms returns the mean of the losses of anchors, with the similarity term, the mean of -s/τ, and what is left.
func (c contrast) terms(losses []*Node, chance float64) Terms {
	return withEntropy(mean(losses), Neg(Mul(mean(c.positives), c.sharpness)), chance)
}

// withEntropy names the terms of a contrastive loss: its similarity, and the rest.
func withEntropy(loss, similarity *Node, chance float64) Terms {
	parts := map[string]*Node{"similarity": similarity, "entropy": Sub(loss, similarity)}
	return Terms{Loss: loss, Parts: parts, Chance: chance}
}

// mean returns the mean of all numbers of nodes of one shape.
func mean(nodes []*Node) *Node {
	sum := ReduceAllMean(nodes[0])
	for _, n := range nodes[1:] {
		sum = Add(sum, ReduceAllMean(n))
	}
	return DivScalar(sum, float64(len(nodes)))
}

// added returns the terms of a loss that parts add up to.
func added(parts map[string]*Node, chance float64) Terms {
	var loss *Node
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if loss == nil {
			loss = parts[name]
		} else {
			loss = Add(loss, parts[name])
		}
	}
	return Terms{Loss: loss, Parts: parts, Chance: chance}
}

// Normalize scales each row of z [n, dim] to length 1; a row of zeros stays. Rows are first divided by their largest
// magnitude, so that neither very short nor very long ones overflow.
func Normalize(z *Node) *Node { return normalized(z) }

func normalized(z *Node) *Node { return unit(moderate(z, 1), 1) }

// moderate divides by the largest magnitude along an axis, where that is not 0.
func moderate(z *Node, axis int) *Node {
	largest := StopGradient(ReduceAndKeep(Abs(z), ReduceMax, axis))
	return Div(z, Where(IsZero(largest), OnesLike(largest), largest))
}

// unit scales to length 1 along an axis; lengths below 1e-6 for each root of the axis's size count as 0.
func unit(z *Node, axis int) *Node {
	floor := 1e-12 * float64(z.Shape().Dimensions[axis])
	return Div(z, Sqrt(MaxScalar(ReduceAndKeep(Square(z), ReduceSum, axis), floor)))
}

// cosine returns [n, 1], the products of the rows of z [n, dim] with the rows of other, which are repeated as often as
// they fit into n.
func cosine(z, other *Node) *Node {
	n, dim, rows := z.Shape().Dimensions[0], z.Shape().Dimensions[1], other.Shape().Dimensions[0]
	// [n/rows, rows, dim], in which other is broadcast
	products := Mul(Reshape(z, n/rows, rows, dim), Reshape(other, 1, rows, dim))
	return Reshape(ReduceSum(products, 2), n, 1)
}

// cosineMatrix returns [n, m], the products of the rows of a [n, dim] and b [m, dim].
func cosineMatrix(a, b *Node) *Node { return Dot(a, b).EinsumAxes([][2]int{{1, 1}}, nil) }

// otherViews returns the V-1 cosines [V·N, 1] of the rows of z with the rows of keys of the same image in other views,
// both [V·N, dim] with the first view's rows first.
func otherViews(z, keys *Node, views int) []*Node {
	n := z.Shape().Dimensions[0] / views
	cosines := make([]*Node, views-1)
	for r := range cosines {
		start := (r + 1) * n
		// Turned by r+1 views, each row of keys meets the same image in another view.
		turned := Concatenate([]*Node{Slice(keys, AxisRange(start)), Slice(keys, AxisRange(0, start))}, 0)
		cosines[r] = cosine(z, turned)
	}
	return cosines
}

// log1pExp returns log(1 + exp(x)).
func log1pExp(x *Node) *Node {
	// log(1+e^x) = m + log(e^-m + e^(x-m)) with m = max(x, 0): nothing overflows, and small losses keep their digits.
	largest := StopGradient(MaxScalar(x, 0.0))
	return Add(largest, Log1P(Add(StopGradient(Expm1(Neg(largest))), Exp(Sub(x, largest)))))
}
