package objective

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

// tolerance is the largest error of values and gradients, as a share of their scale.
const tolerance = 1e-5

// temperatures are those of the comparisons with the oracle; compute does them all.
var temperatures = []float64{0.05, 0.5, 10}

// batch is n pairs of embeddings of d numbers, the first view's and then the second's.
type batch struct {
	n, d int
	z    []float64 // exact in float32
}

// randomBatch returns pairs whose cosines are about common²/(1 + common²), times a length.
func randomBatch(n, d int, common, length float64) batch {
	random := rand.New(rand.NewPCG(uint64(n), uint64(d)))
	b := batch{n, d, make([]float64, 2*n*d)}
	for i := range n * d {
		shared := common * random.NormFloat64()
		b.z[i] = float64(float32(length * (shared + random.NormFloat64())))
		b.z[n*d+i] = float64(float32(length * (shared + random.NormFloat64())))
	}
	return b
}

func (b batch) views() (first, second *tensors.Tensor) {
	narrow := make([]float32, len(b.z))
	for i, v := range b.z {
		narrow[i] = float32(v)
	}
	half := b.n * b.d
	return tensors.FromFlatDataAndDimensions(narrow[:half], b.n, b.d),
		tensors.FromFlatDataAndDimensions(narrow[half:], b.n, b.d)
}

// result is what the graph computes for one temperature.
type result struct{ similarity, entropy, loss, gradient []float64 }

// losses compiles the loss of the package's own code at each temperature, once for each shape.
var losses = sync.OnceValue(func() *Exec { return newLosses(temperatures) })

func newLosses(temperatures []float64) *Exec {
	return MustNewExec(testbackend.Open(nil), func(views []*Node) (out []*Node) {
		for _, temperature := range temperatures {
			terms := Config{Name: "simclr", Temperature: temperature}.Loss(views)
			gradient := Concatenate(Gradient(terms.Loss, views...), 0)
			out = append(out, terms.Parts["similarity"], terms.Parts["entropy"], terms.Loss, gradient)
		}
		return out
	})
}

// compute returns what the package gives for each of the temperatures.
func (b batch) compute(t *testing.T) []result { return b.computeWith(t, losses()) }

func (b batch) computeWith(t *testing.T, losses *Exec) []result {
	t.Helper()
	first, second := b.views()
	outputs, err := losses.Call(first, second)
	if err != nil {
		t.Fatal(err)
	}
	var results []result
	for o := outputs; len(o) > 0; o = o[4:] {
		results = append(results, result{floats(o[0]), floats(o[1]), floats(o[2]), floats(o[3])})
	}
	return results
}

func floats(t *tensors.Tensor) []float64 {
	values := tensors.MustCopyFlatData[float32](t)
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return wide
}

// valueError returns the largest error of the loss and its terms as a share of their magnitude. One pair has no
// negatives and a loss of 0, and in one dimension cosines of 1 and -1 may cancel: the scale is then 1/τ at least.
func (r result) valueError(b batch, oracle contrast) float64 {
	similarity, entropy := oracle.loss(b.z, b.n, b.d)
	share := func(got, want float64) float64 {
		scale := math.Abs(want)
		if b.n == 1 || b.d == 1 {
			scale = max(scale, 1/oracle.temperature)
		}
		return math.Abs(got-want) / scale
	}
	return max(share(r.similarity[0], similarity), share(r.entropy[0], entropy), share(r.loss[0], similarity+entropy))
}

// gradientError returns the largest error of a gradient as a share of its largest magnitude, or where the gradient is 0
// by definition (one pair, or one dimension) of 1/(2nτ) over the length of the shortest embedding, the scale of its
// terms.
func (r result) gradientError(b batch, oracle contrast) float64 {
	want := oracle.gradient(b.z, b.n, b.d)
	scale, worst := 0.0, 0.0
	for _, w := range want {
		scale = max(scale, math.Abs(w))
	}
	if b.n == 1 || b.d == 1 {
		shortest := math.Inf(1)
		for i := range 2 * b.n {
			length := 0.0
			for _, v := range b.z[i*b.d : (i+1)*b.d] {
				length = math.Hypot(length, v)
			}
			shortest = min(shortest, length)
		}
		scale = max(scale, 1/(2*float64(b.n)*oracle.temperature*shortest))
	}
	for i, w := range want {
		d := math.Abs(r.gradient[i]-w) / scale
		if !(d <= worst) {
			worst = d
		}
	}
	return worst
}

func (r result) mustMatch(t *testing.T, b batch, oracle contrast, tolerance float64) {
	t.Helper()
	value, gradient := r.valueError(b, oracle), r.gradientError(b, oracle)
	t.Logf("τ %g: error of the value %.1e, of the gradient %.1e", oracle.temperature, value, gradient)
	if !(value <= tolerance && gradient <= tolerance) {
		t.Errorf("τ %g: above %.1e", oracle.temperature, tolerance)
	}
}
