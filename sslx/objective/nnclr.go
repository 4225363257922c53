package objective

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

func init() {
	Register("nnclr", NNCLR{Temperature: 0.1, Queue: 4096})
}

// NNCLR is the loss of Dwibedi et al. 2021 (https://arxiv.org/abs/2104.14548, equations 2 to 4 and algorithm 1): the
// positive of an image is not its other view but the nearest neighbor n(v) of its embedding among the embeddings of
// earlier batches,
//
//	mean over images i and ordered pairs (v,w), v≠w, of -log exp(n(v,i)·p(w,i)/τ) / Σ_j exp(n(v,i)·p(w,j)/τ)
//
// with p(w) the prediction of view w and j over the batch; all are normalized. Neighbors get no gradient. Equal
// embeddings give ln(N). Cost: 2·V·N·(Queue + (V-1)·N)·dim operations and memory for as many similarities over 2·dim.
type NNCLR struct {
	// Temperature is τ; positive. Its default is 0.1.
	Temperature float64 `yaml:"temperature"`

	// Queue is the number of embeddings of the first view of earlier images; positive. Its default is 4096.
	Queue int `yaml:"queue"`
}

// Needs asks for a predictor, a queue and a normalized output.
func (n NNCLR) Needs() Needs {
	return Needs{NormPerView: true, OutputNorm: true, Predictor: true, Queue: n.Queue, LeastBatch: 2,
		LeastBatchReason: noNegative}
}

// Check returns an error of package usage when a parameter is out of range.
func (n NNCLR) Check() error {
	return checkPositive(parameter{"temperature", n.Temperature}, parameter{"queue", float64(n.Queue)})
}

// Loss builds the loss of a batch.
func (n NNCLR) Loss(in Inputs) Terms {
	sharpness := in.inverse(n.Temperature)
	var positives, losses []*Node
	for v, z := range in.Views {
		neighbors := nearest(z, in.Queue)
		for w, prediction := range in.Predictions {
			if v != w {
				c := amongBatch(neighbors, normalized(prediction), sharpness)
				positives, losses = append(positives, c.positives...), append(losses, c.crossEntropies()...)
			}
		}
	}
	of := contrast{positives: positives, sharpness: sharpness}
	return of.terms(losses, math.Log(float64(in.images())))
}

// nearest returns for each row of z [N, dim] the row of queue [K, dim] at the largest cosine, without a gradient.
func nearest(z, queue *Node) *Node {
	z, queue = StopGradient(z), StopGradient(queue)
	best := ArgMax(cosineMatrix(normalized(z), queue), 1, dtypes.Int32) // [N]
	return StopGradient(Gather(queue, InsertAxes(best, -1)))            // [N, dim]
}
