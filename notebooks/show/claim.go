package show

import (
	"fmt"
	"strings"

	"github.com/sslx-go/lab/experiments"
	_ "github.com/sslx-go/lab/experiments/claims" // registers the five claims
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder"
)

// Claim shows what is believed, what would follow, and how it is decided.
func Claim(c experiments.Claim) {
	text := fmt.Sprintf("**Belief.** %s\n\n**Prediction.** %s\n\n**Decision.** %s\n", c.Belief, c.Prediction, c.Decision)
	if c.Withdrawn != "" {
		text += fmt.Sprintf("\n**The verdict is withdrawn.** %s\n", c.Withdrawn)
	}
	if len(c.Limits) > 0 {
		text += "\n**Known limits of this test.**\n\n- " + strings.Join(c.Limits, "\n- ") + "\n"
	}
	Markdown(text)
}

// Plan shows what is run for a claim at a scale.
func Plan(p experiments.Plan) { Markdown(plan(p)) }

func plan(p experiments.Plan) string {
	var b strings.Builder
	b.WriteString("| arm | candidates | batch | epochs | views |\n| --- | --- | ---: | ---: | --- |\n")
	for _, arm := range p.Arms {
		if arm.After != "" {
			fmt.Fprintf(&b, "| %s | the choice of %s, changed | | | |\n", arm.Name, arm.After)
			continue
		}
		c := arm.Candidates[0].Config
		var labels []string
		for _, candidate := range arm.Candidates {
			labels = append(labels, candidate.Label)
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s |\n", arm.Name, strings.Join(labels, ", "), c.Batch, c.Epochs, view(c))
	}
	fmt.Fprintf(&b, "\nData %s, encoder %s, tasks %s, protocols %s, %d seeds, margin %g.\n", p.Arms[0].Candidates[0].Config.Data,
		encoder.NameOf(p.Arms[0].Candidates[0].Config.Encoder), strings.Join(p.Tasks, ", "), strings.Join(p.Protocols, ", "), len(p.Seeds), p.Margin)
	return b.String()
}

// view names what the first view of a configuration is made by.
func view(c sslx.Config) string {
	v := c.Views[0]
	var parts []string
	for _, part := range []struct {
		name  string
		value float64
	}{{"crop", v.CropScale}, {"flip", v.Flip}, {"jitter", v.Jitter}, {"gray", v.Gray}, {"noise", v.Noise}} {
		if part.value > 0 {
			parts = append(parts, fmt.Sprintf("%s %g", part.name, part.value))
		}
	}
	return strings.Join(parts, ", ")
}

// Run makes the runs of a claim that are not in Mine yet, shows how far it is, and returns the records. An interrupted
// run goes on from its checkpoint when the cell is run again.
func Run(c experiments.Claim, s experiments.Scale) experiments.Records {
	live, plan := NewLive(""), c.Plan(s)
	sweep := experiments.Sweep{Store: Mine(s), Work: Runs("claims"), Options: live.Options(),
		Started: func(done, total int, what string) { live.Title(fmt.Sprintf("run %d of %d (%s)", done+1, total, what)) }}
	Check(sweep.Run(Context(), plan))
	live.Done("The records of every run are on disk.")
	return Must(Mine(s).Read())
}

// Recorded returns the records of the repository at a scale, and says how many of the claim's runs they hold.
func Recorded(c experiments.Claim, s experiments.Scale) experiments.Records {
	records := Must(Committed(s).Read())
	o := Must(experiments.Judge(c, s, records))
	switch {
	case len(o.Records) == 0:
		fmt.Printf("The repository has no record of this claim at scale %s yet. To make them:\nsslx claims run %s --scale %s\n", s, c.ID, s)
	case o.Missing > 0:
		fmt.Printf("The repository has %d runs of this claim at scale %s; %d are missing, so this is not final.\n", len(o.Records), s,
			o.Missing)
	default:
		fmt.Printf("The repository has all %d runs of this claim at scale %s: %s of training.\n", len(o.Records), s,
			words.Duration(o.Seconds))
	}
	return records
}

// Verdict shows what the records say of a claim.
func Verdict(o experiments.Outcome) { Markdown(report.OutcomeMarkdown(o)) }
