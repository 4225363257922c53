package augment

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/internal/testbackend"
)

func TestKey_DrawsAreIndependent(t *testing.T) {
	series := map[string][]float64{}
	add := func(name string, key func(stream, samples *Node) Key, seed uint64, epoch int, op string, n int) {
		values := call(t, testbackend.Open(t), func(stream, samples *Node) []*Node {
			k := key(stream, samples)
			return []*Node{k.Uniform(op, n), k.Normal(op, n)}
		}, Stream(seed, epoch), upTo(draws))
		for kind, all := range values {
			for position := range n {
				s := make([]float64, draws)
				for i := range s {
					s[i] = float64(all[i*n+position])
				}
				series[fmt.Sprintf("%s, position %d, %s", name, position, []string{"uniform", "normal"}[kind])] = s
			}
		}
	}

	view := func(view int) func(stream, samples *Node) Key {
		return func(stream, samples *Node) Key { return Key{Stream: stream, Samples: samples, View: view} }
	}
	add("view 0", view(0), 1, 0, "a", 3)
	add("view 1", view(1), 1, 0, "a", 1)
	add("epoch 1", view(0), 1, 1, "a", 1)
	add("seed 2", view(0), 2, 0, "a", 1)
	add("operation b", view(0), 1, 0, "b", 1)
	limit := 4.5 / math.Sqrt(draws)
	for a, x := range series {
		if r := stat.Correlation(x[1:], x[:draws-1], nil); math.Abs(r) > limit {
			t.Errorf("%s: neighboring samples are correlated: %.3f", a, r)
		}
		for b, y := range series {
			same := a[:len(a)-len("uniform")] == b[:len(b)-len("uniform")] // one draw has one of the two in use
			if a < b && !same {
				if r := stat.Correlation(x, y, nil); math.Abs(r) > limit {
					t.Errorf("%s and %s are correlated: %.3f", a, b, r)
				}
			}
		}
	}
}

func TestPipeline_OperationsOfOneNameDrawOnTheirOwn(t *testing.T) {
	p := Pipeline{HorizontalFlip{Probability: 0.5}, Grayscale{Probability: 0.5}, HorizontalFlip{Probability: 0.5}}
	drawn := call(t, testbackend.Open(t), func(stream, samples *Node) []*Node {
		return flat(p.Draw(Key{Stream: stream, Samples: samples}, 8, 8, 3))
	}, Stream(1, 0), upTo(draws))

	for _, pair := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
		r := stat.Correlation(float64s(drawn[pair[0]]), float64s(drawn[pair[1]]), nil)
		if math.Abs(r) > 4/math.Sqrt(draws) {
			t.Errorf("operations %d and %d are correlated: %.3f", pair[0], pair[1], r)
		}
	}
}

func TestParams_OfOneOperationAreIndependent(t *testing.T) {
	jitter := draw(t, NewColorJitter(1), draws, 8, 8)
	for a, x := range jitter {
		for b, y := range jitter {
			if r := stat.Correlation(float64s(x), float64s(y), nil); a < b && math.Abs(r) > 4/math.Sqrt(draws) {
				t.Errorf("%s and %s are correlated: %.3f", a, b, r)
			}
		}
	}
}
