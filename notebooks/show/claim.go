package show

import (
	"fmt"
	"strings"

	"github.com/sslx-go/lab/experiments"
	_ "github.com/sslx-go/lab/experiments/claims" // registers the claims
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
)

// Claim shows what is believed, what would follow, and how it is decided.
func Claim(c experiments.Claim) {
	text := fmt.Sprintf("**Belief.** %s\n\n**Prediction.** %s\n\n**Decision.** %s\n", c.Belief, c.Prediction,
		c.Decision)

	if c.Withdrawn != "" {
		text += fmt.Sprintf("\n**The verdict is withdrawn.** %s\n", c.Withdrawn)
	}
	if len(c.Limits) > 0 {
		text += "\n**Known limits of this test.**\n\n- " + strings.Join(c.Limits, "\n- ") + "\n"
	}

	Markdown(text)
}

// Plan shows what is run for a claim at a scale.
func Plan(p experiments.Plan) { Markdown(report.PlanMarkdown(p)) }

// Run makes the runs of a claim that are not in Mine yet, shows how far it is, and returns the records. An interrupted
// run resumes from its checkpoint when the cell is run again.
func Run(c experiments.Claim, s experiments.Scale) experiments.Records {
	live, plan := NewLive(""), c.Plan(s)
	sweep := experiments.Sweep{Store: Mine(s), Work: Runs("claims"), Options: live.Options(),
		Started: func(done, total int, what string) {
			live.Title(fmt.Sprintf("run %d of %d (%s)", done+1, total, what))
		}}

	// An interrupt ends the cell here: what was made so far is on disk.
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
		fmt.Printf("The repository has no record of this claim at scale %s yet. To make them:\n"+
			"sslx claims run %s --scale %s\n", s, c.ID, s)
	case o.Missing > 0:
		fmt.Printf("The repository has %d runs of this claim at scale %s; %d are missing, so this is not final.\n",
			len(o.Records), s, o.Missing)
	default:
		fmt.Printf("The repository has all %d runs of this claim at scale %s: %s of training.\n", len(o.Records), s,
			words.Duration(o.Seconds))
	}
	return records
}

// Verdict shows what the records say of a claim.
func Verdict(o experiments.Outcome) { Markdown(report.OutcomeMarkdown(o)) }
