package objective

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
)

func init() {
	Register("swav", SwAV{Temperature: 0.1, Prototypes: 300, Epsilon: 0.05, Iterations: 3, AssignedViews: 2})
}

// SwAV is the loss of swapped assignments (Caron et al. 2020, https://arxiv.org/abs/2006.09882, equations 2 to 5): each
// view predicts to which prototypes another view of the image is assigned,
//
//	mean over images, views v that are assigned, and other views w, of -Σ_k code(v)_k · log softmax(s(w)/τ)_k
//
// where s are the cosines of an embedding with the prototypes, which are trained with the network. The codes of a view
// share the batch equally among the prototypes: Iterations of the algorithm of Sinkhorn and Knopp on exp(s/Epsilon),
// whose rows, one for each image, then add up to 1. Codes get no gradient. All codes and predictions alike give
// ln(Prototypes). Cost: 2·V·N·Prototypes·dim operations and memory for 2·V·N·Prototypes numbers.
type SwAV struct {
	// Temperature is τ; positive. Its default is 0.1.
	Temperature float64 `yaml:"temperature"`

	// Prototypes is their number; positive. Its default is 300; the authors take 3,000 for ImageNet's 1,000 classes.
	Prototypes int `yaml:"prototypes"`

	// Epsilon is the temperature of the codes; positive. Its default is 0.05.
	Epsilon float64 `yaml:"epsilon"`

	// Iterations is the number of iterations that make the codes; positive. Its default is 3.
	Iterations int `yaml:"iterations"`

	// AssignedViews is the number of views, from the first one on, that get codes; 0 is all. Its default is 2, the
	// large crops of the authors.
	AssignedViews int `yaml:"assigned_views"`

	// Queue is the number of embeddings of earlier images of each view that share the prototypes with the batch, for
	// batches that have fewer images than there are prototypes; 0, the default, for none.
	Queue int `yaml:"queue"`
}

// Needs asks for prototypes, and for queues if there are any.
func (s SwAV) Needs() Needs {
	return Needs{Prototypes: s.Prototypes, Queue: s.Queue, QueuePerView: s.Queue > 0}
}

// Check returns an error of package usage when a parameter is out of range.
func (s SwAV) Check() error {
	err := checkPositive(parameter{"temperature", s.Temperature}, parameter{"prototypes", float64(s.Prototypes)},
		parameter{"epsilon", s.Epsilon}, parameter{"iterations", float64(s.Iterations)})
	switch {
	case err != nil:
		return err
	case s.Queue < 0:
		return usage.Errorf("objective.queue is %d: it must be 0 (none) or more", s.Queue)
	}
	return checkViews("assigned_views", s.AssignedViews)
}

// Loss builds the loss of a batch.
func (s SwAV) Loss(in Inputs) Terms {
	prototypes := normalized(in.Prototypes) // [K, dim]
	scores := make([]*Node, len(in.Views))  // each [N, K]
	for v, z := range in.Views {
		scores[v] = cosineMatrix(normalized(z), prototypes)
	}

	var losses []*Node
	for v := range leading(in.Views, s.AssignedViews) {
		codes := s.codes(in, v, scores[v], prototypes)
		for w := range scores {
			if v != w {
				losses = append(losses, crossEntropy(codes, Mul(scores[w], in.inverse(s.Temperature))))
			}
		}
	}
	return Terms{Loss: mean(losses), Chance: math.Log(float64(prototypes.Shape().Dimensions[0]))}
}

// codes returns the assignment [N, K] of each image of view v, without a gradient.
func (s SwAV) codes(in Inputs, v int, scores, prototypes *Node) *Node {
	n := scores.Shape().Dimensions[0]
	if s.Queue > 0 {
		scores = Concatenate([]*Node{scores, cosineMatrix(in.Queues[v], prototypes)}, 0) // [N+queue, K]
	}
	codes := sinkhorn(DivScalar(StopGradient(scores), s.Epsilon), s.Iterations)
	return StopGradient(Slice(codes, AxisRange(0, n)))
}

// sinkhorn scales the exponentials of logits [rows, columns] so that columns have equal sums, then rows sums of 1, and
// so on. It works on logarithms, which neither overflow nor vanish.
func sinkhorn(logits *Node, iterations int) *Node {
	for range iterations {
		// Columns are prototypes, which get equal shares; rows are images, whose shares add up to 1.
		logits = Sub(logits, logSumExp(logits, 0))
		logits = Sub(logits, logSumExp(logits, 1))
	}
	return Exp(logits)
}

// logSumExp returns the logarithm of the sums of the exponentials along an axis, which it keeps with size 1.
func logSumExp(x *Node, axis int) *Node {
	largest := StopGradient(ReduceAndKeep(x, ReduceMax, axis))
	return Add(largest, Log(ReduceAndKeep(Exp(Sub(x, largest)), ReduceSum, axis)))
}

// crossEntropy returns [N], the cross entropies of the distributions softmax(logits) from those of wanted, [N, K].
func crossEntropy(wanted, logits *Node) *Node {
	return Neg(ReduceSum(Mul(wanted, Sub(logits, logSumExp(logits, 1))), 1))
}
