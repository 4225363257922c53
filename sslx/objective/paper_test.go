package objective_test

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/objective"
)

func TestMain(m *testing.M) { testbackend.Main(m) }

// embeddings of the comparisons: cosines of the views of an image are about 1/2, and deviations about 0.85, so that
// vicreg's hinge is open in most dimensions and closed in some
const (
	common = 1
	length = 0.6
)

// everyShape has XLA compile all shapes, which takes minutes; otherwise only those in which each N and each D occurs.
var everyShape = flag.Bool("shapes", false, "compare the losses with the oracles on XLA for every shape of a batch")

func TestLosses_AreThoseOfThePapers(t *testing.T) {
	onXLA := [][2]int{{1, 2}, {2, 512}, {4, 64}, {33, 1}}
	for _, n := range []int{1, 2, 4, 33} {
		for _, dim := range []int{1, 2, 64, 512} {
			b := randomBatch(n, dim, 2, common, length)
			t.Run(fmt.Sprintf("Go-N%d-D%d", n, dim), func(t *testing.T) {
				t.Parallel()
				for _, r := range goProgram(t, everyMethod()).computeAll(t, b) {
					r.mustMatch(t, b)
				}
			})
			if !*everyShape && !slices.Contains(onXLA, [2]int{n, dim}) {
				continue
			}
			t.Run(fmt.Sprintf("XLA-N%d-D%d", n, dim), func(t *testing.T) {
				t.Parallel()
				for _, r := range methodsProgram().computeAll(t, b) {
					r.mustMatch(t, b)
				}
			})
		}
	}
}

func threeViews() batch { return randomBatch(4, 16, 3, common, length) }

func TestLosses_OfThreeViewsAreTheirEquations(t *testing.T) {
	t.Parallel()
	b := threeViews()
	for _, r := range goProgram(t, everyMethod()).computeAll(t, b) {
		r.mustMatch(t, b)
	}
}

func TestLosses_OfOtherParametersAreTheirEquations(t *testing.T) {
	t.Parallel()
	var variants []objective.Objective
	for _, o := range everyMethod() {
		variants = append(variants, subjectOf(o).variants...)
	}
	b := threeViews()
	for _, o := range variants {
		own := max(temperature(o), 0.5) // of those that have one
		for _, r := range goProgram(t, []objective.Objective{o}).compute(t, b, own) {
			r.mustMatch(t, b)
		}
	}
}

func TestOracle_ItsGradientIsThatOfItsLoss(t *testing.T) {
	t.Parallel()
	const step, tolerance = 1e-6, 1e-7
	b := randomBatch(3, 4, 2, common, length)
	for _, c := range append(everyMethod(), everyChoice()...) {
		c = withTemperature(c, 0.5)
		want := ask(c, b, leak).gradient // differences do not know of numbers that are held
		for _, m := range b.differentiatedBy(c) {
			for _, row := range m {
				for k, x := range row {
					row[k] = x + step
					above := ask(c, b, "").loss
					row[k] = x - step
					below := ask(c, b, "").loss
					row[k] = x
					got, scale := (above-below)/(2*step), max(1, math.Abs(want[0]))
					if math.Abs(got-want[0]) > tolerance*scale {
						t.Errorf("%s: the derivative is %g, by differences %g", title(c), want[0], got)
					}
					want = want[1:]
				}
			}
		}
		if len(want) > 0 {
			t.Errorf("%s: %d derivatives too many", title(c), len(want))
		}
	}
}
