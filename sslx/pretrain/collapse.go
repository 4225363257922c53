package pretrain

import (
	"fmt"

	"github.com/sslx-go/lab/sslx/record"
)

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

// collapseWatch says once for each reason that a training looks collapsed.
type collapseWatch struct{ point, line, chance bool }

// see returns a sentence for a line of the log that shows a new reason, "" otherwise.
func (w *collapseWatch) see(m record.Metrics, total int) string {
	switch {
	case float64(m.Step) < collapseStart*float64(total):
	case m.Spread < collapsedSpread && !w.point:
		w.point = true
		return fmt.Sprintf("step %d: the embeddings have collapsed to a point (spread %.3g; 1 fills the sphere): every image "+
			"gets the same embedding; lower optimizer.lr or change the objective's parameters", m.Step, m.Spread)
	case m.Spread >= collapsedSpread && m.Rank < collapsedRank && !w.line:
		w.line = true
		return fmt.Sprintf("step %d: the embeddings have collapsed to a line (effective rank %.2f): they tell two groups of "+
			"images apart at most; lower optimizer.lr or change the objective's parameters", m.Step, m.Rank)
	case m.Chance > 0 && m.Loss > (1-chanceShare)*m.Chance && !w.chance:
		w.chance = true
		return fmt.Sprintf("step %d: the loss, %.4g, is still that of embeddings which tell nothing (%.4g): raise optimizer.lr, "+
			"or look at the views", m.Step, m.Loss, m.Chance)
	}
	return ""
}
