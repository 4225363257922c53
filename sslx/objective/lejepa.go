package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
)

func init() {
	Register("lejepa", LeJEPA{Lambda: 0.02, Slices: 256, Points: 17, Range: 3, TimesSamples: true})
}

// LeJEPA is the loss of Balestriero and LeCun 2025 (https://arxiv.org/abs/2511.08544): the views of an image agree, and
// embeddings are distributed like an isotropic Gaussian, which SIGReg measures along random directions:
//
//	(1-lambda) · mean over views, images and dimensions of (z(v) - c)²
//	+ lambda · mean over samples and directions of T
//
// with c the mean of the views of an image. A sample is the embeddings of one view, or of all views when Pooled is set.
// T is the statistic of Epps and Pulley 1983 of the products x of a sample of n embeddings with a direction,
//
//	n · ∫ |mean of exp(i·t·x) - exp(-t²/2)|² · exp(-t²/2) dt over [-Range, Range],
//
// by the trapezoidal rule; without TimesSamples, the factor n is left out. Each step draws new directions. Embeddings
// are not normalized: their length matters. Cost: 2·V·N·Slices·(dim + Points) operations and memory for
// 2·V·N·Slices·Points numbers.
type LeJEPA struct {
	// Lambda is the weight of SIGReg, in (0, 1); the distance has 1-Lambda. Its default is 0.02.
	Lambda float64 `yaml:"lambda"`

	// Slices is the number of directions; positive. Its default is 256.
	Slices int `yaml:"slices"`

	// Points is the number of points of the quadrature on [0, Range]; the other half is symmetric. There are 2 or more;
	// the default is 17. Range is positive; its default is 3.
	Points int     `yaml:"points"`
	Range  float64 `yaml:"range"`

	// TimesSamples multiplies the statistic by the number of embeddings of a sample, as the authors do: the same Lambda
	// weighs more in a larger batch. Its default is true.
	TimesSamples bool `yaml:"times_samples"`

	// Pooled takes the views of all images as one sample. Its default is false: each view is a sample.
	Pooled bool `yaml:"pooled"`

	// GlobalViews is the number of views, from the first one on, whose mean is c; 0, the default, is all.
	GlobalViews int `yaml:"global_views"`
}

// Needs asks for directions.
func (l LeJEPA) Needs() Needs { return Needs{Directions: l.Slices} }

// Check returns an error of package usage when a parameter is out of range.
func (l LeJEPA) Check() error {
	err := checkPositive(parameter{"lambda", l.Lambda}, parameter{"slices", float64(l.Slices)},
		parameter{"range", l.Range})
	switch {
	case err != nil:
		return err
	case l.Lambda >= 1:
		return usage.Errorf("objective.lambda is %g: it must be below 1, the sum of both weights", l.Lambda)
	case l.Points < 2:
		return usage.Errorf("objective.points is %d: it must be 2 or more", l.Points)
	}
	return checkViews("global_views", l.GlobalViews)
}

// checkViews returns an error of package usage for a number of views that is negative.
func checkViews(key string, views int) error {
	if views < 0 {
		return usage.Errorf("objective.%s is %d: it must be 0 (all views) or more", key, views)
	}
	return nil
}

// leading returns the first so many views, all for 0.
func leading(views []*Node, count int) []*Node {
	if count == 0 {
		return views
	}
	return views[:min(count, len(views))]
}

// Loss builds the loss of a batch.
func (l LeJEPA) Loss(in Inputs) Terms {
	center := average(leading(in.Views, l.GlobalViews)) // [N, dim]
	var distances []*Node
	for _, z := range in.Views {
		distances = append(distances, Square(Sub(z, center)))
	}

	samples := in.Views // each [n, dim]
	if l.Pooled {
		samples = []*Node{Concatenate(in.Views, 0)}
	}
	var statistics []*Node
	for _, z := range samples {
		statistics = append(statistics, l.eppsPulley(z, in.Directions))
	}

	return added(map[string]*Node{
		"invariance": MulScalar(mean(distances), 1-l.Lambda),
		"sigreg":     MulScalar(mean(statistics), l.Lambda),
	}, 0)
}

// average returns the mean of nodes of one shape.
func average(nodes []*Node) *Node {
	sum := nodes[0]
	for _, n := range nodes[1:] {
		sum = Add(sum, n)
	}
	return DivScalar(sum, float64(len(nodes)))
}

// eppsPulley returns the statistic [slices] of a sample z [n, dim] along each of the directions [slices, dim].
func (l LeJEPA) eppsPulley(z, directions *Node) *Node {
	g, n, slices := z.Graph(), z.Shape().Dimensions[0], directions.Shape().Dimensions[0]

	// The points t, the characteristic function of the Gaussian there, and the weights of the trapezoidal rule for both
	// halves, with the window.
	t, gaussian, weights := make([]float64, l.Points), make([]float64, l.Points), make([]float64, l.Points)
	step := l.Range / float64(l.Points-1)
	for i := range t {
		t[i] = float64(i) * step
		gaussian[i] = math.Exp(-t[i] * t[i] / 2)
		weights[i] = 2 * step * gaussian[i]
	}
	weights[0], weights[l.Points-1] = weights[0]/2, weights[l.Points-1]/2

	// The empirical characteristic function, real and imaginary part.
	constant := func(values []float64) *Node { return ConvertDType(Const(g, values), z.DType()) }
	x := Reshape(cosineMatrix(z, directions), n, slices, 1)                   // [n, slices, 1]
	angles := Mul(x, Reshape(constant(t), 1, 1, l.Points))                    // [n, slices, points]
	real, imaginary := ReduceMean(Cos(angles), 0), ReduceMean(Sin(angles), 0) // [slices, points]

	row := func(values []float64) *Node { return Reshape(constant(values), 1, l.Points) }
	distance := Add(Square(Sub(real, row(gaussian))), Square(imaginary))
	statistic := ReduceSum(Mul(distance, row(weights)), 1) // [slices]
	if l.TimesSamples {
		statistic = MulScalar(statistic, float64(n))
	}
	return statistic
}
