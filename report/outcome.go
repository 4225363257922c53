package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/record"
)

// Claims returns a table with a row for each claim, all of them when none is given: what is believed, what the records
// say of it at a scale, and how to repeat that.
func Claims(s experiments.Scale, r experiments.Records, claims ...experiments.Claim) (Table, error) {
	claims = orAll(claims)
	outcomes := make([]experiments.Outcome, len(claims))
	for i, c := range claims {
		var err error
		if outcomes[i], err = experiments.Judge(c, s, r); err != nil {
			return Table{}, err
		}
	}
	return Outcomes(claims, outcomes), nil
}

// Outcomes is [Claims] for claims that were judged, each with its outcome.
func Outcomes(claims []experiments.Claim, outcomes []experiments.Outcome) Table {
	t := Table{Align: "lllrlll", Head: []string{"belief", "verdict", "effect with 95 % interval", "seeds", "compute",
		"known limit", "how to repeat"}}
	for i, c := range claims {
		o := outcomes[i]

		// A verdict that is withdrawn takes its effect with it.
		effect, seeds, compute := missing, missing, missing
		if e, ok := telling(o); ok && o.Verdict != experiments.Withdrawn {
			effect, seeds = fmt.Sprintf("%s: %s, %s", e.Factor, differenceText(e), intervalText(e)), fmt.Sprint(e.Seeds)
		}
		if len(o.Records) > 0 {
			compute = computeText(o)
		}
		t.Rows = append(t.Rows, []string{c.Belief, VerdictText(o), effect, seeds, compute, shortLimit(o),
			Code(commands(c.ID, o.Scale)[0])})
	}
	return t
}

// telling returns the estimate that tells why an outcome has its verdict: of several that decide, the first with that
// verdict, if there is one.
func telling(o experiments.Outcome) (experiments.Estimate, bool) {
	for _, e := range o.Estimates {
		if e.Decides && e.Verdict == o.Verdict {
			return e, true
		}
	}
	return o.Deciding()
}

func orAll(claims []experiments.Claim) []experiments.Claim {
	if len(claims) == 0 {
		return experiments.Claims()
	}
	return claims
}

// Plans returns a table of what a claim runs at each scale, from its plans.
func Plans(c experiments.Claim) Table {
	t := Table{Align: "llrrrllr", Head: []string{"scale", "data and encoder", "arms", "runs of tuning", "seeds",
		"tasks", "protocols", "margin"}}
	for _, s := range experiments.Scales() {
		p := c.Plan(s).Remembering()

		// Arms differ in what the claim varies; data and encoder are taken from the first.
		base := p.Arms[0].Candidates[0].Config
		t.Rows = append(t.Rows, []string{string(s),
			fmt.Sprintf("%s, %s, %s", base.Data, encoder.NameOf(base.Encoder), words.Count(base.Epochs, "epoch")),
			fmt.Sprint(len(p.Arms)), fmt.Sprint(p.Tuned()), fmt.Sprint(len(p.Seeds)), strings.Join(p.Tasks, ", "),
			strings.Join(slices.Concat(p.Protocols, p.Also), ", "), fmt.Sprintf("%g", p.Margin)})
	}
	return t
}

// PlanMarkdown says in Markdown what a plan runs: its arms with their candidates, the data, the tasks and the
// protocols.
func PlanMarkdown(p experiments.Plan) string {
	t := Table{Align: "llrrl", Head: []string{"arm", "candidates", "batch", "epochs", "views"}}
	for _, arm := range p.Arms {
		if arm.After != "" {
			t.Rows = append(t.Rows, []string{arm.Name, "the choice of " + arm.After + ", changed", "", "", ""})
			continue
		}

		// Candidates differ in what is tuned, which their labels say.
		c := arm.Candidates[0].Config
		var labels []string
		for _, candidate := range arm.Candidates {
			labels = append(labels, candidate.Label)
		}
		t.Rows = append(t.Rows, []string{arm.Name, strings.Join(labels, ", "), fmt.Sprint(c.Batch),
			fmt.Sprint(c.Epochs), viewText(c)})
	}

	base := p.Arms[0].Candidates[0].Config
	return t.Markdown() + fmt.Sprintf("\nData %s, encoder %s, tasks %s, protocols %s, %s, margin %g.\n", base.Data,
		encoder.NameOf(base.Encoder), strings.Join(p.Tasks, ", "), strings.Join(p.Protocols, ", "),
		words.Count(len(p.Seeds), "seed"), p.Margin)
}

// viewText names what the first view of a configuration is made by.
func viewText(c sslx.Config) string {
	v := c.Views[0]
	var parts []string

	// Parts that are off are left out.
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

// Estimates returns a table of the first estimates of an outcome, at most limit of them, all when limit is 0.
func Estimates(o experiments.Outcome, limit int) Table {
	t := Table{Align: "lllrlrrl", Head: []string{"comparison", "task", "protocol", "difference", "95 % interval",
		"seeds", "p (Holm)", "verdict"}}
	for i, e := range o.Estimates {
		if limit > 0 && i == limit {
			break
		}
		t.Rows = append(t.Rows, []string{e.Factor, e.Task, e.Protocol.String(), differenceText(e), intervalText(e),
			fmt.Sprint(e.Seeds), pText(e), estimateVerdict(e)})
	}
	return t
}

// estimateVerdict is the verdict of an estimate, or why it has none.
func estimateVerdict(e experiments.Estimate) string {
	if len(e.Construction) > 0 {
		return "none: " + strings.Join(e.Construction, " and ") + " is decided by construction"
	}
	return string(e.Verdict)
}

// shownEstimates is how many estimates are shown of an outcome before the others are folded away or left out.
const shownEstimates = 10

// OutcomeMarkdown says in Markdown what the records say of a claim: [OutcomeSummary], and a table of the estimates, of
// which those after the tenth can be unfolded.
func OutcomeMarkdown(o experiments.Outcome) string {
	if len(o.Estimates) == 0 || len(o.Records) == 0 {
		return OutcomeSummary(o)
	}

	text := OutcomeSummary(o) + "\n" + noteMarkdown(o) + Estimates(o, shownEstimates).Markdown()
	if more := len(o.Estimates) - shownEstimates; more > 0 {
		rest := Estimates(o, 0)
		rest.Rows = rest.Rows[shownEstimates:]
		text += "\n" + Folded(words.Count(more, "further estimate"), rest.Markdown())
	}
	return text
}

// OutcomeSummary says in some ten lines of Markdown what the records say of a claim: verdict, known limits, the
// estimate that decides, what it cost.
func OutcomeSummary(o experiments.Outcome) string {
	if len(o.Records) == 0 {
		return "There are no records yet at scale " + string(o.Scale) + ".\n"
	}

	var b strings.Builder
	fmt.Fprintf(&b, "Scale %s. Verdict: **%s**%s.\n\n", o.Scale, VerdictText(o), verdictMeaning(o))

	if o.Withdrawn != "" {
		fmt.Fprintf(&b, "**Why the verdict is withdrawn.** %s\n\n", o.Withdrawn)
	}

	if e, ok := o.Deciding(); ok && o.Verdict != experiments.Withdrawn {
		fmt.Fprintf(&b, "- What decides: %s; margin %g.\n", told(e), o.Margin)
		for _, other := range o.Estimates[1:] {
			if other.Decides {
				fmt.Fprintf(&b, "- Decides too: %s, %s.\n", told(other), estimateVerdict(other))
			}
		}
		fmt.Fprintf(&b, "- Smallest difference that these seeds find: %s.\n- Seeds that would settle it: %s.\n",
			powerText(o), settleText(o))
	}

	fmt.Fprintf(&b, "- Spent: %s; %s missing%s.\n", computeText(o), words.Count(o.Missing, "run"), gapsText(o, ": "))
	if len(o.Limits) > 0 {
		fmt.Fprintf(&b, "\nKnown limits of this test:\n\n- %s\n", strings.Join(o.Limits, "\n- "))
	}
	return b.String()
}

// FoldedEstimates is a table of all estimates of an outcome in Markdown, which can be unfolded; "" where there are
// none.
func FoldedEstimates(o experiments.Outcome) string {
	if len(o.Estimates) == 0 {
		return ""
	}
	text := noteMarkdown(o) + Estimates(o, 0).Markdown()
	if notes := notesMarkdown(estimateNotes(o)); notes != "" {
		text += "\n" + notes
	}
	return Folded("All "+words.Count(len(o.Estimates), "estimate"), text)
}

// Arms returns a table of the arms of a plan that were trained to the end: the mean accuracy on the task and by the
// protocol that decide, the setting, how it was chosen, and the key of the run with the first seed.
func Arms(p experiments.Plan, r experiments.Records) Table {
	final := map[string][]experiments.Made{}
	for _, m := range p.Made(r) {
		if m.Label == "" { // runs of tuning have one
			final[m.Arm] = append(final[m.Arm], m)
		}
	}
	choices := map[string][]experiments.Choice{}
	for _, c := range p.Choices(r) {
		choices[c.Arm] = append(choices[c.Arm], c)
	}

	t := Table{Align: "lrrlll", Head: []string{"arm", "accuracy", "seeds", "setting", "how it was chosen", "run"}}
	for _, arm := range p.Arms {
		runs := final[arm.Name]
		if len(runs) == 0 {
			continue
		}
		sum := 0.0
		for _, m := range runs {
			sum += m.Accuracy
		}
		t.Rows = append(t.Rows, []string{arm.Name, fmt.Sprintf("%.1f %%", 100*sum/float64(len(runs))),
			fmt.Sprint(len(runs)), armSetting(runs[0].Record.Config), choiceText(arm, choices[arm.Name]),
			Code(runs[0].Record.Key)})
	}
	return t
}

// ArmsNote says in a sentence what all runs of a plan have in common: data, encoder, size of the views, epochs; what
// differs is left out. It is "" where nothing is common.
func ArmsNote(p experiments.Plan, r experiments.Records) string {
	var common []string
	for i, m := range p.Made(r) {
		c := m.Record.Config
		var sizes []string
		for _, step := range c.Resolutions {
			sizes = append(sizes, fmt.Sprint(step.Size))
		}
		facts := []string{"data " + c.Data, "encoder " + flow(c.Encoder), "views of " + strings.Join(sizes, ", then ") +
			" pixels", words.Count(c.Epochs, "epoch")}
		if i == 0 {
			common = facts
		}
		common = slices.DeleteFunc(common, func(fact string) bool { return !slices.Contains(facts, fact) })
	}
	if len(common) == 0 {
		return ""
	}
	return "All arms: " + strings.Join(common, "; ") + "."
}

// flow is an encoder as one line of YAML.
func flow(e encoder.Encoder) string {
	node, err := encoder.Encode(e)
	if err != nil {
		return encoder.NameOf(e)
	}
	node.Style = yaml.FlowStyle
	text, err := yaml.Marshal(node)
	if err != nil {
		return encoder.NameOf(e)
	}
	return "`" + strings.TrimSpace(string(text)) + "`"
}

// choiceText says how the setting of an arm was chosen.
func choiceText(arm experiments.Arm, choices []experiments.Choice) string {
	for _, c := range choices {
		switch {
		case arm.After != "":
			return c.Label
		case c.Chosen:
			return fmt.Sprintf("%s: best of %d, %.1f %% on validation", c.Label, len(choices), c.Validation)
		}
	}
	return "not tuned"
}

// estimateNotes says what the protocols of the estimates mean.
func estimateNotes(o experiments.Outcome) [][2]string {
	var protocols []record.Protocol
	for _, e := range o.Estimates {
		protocols = append(protocols, e.Protocol)
	}
	return protocolNotes(protocols)
}

// estimatesNote explains the p-values of a table of estimates; "" where there are none.
func estimatesNote(o experiments.Outcome) string {
	if !slices.ContainsFunc(o.Estimates, func(e experiments.Estimate) bool { return e.P != nil }) {
		return ""
	}
	if deciding := countDeciding(o); deciding > 1 {
		return fmt.Sprintf(pMeaningFamily, deciding)
	}
	return pMeaning
}

// noteMarkdown is the note as a paragraph of its own.
func noteMarkdown(o experiments.Outcome) string {
	if note := estimatesNote(o); note != "" {
		return note + "\n\n"
	}
	return ""
}

// countDeciding returns how many estimates decide together.
func countDeciding(o experiments.Outcome) (n int) {
	for _, e := range o.Estimates {
		if e.Decides {
			n++
		}
	}
	return n
}

// Folded is Markdown that shows its title until it is unfolded.
func Folded(title, text string) string {
	return fmt.Sprintf("<details><summary>%s</summary>\n\n%s\n</details>\n", title, text)
}

// WriteOutcome writes what the records say of a claim as text in at most width columns: verdict, known limits, cost,
// and the first estimates.
func WriteOutcome(w io.Writer, o experiments.Outcome, width int) error {
	var t Table
	add := func(name, text string) {
		// The name stands before the first line of a text only.
		for i, line := range words.Wrap(text, width-12) {
			t.Rows = append(t.Rows, []string{map[bool]string{true: name}[i == 0], line})
		}
	}

	add("claim", o.Claim)
	verdict := string(o.Verdict)
	if o.Scale != experiments.Smoke { // a line below says that smoke gives none
		verdict = VerdictText(o)
	}
	add("verdict", fmt.Sprintf("%s, at scale %s (margin %g)", verdict, o.Scale, o.Margin))
	if o.Withdrawn != "" && o.Verdict == experiments.Withdrawn {
		add("because", o.Withdrawn)
	}
	for _, limit := range o.Limits {
		add("limit", limit)
	}
	if o.Scale == experiments.Smoke {
		add("", "smoke scale only checks that everything runs; it gives no verdict")
	}

	add("runs", fmt.Sprintf("%d made, %d missing; %s of training", len(o.Records), o.Missing,
		words.Duration(o.Seconds)))
	if o.Missing > 0 {
		add("missing", gapsText(o, ""))
	}
	if o.Power > 0 {
		add("power", powerText(o))
	}

	if err := t.WriteText(w, 0); err != nil || len(o.Estimates) == 0 {
		return err
	}

	// The estimates are a table of their own, after a blank line.
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	if err := Estimates(o, shownEstimates).WriteText(w, 0); err != nil {
		return err
	}
	if more := len(o.Estimates) - shownEstimates; more > 0 {
		_, err := fmt.Fprintf(w, "and %d more: `sslx claims report %s --scale %s --out FILE` writes them all\n",
			more, o.Claim, o.Scale)
		return err
	}
	return nil
}

// OutcomeFacts lists what decides, and what that is worth. Every estimate that decides has a line with its verdict,
// which a withdrawn claim and smoke scale do not give.
func OutcomeFacts(o experiments.Outcome) (facts [][2]string) {
	judged := o.Verdict != experiments.Withdrawn && o.Scale != experiments.Smoke
	for _, e := range o.Estimates {
		if !e.Decides {
			continue
		}
		text := told(e)
		if verdict := estimateVerdict(e); judged && verdict != "" {
			text += ", " + verdict
		}
		facts = append(facts, [2]string{"Deciding estimate", text})
	}
	if len(facts) == 0 {
		facts = append(facts, [2]string{"Deciding estimate", "nothing yet"})
	}

	return append(facts, [2]string{"Margin", fmt.Sprintf("%g", o.Margin)},
		[2]string{"Smallest difference these seeds find", powerText(o)},
		[2]string{"Seeds that would settle it", settleText(o)}, [2]string{"Compute spent", computeText(o)},
		[2]string{"Runs missing", fmt.Sprint(o.Missing) + gapsText(o, ": ")})
}

// gapsText says which runs are missing, after a prefix; "" where none is. Arms that lack final runs of the same seeds
// stand together.
func gapsText(o experiments.Outcome, prefix string) string {
	var groups [][]experiments.Gap
	for _, gap := range o.Gaps {
		i := slices.IndexFunc(groups, func(g []experiments.Gap) bool { return slices.Equal(g[0].Seeds, gap.Seeds) })
		if i < 0 {
			i, groups = len(groups), append(groups, nil)
		}
		groups[i] = append(groups[i], gap)
	}

	var parts []string
	for _, group := range groups {
		var arms []string
		for _, gap := range group {
			arm := fmt.Sprintf("%q", gap.Arm) // names of arms have commas
			switch {
			case len(gap.Seeds) == 0:
				arm += fmt.Sprintf(" (%d)", gap.Tuning)
			case gap.Tuning > 0:
				arm += fmt.Sprintf(" (and %d of tuning)", gap.Tuning)
			}
			arms = append(arms, arm)
		}
		what := "runs of tuning"
		if seeds := group[0].Seeds; len(seeds) > 0 {
			what = "the final runs of " + seedRange(seeds)
		}
		parts = append(parts, what+" of "+strings.Join(arms, ", "))
	}
	if len(parts) == 0 {
		return ""
	}
	return prefix + strings.Join(parts, "; ")
}

// seedRange names seeds, which are in order.
func seedRange(seeds []uint64) string {
	first, last := seeds[0], seeds[len(seeds)-1]
	switch {
	case len(seeds) == 1:
		return fmt.Sprintf("seed %d", first)
	case len(seeds) > 2 && last-first == uint64(len(seeds)-1):
		return fmt.Sprintf("seeds %d to %d", first, last)
	}
	texts := make([]string, len(seeds))
	for i, seed := range seeds {
		texts[i] = fmt.Sprint(seed)
	}
	return "seeds " + strings.Join(texts, ", ")
}

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
	at := e.Task
	if e.Protocol.Name() != "" {
		at += " by " + e.Protocol.String()
	}
	return fmt.Sprintf("%s, %s: %s, %g %% interval %s, %s", e.Factor, at, differenceText(e), 100*experiments.Level,
		intervalText(e), words.Count(e.Seeds, "seed"))
}

// VerdictText says the verdict, and why there is none.
func VerdictText(o experiments.Outcome) string {
	// Reasons for having no verdict come before the verdict.
	switch {
	case len(o.Records) == 0:
		return "no records yet"
	case o.Scale == experiments.Smoke:
		return "none at this scale"
	case o.Verdict == experiments.Withdrawn:
		return string(experiments.Withdrawn)
	case o.Missing > 0 && o.Verdict == statistics.NotSettled:
		return fmt.Sprintf("not settled: %s missing", words.Count(o.Missing, "run"))
	case o.Missing > 0:
		return fmt.Sprintf("%s, with %s missing", o.Verdict, words.Count(o.Missing, "run"))
	}
	return string(o.Verdict)
}

// verdictMeaning says in half a sentence what a verdict means for the belief; "" where there is none.
func verdictMeaning(o experiments.Outcome) string {
	if o.Scale == experiments.Smoke {
		return ""
	}

	switch o.Verdict {
	case statistics.Equivalent:
		return ": the whole interval lies within the margin, so there is no difference that matters. " +
			"That debunks the belief"
	case statistics.Reversed:
		return ": the whole interval lies beyond the margin, on the other side than the belief predicts. " +
			"That debunks it"
	case statistics.Debunked:
		return ": what the belief predicts is not seen"
	case statistics.Upheld:
		return ": the whole interval lies where the belief predicts it"
	}
	return ""
}

// pMeaning explains the column of p-values.
const pMeaning = "p is the p-value of the verdict. The estimate that decides stands for itself; the others are " +
	"corrected over the tasks and protocols of their comparison (Holm), and settle nothing above 0.05. For a " +
	"comparison with a baseline there is no verdict, and p is of no difference."

// pMeaningFamily is pMeaning where several estimates decide together.
const pMeaningFamily = "p is the p-value of the verdict. The %d estimates that decide are corrected together (Holm); " +
	"the others over the tasks and protocols of their comparison. Above 0.05 they settle nothing. Where a comparison " +
	"has no verdict, p is of no difference."

// shortLimit is the most important limit of a test: the first sentence of the reason for which its verdict is
// withdrawn, or of its first known limit; "–" where there is none.
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
	e, _ := o.Deciding()
	return fmt.Sprintf("%.1f points, told from zero with a probability of 0.8 (%s); to be told from the margin, a "+
		"difference has to be larger by the margin", o.Power, e.Factor)
}

// computeText says what the runs took.
func computeText(o experiments.Outcome) string {
	return fmt.Sprintf("%s of training, %s", words.Duration(o.Seconds), words.Count(len(o.Records), "run"))
}

// settingText says the hyper-parameters that claims vary.
func settingText(c sslx.Config) string {
	parts := []string{fmt.Sprintf("batch %d", c.Batch),
		fmt.Sprintf("%s, learning rate %.3g", optimizer.NameOf(c.Optimizer.Rule), c.Optimizer.LR)}
	if scale := cmp.Or(c.Optimizer.Scale, "none"); scale != "none" {
		parts[1] += " (" + scale + " in the batch)"
	}

	// Compared with the method's defaults; the temperature is named in any case.
	own, usual := parameters(c.Objective), parameters(nil)
	if o, err := objective.Named(objective.NameOf(c.Objective)); err == nil {
		usual = parameters(o)
	}
	for _, key := range []string{"temperature", "lambda", "covariance", "negatives"} {
		if value, ok := own[key]; ok && (key == "temperature" || value != usual[key]) {
			if number, ok := value.(float64); ok {
				value = fmt.Sprintf("%.3g", number)
			}
			parts = append(parts, fmt.Sprintf("%s %v", key, value))
		}
	}

	parts = append(parts, "projector "+strings.Trim(strings.ReplaceAll(fmt.Sprint(c.Projector), " ", "-"), "[]"))
	return strings.Join(parts, ", ")
}

// armSetting is settingText with what claims vary beyond it: the number of negatives and the views.
func armSetting(c sslx.Config) string {
	parts := []string{settingText(c)}
	if n, ok := parameters(c.Objective)["negatives_k"].(int); ok {
		parts = append(parts, words.Count(n, "negative"))
	}

	// The second view of a pair is tuned with the first.
	view := c.Views[0]
	if view.Noise > 0 {
		parts = append(parts, fmt.Sprintf("noise %.3g", view.Noise))
	}
	if view.CropScale > 0 {
		parts = append(parts, fmt.Sprintf("crops of %.3g to %.3g of the area", view.CropScale,
			cmp.Or(view.CropScaleMax, 1)))
	}
	if view.Jitter > 0 {
		parts = append(parts, fmt.Sprintf("jitter %.3g", view.Jitter))
	}
	if view.Gray > 0 {
		parts = append(parts, fmt.Sprintf("gray %.3g", view.Gray))
	}
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
	return []string{
		fmt.Sprintf("sslx claims run %s --scale %s", id, s),
		fmt.Sprintf("sslx claims report %s --scale %s", id, s),
	}
}
