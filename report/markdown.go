package report

import (
	"fmt"
	"strings"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx/encoder"
)

// ClaimsTable returns a table with a row for each claim, all of them when none is given: what is believed, what the
// records say of it at a scale, and how to repeat that.
func ClaimsTable(s experiments.Scale, r experiments.Records, claims ...experiments.Claim) (string, error) {
	var b strings.Builder
	b.WriteString("| belief | verdict | effect with 95 % interval | seeds | compute | known limit | how to repeat |\n" +
		"| --- | --- | --- | ---: | --- | --- | --- |\n")
	for _, c := range orAll(claims) {
		o, err := experiments.Judge(c, s, r)
		if err != nil {
			return "", err
		}
		effect, seeds, compute := "–", "–", "–"
		if e, ok := o.Deciding(); ok && o.Verdict != experiments.Withdrawn {
			effect, seeds = fmt.Sprintf("%s: %s, %s", e.Factor, differenceText(e), intervalText(e)), fmt.Sprint(e.Seeds)
		}
		if len(o.Records) > 0 {
			compute = computeText(o)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | `%s` |\n", c.Belief, verdictText(o), effect, seeds, compute, shortLimit(o),
			commands(c.ID, s)[0])
	}
	return b.String(), nil
}

func orAll(claims []experiments.Claim) []experiments.Claim {
	if len(claims) == 0 {
		return experiments.Claims()
	}
	return claims
}

// ClaimText says what the records say of a claim at a scale: verdict, the estimate that decides, what it cost, and a
// table of all estimates; "no records yet" where there are none.
func ClaimText(c experiments.Claim, s experiments.Scale, r experiments.Records) (string, error) {
	o, err := experiments.Judge(c, s, r)
	if err != nil || len(o.Records) == 0 {
		return "There are no records yet at scale " + string(s) + ".\n", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Scale %s. Verdict: **%s**.\n\n", s, verdictText(o))
	if o.Withdrawn != "" {
		fmt.Fprintf(&b, "**Why the verdict is withdrawn.** %s\n\n", o.Withdrawn)
	}
	if len(o.Limits) > 0 {
		fmt.Fprintf(&b, "Known limits of this test:\n\n- %s\n\nFrom the records:\n\n", strings.Join(o.Limits, "\n- "))
	}
	if e, ok := o.Deciding(); ok && o.Verdict != experiments.Withdrawn {
		fmt.Fprintf(&b, "- What decides: %s; margin %g.\n- Smallest difference that these seeds find: %s.\n"+
			"- Seeds that would settle it: %s.\n", told(e), o.Margin, powerText(o), settleText(o))
	}
	fmt.Fprintf(&b, "- Spent: %s; %d runs missing.\n", computeText(o), o.Missing)
	if len(o.Estimates) == 0 {
		return b.String(), nil
	}
	b.WriteString("\n| comparison | task | protocol | difference | 95 % interval | seeds | p (Holm) | verdict |\n" +
		"| --- | --- | --- | ---: | --- | ---: | ---: | --- |\n")
	for _, e := range o.Estimates {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %d | %s | %s |\n", e.Factor, e.Task, e.Protocol, differenceText(e), intervalText(e), e.Seeds,
			pText(e), string(e.Verdict))
	}
	return b.String(), nil
}

// PlansTable returns a table of what a claim runs at each scale, from its plans.
func PlansTable(c experiments.Claim) string {
	var b strings.Builder
	b.WriteString("| scale | data and encoder | arms | runs of tuning | seeds | tasks | protocols | margin |\n" +
		"| --- | --- | ---: | ---: | ---: | --- | --- | ---: |\n")
	for _, s := range experiments.Scales() {
		p := c.Plan(s)
		base := p.Arms[0].Candidates[0].Config
		fmt.Fprintf(&b, "| %s | %s, %s, %g epochs | %d | %d | %d | %s | %s | %g |\n", s, base.Data, encoder.NameOf(base.Encoder),
			float64(base.Epochs), len(p.Arms), p.Tuned(), len(p.Seeds), strings.Join(p.Tasks, ", "),
			strings.Join(p.Protocols, ", "), p.Margin)
	}
	return b.String()
}
