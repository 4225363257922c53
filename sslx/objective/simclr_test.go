package objective

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
)

func TestMain(m *testing.M) { testbackend.Main(m) }

func TestNTXentIsThatOfThePaper(t *testing.T) {
	for _, n := range []int{1, 2, 4, 33} {
		for _, d := range []int{1, 2, 64, 512} {
			t.Run(fmt.Sprintf("N%d-D%d", n, d), func(t *testing.T) {
				t.Parallel()
				b := randomBatch(n, d, 1, 1)
				for i, r := range b.compute(t) {
					r.mustMatch(t, b, contrast{temperature: temperatures[i]}, tolerance)
				}
			})
		}
	}
}

func TestTheOraclesGradientIsThatOfItsLoss(t *testing.T) {
	const step = 1e-6
	for _, temperature := range temperatures {
		b, oracle := randomBatch(3, 4, 1, 1), contrast{temperature: temperature}
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

func TestNTXentIsStableAtASmallTemperatureAndExtremeLengths(t *testing.T) {
	const temperature = 0.01
	cold := newLosses([]float64{temperature})
	for _, length := range []float64{1e-8, 1, 1e8} {
		b := randomBatch(4, 64, 0, length) // of unrelated views, where the loss is large
		r := b.computeWith(t, cold)[0]
		r.mustMatch(t, b, contrast{temperature: temperature}, tolerance)
		for i, r := range b.compute(t) {
			r.mustMatch(t, b, contrast{temperature: temperatures[i]}, tolerance)
		}
	}
}

func TestAnEmbeddingOfZeroGivesFiniteNumbers(t *testing.T) {
	for _, r := range (batch{4, 64, make([]float64, 8*64)}).compute(t) {
		for _, v := range append(r.loss, r.gradient...) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("loss %v, gradient %v", r.loss, r.gradient)
			}
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
		if got := b.compute(t)[1].loss[0]; math.Abs(got-want) > 1e-5 {
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
	for i, r := range b.compute(t) {
		want := math.Log1p((2*n - 2) * math.Exp(-1/temperatures[i]))
		if d := math.Abs(r.loss[0] - want); d > 1e-5*max(want, 0.1) {
			t.Errorf("τ %g: %g, want %g", temperatures[i], r.loss[0], want)
		}
	}
}

func TestSwappingTheViewsSwapsTheGradients(t *testing.T) {
	b := randomBatch(4, 64, 1, 1)
	half := len(b.z) / 2
	swapped := batch{b.n, b.d, append(append([]float64(nil), b.z[half:]...), b.z[:half]...)}
	one, other := b.compute(t)[1], swapped.compute(t)[1]
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
	for _, r := range randomBatch(4, 64, 1, 1).compute(t) {
		if sum := r.similarity[0] + r.entropy[0]; math.Abs(sum-r.loss[0]) > 1e-6*math.Abs(r.entropy[0]) {
			t.Errorf("%g and %g do not add up to %g", r.similarity[0], r.entropy[0], r.loss[0])
		}
	}
}
