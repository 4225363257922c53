package pretrain

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/record"
)

// Measures of every step that show a collapse of the embeddings.
const (
	spreadMeasure = "spread"
	rankMeasure   = "rank"
)

// spread is the mean over dimensions of the standard deviation over the batch of the normalized embeddings z
// [batch, dim], times √dim (Chen and He 2021, https://arxiv.org/abs/2011.10566, section 4.1).
func spread(z *Node) *Node {
	deviation := Sqrt(ReduceMean(Square(centeredDirections(z)), 0)) // [dim]
	return MulScalar(ReduceAllMean(deviation), math.Sqrt(float64(z.Shape().Dimensions[1])))
}

// rank is the participation ratio of the eigenvalues λ of the covariance of the normalized embeddings z [batch, dim],
// (Σλ)²/Σλ²: the number of dimensions that they fill, between 1 and min(batch-1, dim), with no decomposition. It is 0
// where they are all equal.
func rank(z *Node) *Node {
	z = centeredDirections(z)
	gram := Dot(z, z).EinsumAxes([][2]int{{1, 1}}, nil) // [batch, batch]: its non-zero eigenvalues are the covariance's
	total := ReduceAllSum(Square(z))
	return Div(Square(total), MaxScalar(ReduceAllSum(Square(gram)), 1e-30))
}

// centeredDirections is z [batch, dim] with each row scaled to length 1, less the mean row, without a gradient.
func centeredDirections(z *Node) *Node {
	z = StopGradient(L2NormalizeWithEpsilon(z, 1e-12, -1))
	return Sub(z, ReduceAndKeep(z, ReduceMean, 0))
}

const (
	// collapseStart is the share of a training after which its embeddings should have left their initial state.
	collapseStart = 0.1

	// collapsedSpread and collapsedRank are the spread and the effective rank below which embeddings have collapsed:
	// to a point, and to a line.
	collapsedSpread = 0.02
	collapsedRank   = 1.2

	// chanceShare is how near to its chance level a loss that learns nothing stays.
	chanceShare = 0.01
)

// collapseWatch warns once for each reason for which a training looks collapsed.
type collapseWatch struct{ point, line, chance bool }

// warning returns a sentence for a line of the log that shows a new reason, "" otherwise.
func (w *collapseWatch) warning(m record.Metrics, total int) string {
	// At first every training looks collapsed.
	if float64(m.Step) < collapseStart*float64(total) {
		return ""
	}

	switch point := m.Spread < collapsedSpread; {
	case point && !w.point:
		w.point = true
		return fmt.Sprintf("step %d: the embeddings have collapsed to a point (spread %.3g; 1 fills the sphere): all "+
			"images have the same embedding; lower optimizer.lr or change the objective's parameters", m.Step, m.Spread)

	case !point && m.Rank < collapsedRank && !w.line:
		w.line = true
		return fmt.Sprintf("step %d: the embeddings have collapsed to a line (effective rank %.2f): they separate two "+
			"groups of images at most; lower optimizer.lr or change the objective's parameters", m.Step, m.Rank)

	case m.Chance > 0 && m.Loss > (1-chanceShare)*m.Chance && !w.chance:
		w.chance = true
		return fmt.Sprintf("step %d: the loss is still at chance level (%.4g of %.4g): raise optimizer.lr, or check "+
			"the views", m.Step, m.Loss, m.Chance)
	}
	return ""
}
