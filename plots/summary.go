package plots

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sslx-go/lab/sslx/record"
)

// summary says in plain words what was done and what came of it, one sentence each.
func (r Report) summary() []string {
	c := compare(r.Results)
	sentences := r.training(methods(c.models))
	rows := c.main()
	if len(rows) == 0 {
		return append(sentences, "No accuracy has been measured yet.")
	}
	for _, m := range c.models[2:] {
		sentences = append(sentences, verdict(rows, m))
	}
	return append(sentences, caution(rows))
}

// training says what was trained on what, for how long, and where.
func (r Report) training(methods []string) []string {
	if len(r.Metrics) == 0 {
		return []string{"There is no training log yet."}
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
	out := fmt.Sprintf("%s on %s, without labels, for %s (%s images seen) in %s", who, data, plural(last.Epoch, "epoch"),
		thousands(last.Images), duration(last.Seconds))
	if where := where(r.Environment); where != "" {
		out += " on " + where
	}
	return []string{out + "."}
}

// verdict says on which tasks a trained model beats the higher floor, and by how many points.
func verdict(rows []*row, model string) string {
	var ahead, behind []string
	floors := map[string]bool{}
	prefix := commonPrefix(rows)
	for _, r := range rows {
		e, floor := r.models[model], math.Inf(-1)
		for _, name := range []string{record.ModelPixels, record.ModelUntrained} {
			if f := r.models[name]; f != nil {
				floor = max(floor, f.tenths())
				floors[name] = true
			}
		}
		if e == nil || math.IsInf(floor, -1) {
			continue
		}
		points := (e.tenths() - floor) / 10
		text := fmt.Sprintf("%s (%+.1f points)", strings.TrimPrefix(r.task, prefix), points)
		if points > 0 {
			ahead = append(ahead, text)
		} else {
			behind = append(behind, strings.Replace(text, "-", "−", 1))
		}
	}
	if len(ahead)+len(behind) == 0 {
		return fmt.Sprintf("For %s no floor was measured on the same tasks, so its numbers cannot be judged.", model)
	}
	return compose(model, rows[0], floors, ahead, behind)
}

func compose(model string, first *row, floors map[string]bool, ahead, behind []string) string {
	rival := "both floors, the raw pixels and the untrained encoder,"
	switch {
	case !floors[record.ModelPixels]:
		rival = "the untrained encoder (the pixels were not measured)"
	case !floors[record.ModelUntrained]:
		rival = "the raw pixels (the untrained encoder was not measured)"
	}
	tasks := plural(float64(len(ahead)+len(behind)), "task")
	out := fmt.Sprintf("By %saccuracy on the %s split (%s), %s beats %s on %d of %s", probeWords(first.protocol),
		first.split, first.protocol, model, rival, len(ahead), tasks)
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
		for _, e := range r.models {
			low, high := e.interval()
			widest, seeds = max(widest, (high-low)/2), max(seeds, len(e.values))
		}
	}
	over := "the images tested; one seed"
	if seeds > 1 {
		over = fmt.Sprintf("%d seeds", seeds)
	}
	return fmt.Sprintf("Each accuracy is uncertain by up to ±%.1f points (95 %% interval over %s).", 100*widest, over)
}

// probeWords names a kind of protocol for a sentence.
func probeWords(protocol record.Protocol) string {
	return map[string]string{"knn": "k-nearest-neighbour ", "linear": "linear-probe "}[protocol.Family]
}

func plural(count float64, noun string) string {
	if count != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%.4g %s", count, noun)
}

// thousands writes a count with a thin space between groups of three digits.
func thousands(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// duration writes seconds as people say them: "42 s", "3 min 20 s", "5 h 12 min".
func duration(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return fmt.Sprintf("%d h %d min", h, m)
	case m > 0:
		return fmt.Sprintf("%d min %d s", m, s)
	}
	return fmt.Sprintf("%d s", s)
}
