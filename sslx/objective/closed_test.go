package objective_test

import (
	"math"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/objective"
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
	for i := range b.queues {
		b.queues[i] = rows(queueRows)
	}
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

func TestLosses_OfEqualEmbeddings(t *testing.T) {
	t.Parallel()
	const n, dim = 4, 64
	b := equal(n, dim)
	for _, r := range goProgram(t, everyMethod()).computeAll(t, b) {
		s := subjectOf(r.of)
		var want float64
		if s.equalAt != nil {
			want = s.equalAt(b, temperature(r.of))
		} else {
			want = s.equal(n, dim)
		}
		if math.Abs(r.loss-want) > 1e-5*max(1, want) {
			t.Errorf("%s: %g, want %g", r, r.loss, want)
		}

		wantChance := 0.0
		if s.chance {
			wantChance = want
		}
		if s.chanceLevel != 0 {
			wantChance = s.chanceLevel
		}
		if got := chance(t, r.of, b); math.Abs(got-wantChance) > 1e-12*math.Abs(wantChance) {
			t.Errorf("%s: chance is %g, want %g", r, got, wantChance)
		}
	}
}

// chance returns the chance value that the package gives for a batch.
func chance(t *testing.T, o objective.Objective, b batch) float64 {
	t.Helper()
	g := NewGraph(testbackend.Open(t), "chance")
	defer g.Finalize()
	var nodes []*Node
	for _, input := range b.tensors() {
		nodes = append(nodes, Const(g, input))
	}
	return objective.Loss(o, inputs(o, nodes)).Chance
}

func TestLosses_OfOrthonormalEmbeddings(t *testing.T) {
	t.Parallel()
	const n, dim = 4, 64 // all that is of image i is the unit vector i, so that other images are at cosine 0
	b := randomBatch(n, dim, 2, 0, 1).fill(func(i int) []float64 { return axis(dim, i) })
	b.queue = nil
	for k := range queueRows {
		b.queue = append(b.queue, axis(dim, n+k)) // at cosine 0 to all
	}
	for i := range b.queues {
		b.queues[i] = b.queue
	}
	for v := range b.logits {
		b.logits[v] = nil
		for _, label := range b.labels {
			b.logits[v] = append(b.logits[v], axis(classes, int(label)))
		}
	}
	for _, r := range goProgram(t, everyMethod()).computeAll(t, b) {
		want := subjectOf(r.of).orthonormal(n, dim, temperature(r.of))
		if math.Abs(r.loss-want) > 1e-5*max(math.Abs(want), 0.1) {
			t.Errorf("%s: %g, want %g", r, r.loss, want)
		}
	}
}
