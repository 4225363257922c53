package objective

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

func TestMain(m *testing.M) { testbackend.Main(m) }

// tolerance is the largest error of values and gradients, as a share of their scale.
const tolerance = 1e-5

// temperatures are those of the comparisons with the oracle.
var temperatures = []float64{0.05, 0.5, 10}

// batch is n pairs of embeddings of d numbers, the first view's and then the second's.
type batch struct {
	n, d int
	z    []float64 // exact in float32
}

// randomBatch returns pairs that are as like as those of a half trained encoder, times a length.
func randomBatch(n, d int, length float64) batch {
	random := rand.New(rand.NewPCG(uint64(n), uint64(d)))
	b := batch{n, d, make([]float64, 2*n*d)}
	for i := range n * d {
		common := random.NormFloat64()
		b.z[i] = float64(float32(length * (common + random.NormFloat64())))
		b.z[n*d+i] = float64(float32(length * (common + random.NormFloat64())))
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

// compute returns the loss of the package's own code for each temperature.
func (b batch) compute(t *testing.T, temperatures ...float64) []result {
	t.Helper()
	exec := MustNewExec(testbackend.Open(t), func(views []*Node) (out []*Node) {
		for _, temperature := range temperatures {
			terms := Config{Name: "simclr", Temperature: temperature}.Loss(views)
			gradient := Concatenate(Gradient(terms.Loss, views...), 0)
			out = append(out, terms.Parts["similarity"], terms.Parts["entropy"], terms.Loss, gradient)
		}
		return out
	})
	defer exec.Finalize()
	first, second := b.views()
	outputs, err := exec.Call(first, second)
	if err != nil {
		t.Fatal(err)
	}
	results := make([]result, len(temperatures))
	for i := range results {
		o := outputs[4*i:]
		results[i] = result{floats(o[0]), floats(o[1]), floats(o[2]), floats(o[3])}
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
// by definition (one pair, or one dimension) of 1/(2nτ) over the length of the shortest embedding, the scale of its terms.
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

func TestNTXentIsThatOfThePaper(t *testing.T) {
	worstValue, worstGradient := 0.0, 0.0
	for _, n := range []int{1, 2, 4, 33} {
		for _, d := range []int{1, 2, 64, 512} {
			b := randomBatch(n, d, 1)
			for i, r := range b.compute(t, temperatures...) {
				oracle := contrast{temperature: temperatures[i]}
				value, gradient := r.valueError(b, oracle), r.gradientError(b, oracle)
				if !(value <= tolerance && gradient <= tolerance) {
					t.Errorf("N %d, D %d, τ %g: error of the value %.1e, of the gradient %.1e", n, d, temperatures[i],
						value, gradient)
				}
				worstValue, worstGradient = max(worstValue, value), max(worstGradient, gradient)
			}
		}
	}
	t.Logf("largest error of values %.1e, of gradients %.1e", worstValue, worstGradient)
}

func TestTheOraclesGradientIsThatOfItsLoss(t *testing.T) {
	const step = 1e-6
	for _, temperature := range temperatures {
		b, oracle := randomBatch(3, 4, 1), contrast{temperature: temperature}
		for i, want := range oracle.gradient(b.z, b.n, b.d) {
			at := func(shift float64) float64 {
				moved := append([]float64(nil), b.z...)
				moved[i] += shift
				similarity, entropy := oracle.loss(moved, b.n, b.d)
				return similarity + entropy
			}
			if got := (at(step) - at(-step)) / (2 * step); math.Abs(got-want) > 1e-7/temperature {
				t.Errorf("τ %g, number %d: %g, by differences %g", temperature, i, want, got)
			}
		}
	}
}

func TestNTXentIsStableAtSmallTemperaturesAndExtremeLengths(t *testing.T) {
	for _, length := range []float64{1e-8, 1, 1e8} {
		for _, temperature := range []float64{0.01, 0.5} {
			t.Run(fmt.Sprintf("length %g, τ %g", length, temperature), func(t *testing.T) {
				b, oracle := randomBatch(4, 64, length), contrast{temperature: temperature}
				r := b.compute(t, temperature)[0]
				value, gradient := r.valueError(b, oracle), r.gradientError(b, oracle)
				t.Logf("error of the value %.1e, of the gradient %.1e", value, gradient)
				if limit := tolerance * max(1, 0.05/temperature); !(value <= limit && gradient <= limit) {
					t.Error("too large")
				}
			})
		}
	}
}

func TestAnEmbeddingOfZeroGivesFiniteNumbers(t *testing.T) {
	r := batch{2, 3, make([]float64, 12)}.compute(t, 0.5)[0]
	for _, v := range append(r.loss, r.gradient...) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("loss %v, gradient %v", r.loss, r.gradient)
		}
	}
}

func TestEqualEmbeddingsGiveTheChanceValue(t *testing.T) {
	for _, n := range []int{1, 2, 33} {
		b := batch{n, 2, make([]float64, 4*n)}
		for i := range 2 * n {
			b.z[2*i], b.z[2*i+1] = 3, 4
		}
		want := math.Log(float64(2*n - 1))
		if got := b.compute(t, 0.5)[0].loss[0]; math.Abs(got-want) > 1e-5 {
			t.Errorf("N %d: %g, want ln(2N-1) = %g", n, got, want)
		}
		g := NewGraph(testbackend.Open(t), "chance")
		first, second := b.views()
		terms := Config{Name: "simclr"}.Loss([]*Node{Const(g, first), Const(g, second)})
		if terms.Chance != want {
			t.Errorf("N %d: chance is %g, want %g", n, terms.Chance, want)
		}
		g.Finalize()
	}
}

func TestOrthonormalPairsGiveTheirClosedForm(t *testing.T) {
	const n = 4 // both views of image i are the unit vector i: one other row is at cosine 1 and 2N-2 at 0
	b := batch{n, n, make([]float64, 2*n*n)}
	for i := range n {
		b.z[i*n+i], b.z[(n+i)*n+i] = 1, 1
	}
	for i, r := range b.compute(t, temperatures...) {
		want := math.Log1p((2*n - 2) * math.Exp(-1/temperatures[i]))
		if d := math.Abs(r.loss[0] - want); d > 1e-5*max(want, 0.1) {
			t.Errorf("τ %g: %g, want %g", temperatures[i], r.loss[0], want)
		}
	}
}

func TestSwappingTheViewsSwapsTheGradients(t *testing.T) {
	b := randomBatch(4, 64, 1)
	half := len(b.z) / 2
	swapped := batch{b.n, b.d, append(append([]float64(nil), b.z[half:]...), b.z[:half]...)}
	one, other := b.compute(t, 0.5)[0], swapped.compute(t, 0.5)[0]
	if math.Abs(one.loss[0]-other.loss[0]) > 1e-6 {
		t.Errorf("the loss is %g and %g", one.loss[0], other.loss[0])
	}
	for i, v := range one.gradient {
		if math.Abs(v-other.gradient[(i+half)%len(b.z)]) > 1e-7 {
			t.Fatalf("gradient %d is %g and %g", i, v, other.gradient[(i+half)%len(b.z)])
		}
	}
}

func TestTheTermsAddUpToTheLoss(t *testing.T) {
	for _, r := range randomBatch(4, 64, 1).compute(t, temperatures...) {
		if sum := r.similarity[0] + r.entropy[0]; math.Abs(sum-r.loss[0]) > 1e-6*math.Abs(r.entropy[0]) {
			t.Errorf("%g and %g do not add up to %g", r.similarity[0], r.entropy[0], r.loss[0])
		}
	}
}
