package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// differenceText writes the difference with its unit.
func differenceText(e experiments.Estimate) string {
	if e.Unit == "tau" {
		return fmt.Sprintf("tau %.2f", e.Mean)
	}
	return fmt.Sprintf("%+.2f points", e.Mean)
}

// intervalText writes the interval.
func intervalText(e experiments.Estimate) string {
	switch {
	case math.IsNaN(e.Low) || math.IsNaN(e.High):
		return "not known"
	case e.Unit == "tau":
		return fmt.Sprintf("%.2f to %.2f", e.Low, e.High)
	}
	return fmt.Sprintf("%+.2f to %+.2f", e.Low, e.High)
}

// pText writes the corrected p-value.
func pText(e experiments.Estimate) string {
	switch {
	case e.P == nil:
		return "–"
	case *e.P < 0.001:
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", *e.P)
}

// told says what the estimate is, in a line.
func told(e experiments.Estimate) string {
	return fmt.Sprintf("%s, %s by %s: %s, %g %% interval %s, %d seeds", e.Factor, e.Task, e.Protocol, differenceText(e), 100*experiments.Level,
		intervalText(e), e.Seeds)
}

// verdictText says the verdict, and why there is none.
func verdictText(o experiments.Outcome) string {
	switch {
	case len(o.Records) == 0:
		return "no records yet"
	case o.Scale == experiments.Smoke:
		return "none at this scale"
	case o.Verdict == experiments.Withdrawn:
		return string(experiments.Withdrawn)
	case o.Missing > 0 && o.Verdict == statistics.NotSettled:
		return fmt.Sprintf("not settled: %d runs missing", o.Missing)
	case o.Missing > 0:
		return fmt.Sprintf("%s, with %d runs missing", o.Verdict, o.Missing)
	}
	return string(o.Verdict)
}

// shortLimit is the most important limit of a test: the first sentence of the reason for which its verdict is withdrawn, or
// of its first known limit; "–" where there is none.
func shortLimit(o experiments.Outcome) string {
	text := o.Withdrawn
	if text == "" && len(o.Limits) > 0 {
		text = o.Limits[0]
	}
	first, _, more := strings.Cut(text, ". ")
	if more {
		first += "."
	}
	return cmp.Or(first, "–")
}

// settleText says how many seeds would settle the claim.
func settleText(o experiments.Outcome) string {
	e, ok := o.Deciding()
	switch {
	case !ok || o.Scale == experiments.Smoke || e.Unit == "tau":
		return "not known"
	case o.Verdict == experiments.Withdrawn:
		return "none: the verdict is withdrawn"
	case e.More == 0:
		return "it is settled"
	case e.More >= 1000:
		return "a thousand, or none: the difference is near the margin"
	}
	return fmt.Sprintf("about %d in all, at this spread", e.More)
}

// powerText says the smallest difference that the seeds find.
func powerText(o experiments.Outcome) string {
	if o.Power == 0 {
		return "not known"
	}
	return fmt.Sprintf("%.1f points (probability 0.8)", o.Power)
}

// computeText says what the runs took.
func computeText(o experiments.Outcome) string {
	return fmt.Sprintf("%s of training, %d runs", durationText(o.Seconds), len(o.Records))
}

func durationText(seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	default:
		return fmt.Sprintf("%.1f h", d.Hours())
	}
}

// settingText says the hyper-parameters that claims vary.
func settingText(c sslx.Config) string {
	parts := []string{fmt.Sprintf("batch %d", c.Batch), fmt.Sprintf("%s, learning rate %.3g", optimizer.NameOf(c.Optimizer.Rule), c.Optimizer.LR)}
	if scale := cmp.Or(c.Optimizer.Scale, "none"); scale != "none" {
		parts[1] += " (" + scale + " in the batch)"
	}
	own, usual := parameters(c.Objective), parameters(nil)
	if o, err := objective.Named(objective.NameOf(c.Objective)); err == nil {
		usual = parameters(o)
	}
	for _, key := range []string{"temperature", "lambda", "negatives"} {
		if value, ok := own[key]; ok && (key == "temperature" || value != usual[key]) {
			parts = append(parts, fmt.Sprintf("%s %v", key, value))
		}
	}
	parts = append(parts, "projector "+strings.Trim(strings.ReplaceAll(fmt.Sprint(c.Projector), " ", "-"), "[]"))
	return strings.Join(parts, ", ")
}

// parameters returns the parameters of an objective by their keys.
func parameters(o objective.Objective) map[string]any {
	values := map[string]any{}
	if node, err := objective.Encode(o); err == nil {
		_ = node.Decode(&values)
	}
	return values
}

// commands returns how to make the runs of a claim, and how to report on them.
func commands(id string, s experiments.Scale) []string {
	return []string{fmt.Sprintf("sslx claims run %s --scale %s", id, s), fmt.Sprintf("sslx claims report %s --scale %s", id, s)}
}
