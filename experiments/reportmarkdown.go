package experiments

import (
	"fmt"
	"strings"
)

// MarkdownTable returns a table with a row for each claim, all of them when none is given: what is believed, what the
// records say of it at a scale, and how to repeat that.
func MarkdownTable(s Scale, r Records, claims ...Claim) (string, error) {
	var b strings.Builder
	b.WriteString("| belief | verdict | effect with 95 % interval | seeds | compute | known limit | how to repeat |\n" +
		"| --- | --- | --- | ---: | --- | --- | --- |\n")
	for _, c := range orAll(claims) {
		o, err := Judge(c, s, r)
		if err != nil {
			return "", err
		}
		effect, seeds, compute := "–", "–", "–"
		if e, ok := o.deciding(); ok && o.Verdict != Withdrawn {
			effect, seeds = fmt.Sprintf("%s: %s, %s", e.Factor, e.text(), e.span()), fmt.Sprint(e.Seeds)
		}
		if len(o.Records) > 0 {
			compute = o.computeText()
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | `%s` |\n", c.Belief, o.verdictText(), effect, seeds, compute, o.shortLimit(),
			s.commands(c.ID)[0])
	}
	return b.String(), nil
}

func orAll(claims []Claim) []Claim {
	if len(claims) == 0 {
		return Claims()
	}
	return claims
}

// Markdown says what the records say of a claim at a scale: verdict, the estimate that decides, what it cost, and a
// table of all estimates; "no records yet" where there are none.
func Markdown(c Claim, s Scale, r Records) (string, error) {
	o, err := Judge(c, s, r)
	if err != nil || len(o.Records) == 0 {
		return "There are no records yet at scale " + string(s) + ".\n", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Scale %s. Verdict: **%s**.\n\n", s, o.verdictText())
	if o.Withdrawn != "" {
		fmt.Fprintf(&b, "**Why the verdict is withdrawn.** %s\n\n", o.Withdrawn)
	}
	if len(o.Limits) > 0 {
		fmt.Fprintf(&b, "Known limits of this test:\n\n- %s\n\nFrom the records:\n\n", strings.Join(o.Limits, "\n- "))
	}
	if e, ok := o.deciding(); ok && o.Verdict != Withdrawn {
		fmt.Fprintf(&b, "- What decides: %s; margin %g.\n- Smallest difference that these seeds find: %s.\n"+
			"- Seeds that would settle it: %s.\n", e.told(), o.Margin, o.powerText(), o.settleText())
	}
	fmt.Fprintf(&b, "- Spent: %s; %d runs missing.\n", o.computeText(), o.Missing)
	if len(o.Estimates) == 0 {
		return b.String(), nil
	}
	b.WriteString("\n| comparison | task | protocol | difference | 95 % interval | seeds | p (Holm) | verdict |\n" +
		"| --- | --- | --- | ---: | --- | ---: | ---: | --- |\n")
	for _, e := range o.Estimates {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %d | %s | %s |\n", e.Factor, e.Task, e.Protocol, e.text(), e.span(), e.Seeds,
			e.pText(), string(e.Verdict))
	}
	return b.String(), nil
}

// MarkdownPlans returns a table of what a claim runs at each scale, from its plans.
func MarkdownPlans(c Claim) string {
	var b strings.Builder
	b.WriteString("| scale | data and encoder | arms | runs of tuning | seeds | tasks | protocols | margin |\n" +
		"| --- | --- | ---: | ---: | ---: | --- | --- | ---: |\n")
	for _, s := range Scales() {
		p := c.Plan(s)
		base := p.Arms[0].Candidates[0].Config
		fmt.Fprintf(&b, "| %s | %s, %s, %g epochs | %d | %d | %d | %s | %s | %g |\n", s, base.Data, base.Encoder.Name,
			float64(base.Epochs), len(p.Arms), p.tuned(), len(p.Seeds), strings.Join(p.Tasks, ", "),
			strings.Join(p.Protocols, ", "), p.Margin)
	}
	return b.String()
}

// tuned returns the number of runs that choose hyper-parameters.
func (p Plan) tuned() (n int) {
	for _, arm := range p.Arms {
		if len(arm.Candidates) > 1 {
			n += len(arm.Candidates) * len(p.TuneSeeds)
		}
	}
	return n
}
