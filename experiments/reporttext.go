package experiments

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/sslx"
)

// text writes the difference with its unit.
func (e Estimate) text() string {
	if e.Unit == "tau" {
		return fmt.Sprintf("tau %.2f", e.Mean)
	}
	return fmt.Sprintf("%+.2f points", e.Mean)
}

// span writes the interval.
func (e Estimate) span() string {
	switch {
	case math.IsNaN(e.Low) || math.IsNaN(e.High):
		return "not known"
	case e.Unit == "tau":
		return fmt.Sprintf("%.2f to %.2f", e.Low, e.High)
	}
	return fmt.Sprintf("%+.2f to %+.2f", e.Low, e.High)
}

// pText writes the corrected p-value.
func (e Estimate) pText() string {
	switch {
	case e.P == nil:
		return "–"
	case *e.P < 0.001:
		return "< 0.001"
	}
	return fmt.Sprintf("%.3f", *e.P)
}

// told says what the estimate is, in a line.
func (e Estimate) told() string {
	return fmt.Sprintf("%s, %s by %s: %s, %g %% interval %s, %d seeds", e.Factor, e.Task, e.Protocol, e.text(), 100*Level,
		e.span(), e.Seeds)
}

// deciding returns the estimate that decides, if there is one.
func (o Outcome) deciding() (Estimate, bool) {
	if len(o.Estimates) == 0 {
		return Estimate{}, false
	}
	return o.Estimates[0], true
}

// verdictText says the verdict, and why there is none.
func (o Outcome) verdictText() string {
	switch {
	case len(o.Records) == 0:
		return "no records yet"
	case o.Scale == Smoke:
		return "none at this scale"
	case o.Verdict == Withdrawn:
		return string(Withdrawn)
	case o.Missing > 0 && o.Verdict == statistics.NotSettled:
		return fmt.Sprintf("not settled: %d runs missing", o.Missing)
	case o.Missing > 0:
		return fmt.Sprintf("%s, with %d runs missing", o.Verdict, o.Missing)
	}
	return string(o.Verdict)
}

// shortLimit is the most important limit of a test: the first sentence of the reason for which its verdict is withdrawn, or
// of its first known limit; "–" where there is none.
func (o Outcome) shortLimit() string {
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
func (o Outcome) settleText() string {
	e, ok := o.deciding()
	switch {
	case !ok || o.Scale == Smoke || e.Unit == "tau":
		return "not known"
	case o.Verdict == Withdrawn:
		return "none: the verdict is withdrawn"
	case e.More == 0:
		return "it is settled"
	case e.More >= 1000:
		return "a thousand, or none: the difference is near the margin"
	}
	return fmt.Sprintf("about %d in all, at this spread", e.More)
}

// powerText says the smallest difference that the seeds find.
func (o Outcome) powerText() string {
	if o.Power == 0 {
		return "not known"
	}
	return fmt.Sprintf("%.1f points (probability 0.8)", o.Power)
}

// computeText says what the runs took.
func (o Outcome) computeText() string {
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
	parts := []string{fmt.Sprintf("batch %d", c.Batch), fmt.Sprintf("%s, learning rate %.3g", c.Optimizer.Name, c.Optimizer.LR)}
	if scale := cmp.Or(c.Optimizer.Scale, "none"); scale != "none" {
		parts[1] += " (" + scale + " in the batch)"
	}
	for _, one := range []struct {
		name  string
		value float64
	}{{"temperature", c.Objective.Temperature}, {"lambda", c.Objective.Lambda}} {
		if one.value != 0 {
			parts = append(parts, fmt.Sprintf("%s %g", one.name, one.value))
		}
	}
	if kind := c.Objective.Negatives; kind != "" {
		parts = append(parts, "negatives "+kind)
	}
	parts = append(parts, "projector "+strings.Trim(strings.ReplaceAll(fmt.Sprint(c.Projector), " ", "-"), "[]"))
	return strings.Join(parts, ", ")
}

func (s Scale) commands(id string) []string {
	return []string{fmt.Sprintf("sslx claims run %s --scale %s", id, s), fmt.Sprintf("sslx claims report %s --scale %s", id, s)}
}
