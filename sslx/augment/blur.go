package augment

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
)

func init() { Register("gaussian-blur", NewGaussianBlur(3, 0.5)) }

// GaussianBlur blurs an image with the given probability with a Gaussian of KernelHeight x KernelWidth pixels, both
// odd, whose standard deviation in pixels is uniform between SigmaMin and SigmaMax, for each image; the image is
// mirrored at its edges (torchvision's GaussianBlur inside RandomApply). Parameters, each [batch, 1]: "blurred" (the
// draw, below Probability where it applies), "sigma".
//
// The blur is two batched products with band matrices, [height, height] and [width, width] for each image, which are
// the identity where it does not apply. Its cost is 6·height·width·(height + width) operations an image. It panics
// while the graph is built when the image is not larger than half of the kernel.
type GaussianBlur struct {
	SameSize
	KernelHeight int     `yaml:"kernel_height"`
	KernelWidth  int     `yaml:"kernel_width"`
	SigmaMin     float64 `yaml:"sigma_min"`
	SigmaMax     float64 `yaml:"sigma_max"`
	Probability  float64 `yaml:"probability"`
}

// NewGaussianBlur returns the blur with a square kernel and torchvision's deviations, 0.1 to 2 pixels, which SimCLR and
// BYOL use too.
func NewGaussianBlur(kernel int, probability float64) GaussianBlur {
	return GaussianBlur{KernelHeight: kernel, KernelWidth: kernel, SigmaMin: 0.1, SigmaMax: 2, Probability: probability}
}

// Name implements [Operation].
func (GaussianBlur) Name() string { return "gaussian-blur" }

// Draw implements [Operation].
func (o GaussianBlur) Draw(uniform, _ Source, _, _, _ int) Params {
	return Params{"blurred": uniform(1), "sigma": Between(uniform(1), o.SigmaMin, o.SigmaMax)}
}

// Apply implements [Operation].
func (o GaussianBlur) Apply(images *Node, p Params) *Node { return repaint(o, images, p) }

func (o GaussianBlur) paint(x planes, p Params) planes {
	dims := x[0].Shape().Dimensions
	applies := Applies(p["blurred"], o.Probability)
	rows := blurMatrix(p["sigma"], applies, dims[1], o.KernelHeight)
	columns := blurMatrix(p["sigma"], applies, dims[2], o.KernelWidth)
	return x.each(func(c *Node) *Node { return rows.sumRows(columns.sumColumns(c)) })
}

// Describe implements [Describer].
func (o GaussianBlur) Describe(d Drawn) string { return describeChance(o, d, "blurred", o.Probability) }

// Check returns an error for the first parameter out of range.
func (o GaussianBlur) Check() error {
	switch {
	case o.KernelHeight%2 == 0:
		return fmt.Errorf("kernel_height is %d: it must be odd", o.KernelHeight)
	case o.KernelWidth%2 == 0:
		return fmt.Errorf("kernel_width is %d: it must be odd", o.KernelWidth)
	}
	return inRange(sideLimit("kernel_height", o.KernelHeight), sideLimit("kernel_width", o.KernelWidth),
		limit{"sigma_min", o.SigmaMin, 1e-3, 1e3}, limit{"sigma_max", o.SigmaMax, o.SigmaMin, 1e3},
		probabilityLimit(o.Probability))
}

// blurMatrix returns the weights with which each of n pixels sums all pixels of its axis. A pixel beyond an edge is its
// mirror image, which does not repeat the edge. Sigma and applies have one value for each image.
func blurMatrix(sigma, applies *Node, n, kernel int) bandMatrix {
	half := kernel / 2
	if kernel%2 == 0 || half >= n {
		panic(usage.Errorf("a blur with a kernel of %d pixels on an axis of %d: "+
			"it must be odd, and its half smaller than the image", kernel, n))
	}

	g, batch := sigma.Graph(), sigma.Shape().Dimensions[0]
	l := newBandLayout(batch, n, n, func(rows int) int { return rows + 2*half },
		func(row *Node) *Node { return AddScalar(row, float64(-half)) }, g)

	// The sum of the kernel, [batch, 1], by which its weights are divided.
	taps := AddScalar(Iota(g, shapes.Make(dtypes.Float32, batch, kernel), 1), float64(-half))
	sum := ReduceAndKeep(gaussian(taps, sigma, kernel), ReduceSum, -1)

	// A pixel's own weight, [batch, blocks, rows, columns].
	spread := func(p *Node) *Node { return BroadcastToShape(InsertAxes(p, -1, -1), l.row.Shape()) }
	to, from, sigmas := l.row, l.column, spread(sigma)
	inside := gaussian(Sub(from, to), sigmas, kernel)

	// The weights of its mirror images before the first pixel, at -from, and after the last, at 2(n-1) - from. A pixel
	// on the edge has no image there.
	first := Where(IsZero(from), ZerosLike(from), gaussian(Add(from, to), sigmas, kernel))
	edge := AddScalar(from, float64(1-n))
	last := Where(IsZero(edge), ZerosLike(from), gaussian(Add(edge, AddScalar(to, float64(1-n))), sigmas, kernel))

	weights := Div(Add(inside, Add(first, last)), spread(sum))
	l.weights = Where(applies, weights, ConvertDType(Equal(to, from), dtypes.Float32))
	return l.bandMatrix
}

// gaussian returns exp(-distance²/2sigma²), and 0 beyond half of the kernel.
func gaussian(distance, sigma *Node, kernel int) *Node {
	value := Exp(MulScalar(Square(Div(distance, sigma)), -0.5))
	outside := GreaterThan(Abs(distance), Scalar(distance.Graph(), distance.DType(), kernel/2))
	return Where(outside, ZerosLike(value), value)
}
