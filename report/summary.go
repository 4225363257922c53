package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/sslx/record"
)

// Summary says in plain words what was done and what came of it, one sentence each.
func (r Run) Summary() []string {
	c := compare(r.Results)
	sentences := []string{r.trainingSentence(methods(c.columns))}

	rows := c.main()
	if len(rows) == 0 {
		return append(sentences, "No accuracy has been measured yet.")
	}

	// Everything that was trained is judged by the baselines.
	for _, m := range c.columns {
		if !record.IsBaseline(m) {
			sentences = append(sentences, verdictSentence(rows, m))
		}
	}
	return append(sentences, caution(rows))
}

// trainingSentence says what was trained on what, for how long, and where.
func (r Run) trainingSentence(methods []string) string {
	if len(r.Metrics) == 0 {
		return "There is no training log yet."
	}

	data := r.Environment.Data
	if data == "" {
		data = "images"
	}
	who := "An encoder was trained"
	if len(methods) > 0 {
		who += " with " + strings.Join(methods, " and ")
	}

	last := r.Metrics[len(r.Metrics)-1]
	out := fmt.Sprintf("%s on %s, without labels, for %s (%s images seen) in %s", who, data,
		words.Count(last.Epoch, "epoch"), words.Thousands(last.Images), words.Duration(last.Seconds))
	if where := where(r.Environment); where != "" {
		out += " on " + where
	}
	return out + "."
}

// verdictSentence says on which tasks a trained model beats the stronger baseline, and by how many points.
func verdictSentence(rows []*row, model string) string {
	var ahead, behind []string
	known := map[string]bool{} // baselines that were measured
	prefix := commonPrefix(rows)
	for _, r := range rows {
		// All baselines have to be beaten: the strongest one decides.
		e, baseline := r.cells[model], math.Inf(-1)
		for _, name := range record.Baselines() {
			if b := r.cells[name]; b != nil {
				baseline = max(baseline, b.tenths())
				known[name] = true
			}
		}
		if e == nil || math.IsInf(baseline, -1) {
			continue
		}

		// In the tenths that the table shows, so that sentence and table agree.
		points := (e.tenths() - baseline) / 10
		number := strings.Replace(fmt.Sprintf("%+.1f", points), "-", "−", 1)
		text := fmt.Sprintf("%s (%s points)", strings.TrimPrefix(r.task, prefix), number)
		if points > 0 {
			ahead = append(ahead, text)
		} else {
			behind = append(behind, text)
		}
	}

	if len(ahead)+len(behind) == 0 {
		return fmt.Sprintf("For %s no baseline was measured on the same tasks, so its numbers cannot be judged.", model)
	}
	return compose(model, rows[0], known, ahead, behind)
}

func compose(model string, first *row, known map[string]bool, ahead, behind []string) string {
	// A baseline that was not measured cannot be beaten: the sentence says so.
	rival := "both baselines, the raw pixels and the untrained encoder,"
	switch {
	case !known[record.ModelPixels]:
		rival = "the untrained encoder (the pixels were not measured)"
	case !known[record.ModelUntrained] && !known[record.ModelUntrainedBN]:
		rival = "the raw pixels (the untrained encoder was not measured)"
	}

	out := fmt.Sprintf("By %saccuracy on the %s split (%s), %s beats %s on %d of %s", probeWords(first.protocol),
		first.split, first.protocol, model, rival, len(ahead), words.Count(len(ahead)+len(behind), "task"))
	if len(ahead) > 0 {
		out += ": " + strings.Join(ahead, ", ")
	}
	if len(behind) > 0 {
		out += "; it does not on " + strings.Join(behind, ", ")
	}
	return out + "."
}

// caution says how far a single accuracy may be from the truth.
func caution(rows []*row) string {
	widest, seeds := 0.0, 1
	for _, r := range rows {
		for _, e := range r.cells {
			// The widest interval is quoted: it holds for every accuracy of the page.
			low, high := e.interval()
			widest, seeds = max(widest, (high-low)/2), max(seeds, len(e.values))
		}
	}

	over := "the images tested; one seed"
	if seeds > 1 {
		over = words.Count(seeds, "seed")
	}
	return fmt.Sprintf("Each accuracy is uncertain by up to ±%.1f points (95 %% interval over %s).", 100*widest, over)
}

// probeWords names a kind of protocol for a sentence.
func probeWords(protocol record.Protocol) string {
	return map[string]string{"knn": "k-nearest-neighbor ", "linear": "linear-probe "}[protocol.Family]
}
