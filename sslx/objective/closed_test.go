package objective

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
)

// fill replaces the embeddings, predictions, targets and negatives of a batch by those of an image.
func (b batch) fill(of func(image int) []float64) batch {
	rows := func(count int) matrix {
		m := make(matrix, count)
		for i := range m {
			m[i] = of(i)
		}
		return m
	}
	all := func(count int) []matrix { return slices.Repeat([]matrix{rows(b.n)}, count) }
	b.embeddings, b.predictions, b.targets, b.negatives = all(b.views), all(b.views), all(b.views), all(extraNegatives)
	b.queue, b.fixed = rows(queueRows), rows(1)
	return b
}

// equal is a batch in which all embeddings are of one direction and length 1, and all logits 2.
func equal(n, dim int) batch {
	b := randomBatch(n, dim, 2, 0, 1).fill(func(int) []float64 { return axis(dim, 3) })
	for v := range b.logits {
		b.logits[v] = slices.Repeat(matrix{{2, 2, 2}}, n)
	}
	return b
}

// axis returns the unit vector along a dimension.
func axis(dim, k int) []float64 {
	v := make([]float64, dim)
	v[k] = 1
	return v
}

func TestEqualEmbeddingsGiveTheChanceValue(t *testing.T) {
	t.Parallel()
	const n, dim = 4, 64
	want := map[string]float64{
		"simclr":     math.Log(2*n - 1),          // all 2N-1 others are alike
		"dcl":        math.Log(2*n - 2),          // without the positive
		"dclw":       math.Log(2*n - 2),          // all weights are 1
		"supcon":     math.Log(2*n - 1),          // all positives are like the negatives
		"moco":       math.Log(queueRows + 1),    // the key and the queue are alike
		"vicreg":     25 * (1 - math.Sqrt(1e-4)), // no variance, no covariance
		"barlow":     0.1 * dim,                  // a constant has no correlation
		"byol":       0,
		"simsiam":    -1,
		"supervised": math.Log(classes),
	}
	b := equal(n, dim)
	for _, r := range methodsProgram().computeAll(t, b) {
		if math.Abs(r.loss-want[r.Name]) > 1e-5*max(1, want[r.Name]) {
			t.Errorf("%s: %g, want %g", r, r.loss, want[r.Name])
		}
		if chance := chance(t, r.Config, b); r.Name != "byol" && r.Name != "simsiam" && chance != want[r.Name] {
			t.Errorf("%s: chance is %g, want %g", r, chance, want[r.Name])
		} else if chance != max(0, want[r.Name]) {
			t.Errorf("%s: chance is %g, and none is known", r, chance)
		}
	}
}

func TestTheChanceValueOfEachChoiceOfNegativesIsTheLogarithmOfTheirNumber(t *testing.T) {
	want := []float64{1 + 3*2, 1 + 2, 1 + 1, 1 + 1, 3 * 1, 1}
	b := threeViews()
	for i, c := range everyChoice {
		if got := chance(t, c, b); math.Abs(got-math.Log(want[i])) > 1e-15 {
			t.Errorf("%s with %s: %g, want the logarithm of %g", c.Name, c.Negatives, got, want[i])
		}
	}
}

// chance returns the chance value that the package gives for a batch.
func chance(t *testing.T, c Config, b batch) float64 {
	t.Helper()
	g := NewGraph(testbackend.Open(t), "chance")
	defer g.Finalize()
	var nodes []*Node
	for _, input := range b.tensors() {
		nodes = append(nodes, Const(g, input))
	}
	return c.Loss(inputs(c, nodes)).Chance
}

func TestOrthonormalEmbeddingsGiveTheirClosedForms(t *testing.T) {
	t.Parallel()
	const n, dim = 4, 64 // all that is of image i is the unit vector i, so that other images are at cosine 0
	b := randomBatch(n, dim, 2, 0, 1).fill(func(i int) []float64 { return axis(dim, i) })
	b.queue = nil
	for k := range queueRows {
		b.queue = append(b.queue, axis(dim, n+k)) // at cosine 0 to all
	}
	for v := range b.logits {
		b.logits[v] = nil
		for _, label := range b.labels {
			b.logits[v] = append(b.logits[v], axis(classes, int(label)))
		}
	}
	e := math.Exp
	want := map[string]func(τ float64) float64{
		"simclr": func(τ float64) float64 { return math.Log1p((2*n - 2) * e(-1/τ)) },
		"dcl":    func(τ float64) float64 { return math.Log(2*n-2) - 1/τ },
		"dclw":   func(τ float64) float64 { return math.Log(2*n-2) - 1/τ },
		"moco":   func(τ float64) float64 { return math.Log1p(queueRows * e(-1/τ)) },
		// Images 1 and 2 have a label of their own. 0 and 3 share one: of 3 positives, one is at cosine 1.
		"supcon": func(τ float64) float64 {
			own := math.Log1p((2*n - 2) * e(-1/τ)) // log(exp(1/τ) + 2N-2) - 1/τ
			return (own + own + (1-1.0/3)/τ) / 2
		},
		// A dimension below n is 1 for one image of 4: mean 1/4, variance 1/4, covariances -1/12, correlations -1/3.
		"vicreg": func(float64) float64 {
			return 25*(n*(1-math.Sqrt(0.2501))+(dim-n)*(1-0.01))/dim + 2*12*(1.0/144)/dim
		},
		"barlow":     func(float64) float64 { return 0.1 * (dim - n + 0.0051*12/9) },
		"byol":       func(float64) float64 { return 0 },
		"simsiam":    func(float64) float64 { return -1 },
		"supervised": func(float64) float64 { return math.Log(e(1)+2) - 1 },
	}
	for _, r := range methodsProgram().computeAll(t, b) {
		want := want[r.Name](r.Temperature)
		if math.Abs(r.loss-want) > 1e-5*max(math.Abs(want), 0.1) {
			t.Errorf("%s: %g, want %g", r, r.loss, want)
		}
	}
}

// Negatives drawn from all other images are those of the batch, and with a label for each image the positives of
// supcon are the other views.
func TestMethodsThatMeetInALimitAgreeThere(t *testing.T) {
	t.Parallel()
	b := randomBatch(4, 64, 2, common, length)
	b.labels = []int32{0, 1, 2, 3}
	losses := []Config{{Name: "simclr", Negatives: "batch"}, {Name: "simclr", Negatives: "random-k", NegativesK: 3},
		{Name: "supcon"}}
	results := newProgram(losses).compute(t, b, 0.5)
	for _, r := range results[1:] {
		if e := max(r.valueError(b, results[0].answer), r.gradientError(b, results[0].answer)); e > 1e-6 {
			t.Errorf("%s differs from %s by %.1e", r, results[0], e)
		}
	}
}
