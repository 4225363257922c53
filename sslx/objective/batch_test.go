package objective_test

import (
	"math"
	"math/rand/v2"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/sslx/objective"
)

// matrix is rows of numbers that are exact in float32.
type matrix [][]float64

// batch is all that any objective uses of n images in some views, with embeddings of dim numbers.
type batch struct {
	n, dim, views int

	// matrices of [n, dim] (queue: [queueRows, dim], fixed: [1, dim], logits: [n, classes], draws: [n, n], directions:
	// [sliceRows, dim], both prototypes: [prototypeRows, dim], state: [1, prototypeRows])
	embeddings, predictions, targets, negatives, logits []matrix
	queue, fixed, draws, directions, state              matrix
	prototypes, targetPrototypes                        matrix

	// queues are those of the views after the first, whose own is queue.
	queues []matrix

	labels []int32
}

const (
	queueRows      = 5
	classes        = 3
	extraNegatives = 2
	sliceRows      = 6
	prototypeRows  = 7
)

// randomBatch returns embeddings whose numbers have a standard deviation of length·√(1 + common²), where common makes
// those of one image alike: their cosines are about common²/(1 + common²).
func randomBatch(n, dim, views int, common, length float64) batch {
	random := rand.New(rand.NewPCG(uint64(n), uint64(dim)))
	draw := func(rows, columns int) matrix {
		m := make(matrix, rows)
		for i := range m {
			for range columns {
				m[i] = append(m[i], float64(float32(random.NormFloat64())))
			}
		}
		return m
	}
	shared := draw(n, dim)
	each := func(count int) []matrix {
		all := make([]matrix, count)
		for v := range all {
			all[v] = draw(n, dim)
			for i, row := range all[v] {
				for j := range row {
					row[j] = float64(float32(length * (row[j] + common*shared[i][j])))
				}
			}
		}
		return all
	}
	b := batch{n: n, dim: dim, views: views, embeddings: each(views), predictions: each(views), targets: each(views),
		negatives: each(extraNegatives), queue: draw(queueRows, dim), fixed: draw(1, dim), draws: make(matrix, n)}
	for range views {
		b.logits = append(b.logits, draw(n, classes))
	}
	for i := range n {
		b.labels = append(b.labels, int32(i%classes))
		for range n {
			b.draws[i] = append(b.draws[i], float64(random.Float32()))
		}
	}
	b.queue = b.queue.normalized()

	// What newer methods use is drawn last: the numbers of the older ones are as they were.
	b.directions, b.state = draw(sliceRows, dim).normalized(), draw(1, prototypeRows)
	b.prototypes, b.targetPrototypes = draw(prototypeRows, dim), draw(prototypeRows, dim)
	for range views - 1 {
		b.queues = append(b.queues, draw(queueRows, dim).normalized())
	}
	return b
}

func (m matrix) normalized() matrix {
	out := make(matrix, len(m))
	for i, row := range m {
		for _, v := range vector(row, new(tape)) {
			out[i] = append(out[i], float64(float32(v.value)))
		}
	}
	return out
}

// vector returns a row at length 1.
func vector(row []float64, t *tape) []*number {
	v := make([]*number, len(row))
	for i, x := range row {
		v[i] = constant(x)
	}
	return t.unit(v)
}

// shortest returns the length of the shortest row of what vectors makes of the embeddings and all that is like them.
func (b batch) shortest(vectors func(matrix) matrix) float64 {
	shortest := math.Inf(1)
	for _, m := range slices.Concat(b.embeddings, b.predictions, b.targets, b.negatives, []matrix{b.fixed}) {
		for _, row := range vectors(m) {
			length := 0.0
			for _, v := range row {
				length = math.Hypot(length, v)
			}
			shortest = min(shortest, length)
		}
	}
	return shortest
}

func (m matrix) rows() matrix { return m }

// columns returns the numbers of each dimension less their mean.
func (m matrix) columns() matrix {
	columns := make(matrix, len(m[0]))
	for k := range columns {
		mean := 0.0
		for _, row := range m {
			mean += row[k] / float64(len(m))
		}
		for _, row := range m {
			columns[k] = append(columns[k], row[k]-mean)
		}
	}
	return columns
}

func (m matrix) tensor() *tensors.Tensor {
	var flat []float32
	for _, row := range m {
		for _, v := range row {
			flat = append(flat, float32(v))
		}
	}
	return tensors.FromFlatDataAndDimensions(flat, len(m), len(m[0]))
}

// matrices returns all of them, in an order that inputs knows.
func (b batch) matrices() []matrix {
	all := append([]matrix{b.queue, b.fixed, b.draws}, b.negatives...)
	all = append(all, b.directions, b.state, b.prototypes, b.targetPrototypes)
	all = append(all, b.queues...)
	for v := range b.views {
		all = append(all, b.embeddings[v], b.predictions[v], b.targets[v], b.logits[v])
	}
	return all
}

// tensors are the inputs of a program.
func (b batch) tensors() []any {
	all := []any{tensors.FromFlatDataAndDimensions(b.labels, b.n)}
	for _, m := range b.matrices() {
		all = append(all, m.tensor())
	}
	return all
}

// inputs are a program's inputs for a loss. Queue and target have a gradient of their own accord.
func inputs(o objective.Objective, nodes []*Node) objective.Inputs {
	in := objective.Inputs{Labels: nodes[0], Queue: nodes[1]}
	extra := o.Needs().Negatives
	in.Negatives = nodes[4:6][:extra.Count]
	if extra.OneImage {
		in.Negatives = nodes[2:3]
	}
	in.Random = func(int) *Node { return nodes[3] }

	rest := nodes[4+extraNegatives:]
	in.Directions = rest[0]
	in.State = map[string]*Node{"center": Reshape(rest[1], -1)}
	in.Prototypes, in.TargetPrototypes = rest[2], rest[3]

	// V-1 queues and 4·V matrices of the views.
	views := len(rest[4:])/5 + 1
	in.Queues = append([]*Node{in.Queue}, rest[4:][:views-1]...)
	for v := rest[4:][views-1:]; len(v) > 0; v = v[4:] {
		in.Views, in.Predictions = append(in.Views, v[0]), append(in.Predictions, v[1])
		in.Targets, in.Logits = append(in.Targets, v[2]), append(in.Logits, v[3])
	}
	if seen := o.Needs().TargetViews; seen > 0 {
		in.Targets = in.Targets[:min(seen, views)]
	}
	return in
}

// gradientInputs are those of inputs that a loss is differentiated by.
func gradientInputs(o objective.Objective, in objective.Inputs) []*Node {
	return groups[*Node]{queue: []*Node{in.Queue}, queues: in.Queues, views: in.Views, predictions: in.Predictions,
		targets: in.Targets, logits: in.Logits, prototypes: []*Node{in.Prototypes}, extra: in.Negatives,
		fixed: in.Negatives}.by(o)
}

// differentiatedBy returns the matrices that gradientInputs are made from.
func (b batch) differentiatedBy(o objective.Objective) []matrix {
	targets := b.targets
	if seen := o.Needs().TargetViews; seen > 0 {
		targets = targets[:min(seen, b.views)]
	}
	return groups[matrix]{queue: []matrix{b.queue}, queues: b.allQueues(), views: b.embeddings,
		predictions: b.predictions, targets: targets, logits: b.logits, prototypes: []matrix{b.prototypes},
		extra: b.negatives, fixed: []matrix{b.fixed}}.by(o)
}

// allQueues returns the queue of each view.
func (b batch) allQueues() []matrix { return append([]matrix{b.queue}, b.queues...) }
