package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	_ "github.com/sslx-go/lab/experiments/claims"
	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/internal/testrecords"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
)

func named(t *testing.T, id string) experiments.Claim {
	t.Helper()
	c, err := experiments.Named(id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// simulated is a claim of two arms.
func simulated() experiments.Claim {
	a, b := sslx.Default(), sslx.Default()
	b.Batch *= 2
	p := experiments.Plan{Scale: experiments.CPU, Seeds: []uint64{1, 2, 3, 4, 5}, Tasks: []string{"class"},
		Protocols: []string{"knn"},
		Arms: []experiments.Arm{{Name: "a", Candidates: []experiments.Candidate{{Label: "base", Config: a}}},
			{Name: "b", Candidates: []experiments.Candidate{{Label: "twice the batch", Config: b}}}},
		Comparisons: []experiments.Comparison{{Factor: "a over b", A: "a", B: "b"}}, Margin: 2}
	return experiments.Claim{ID: "simulated", Plan: func(experiments.Scale) experiments.Plan { return p }}
}

// reported returns the report of records as text.
func reported(t *testing.T, s experiments.Scale, r experiments.Records, claims ...experiments.Claim) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "claims.html")
	if err := WriteClaims(path, s, r, claims...); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wellFormed fails where a tag is not closed by its own.
func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWriteClaims_EveryClaimOfAReportHasAllItsSections(t *testing.T) {
	r := testrecords.Invent(t, experiments.CPU, experiments.Claims()...)
	text := reported(t, experiments.CPU, r)
	wellFormed(t, text)
	sections := strings.Split(text, "<section id=")[1:]
	if len(sections) != len(experiments.Claims()) {
		t.Fatalf("%d sections", len(sections))
	}
	for i, c := range experiments.Claims() {
		section := html.UnescapeString(sections[i])
		for _, want := range []string{c.Belief, c.Prediction, c.Decision, "Verdict", "Deciding estimate",
			"Smallest difference",
			"Seeds that would settle it", "Compute spent", `<img src="data:image/svg+xml;base64,`, "<h3>Estimates", "Settings, and how",
			"sslx claims run " + c.ID + " --scale cpu", "sslx claims show "} {
			if !strings.Contains(section, want) {
				t.Errorf("%s lacks %q", c.ID, want)
			}
		}
		for _, m := range c.Plan(experiments.CPU).Made(r) {
			if !strings.Contains(section, "sslx claims show "+m.Record.Key+" --scale cpu") {
				t.Errorf("%s lacks run %s", c.ID, m.Record.Key)
			}
		}
	}
}

func TestWriteClaims_ReportLoadsNothing(t *testing.T) {
	text := reported(t, experiments.Smoke, testrecords.Invent(t, experiments.Smoke, named(t, "minibatch")))
	foreign := regexp.MustCompile(`(?i)<script|<link rel="stylesheet|@import|url\(|https?://|\son[a-z]+=`)
	if found := foreign.FindString(text); found != "" {
		t.Errorf("the page has %q", found)
	}
	for _, m := range regexp.MustCompile(`\b(?:src|href)="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(m[1], "data:") && !strings.HasPrefix(m[1], "#") {
			t.Errorf("the page loads %s", m[1])
		}
	}
}

func judged(t *testing.T, c experiments.Claim, s experiments.Scale, r experiments.Records) experiments.Outcome {
	t.Helper()
	o, err := experiments.Judge(c, s, r)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// estimateCells finds difference, ends of the interval, seeds, p and verdict of each row of estimates.
var estimateCells = regexp.MustCompile(`<td class="value">(?:tau )?([-+0-9.]+)(?: points)?</td><td class="value">([-+0-9.]+) to ` +
	`([-+0-9.]+)</td><td class="count">(\d+)</td><td class="value">([^\n]*?)</td>\s*<td>([^<]*)</td>`)

func TestWriteClaims_NumbersOfAReportAreThoseOfTheVerdict(t *testing.T) {
	for _, c := range []experiments.Claim{named(t, "protocol"), named(t, "negatives"), named(t, "cost")} {
		r := testrecords.Invent(t, experiments.CPU, c)
		cue := 0.523
		for key, known := range r {
			known.Environment.Device = "a processor, 1 cores"
			if c.ID == "negatives" {
				known.Cue = &cue
			}
			r[key] = known
		}
		text := html.UnescapeString(reported(t, experiments.CPU, r, c))
		if !strings.Contains(text, "a processor, 1 core<") {
			t.Errorf("%s: the device is not that of one core", c.ID)
		}
		o := judged(t, c, experiments.CPU, r)
		rows := estimateCells.FindAllStringSubmatch(text, -1)
		if len(rows) != len(o.Estimates) || len(rows) == 0 {
			t.Fatalf("%s: %d rows of %d estimates", c.ID, len(rows), len(o.Estimates))
		}
		for i, e := range o.Estimates {
			for k, want := range []float64{e.Mean, e.Low, e.High} {
				var got float64
				if _, err := fmt.Sscan(rows[i][k+1], &got); err != nil || math.Abs(got-want) > 0.00501 {
					t.Errorf("%s, %s: %s, want %g", c.ID, e.Factor, rows[i][k+1], want)
				}
			}
			if rows[i][4] != fmt.Sprint(e.Seeds) || e.P != nil && rows[i][5] != pText(e) {
				t.Errorf("%s, %s: %v", c.ID, e.Factor, rows[i][4:])
			}
		}
		if !strings.Contains(text, estimatesNote(o)) {
			t.Errorf("%s does not say how its p-values are corrected", c.ID)
		}
		if !strings.Contains(text, `<td class="verdict">`+string(o.Verdict)) {
			t.Errorf("%s is not said to be %s", c.ID, o.Verdict)
		}
		for _, e := range o.Estimates {
			if line := told(e) + ", " + string(e.Verdict); e.Decides && !strings.Contains(text, line) {
				t.Errorf("%s lacks the deciding estimate %q", c.ID, line)
			}
		}
		if c.ID == "negatives" {
			checkNegatives(t, text, c.Plan(experiments.CPU).Choices(r))
		}

		// A table that is cut says how to see the rest.
		var short strings.Builder
		if err := WriteOutcome(&short, o, 90); err != nil {
			t.Fatal(err)
		}
		rest := fmt.Sprintf("and %d more: `sslx claims report %s --scale cpu --out FILE`", len(rows)-shownEstimates,
			c.ID)
		if len(rows) > shownEstimates && !strings.Contains(short.String(), rest) {
			t.Errorf("%q is not in %s", rest, short.String())
		}
	}
}

// checkNegatives checks what is special about the page of the claim on negatives: two estimates decide, arms take their
// settings from others, and every arm has a cue test.
func checkNegatives(t *testing.T, text string, choices []experiments.Choice) {
	t.Helper()
	wants := []string{"The 2 estimates that decide are corrected together (Holm)", "cue test</th>", `">52.3 %</td>`}
	for _, c := range choices {
		if c.Arm == "own patch, noise" && c.Chosen {
			wants = append(wants, "<td>as own patch, noise: "+c.Label+"</td>", fmt.Sprintf("noise %.3g, crops of",
				c.Config.Views[0].Noise))
		}
	}
	if len(wants) != 5 {
		t.Fatal("no setting of own patch, noise is chosen")
	}

	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("negatives lacks %q", want)
		}
	}
}

func TestWriteClaims_ChoiceOfHyperParametersIsShown(t *testing.T) {
	r := testrecords.Invent(t, experiments.CPU, named(t, "minibatch"))
	text := html.UnescapeString(reported(t, experiments.CPU, r, named(t, "minibatch")))
	for _, c := range named(t, "minibatch").Plan(experiments.CPU).Choices(r) {
		if c.Tuned && !strings.Contains(text, fmt.Sprintf("%.2f %%", c.Validation)) {
			t.Errorf("%s: the validation accuracy of %s is missing", c.Arm, c.Label)
		}
		setting := fmt.Sprintf("<td>%s</td>", armSetting(c.Config))
		if c.Chosen {
			setting = "</strong></td>" + setting
		}
		if !strings.Contains(text, setting) {
			t.Errorf("%s lacks %s", c.Arm, setting)
		}
	}
}

func TestOutcomes_ShowTheEffectThatGivesTheVerdict(t *testing.T) {
	c := named(t, "lejepa")
	estimate := func(factor string, v statistics.Verdict) experiments.Estimate {
		return experiments.Estimate{Factor: factor, Decides: true, Verdict: v, Seeds: 5}
	}
	for want, o := range map[string]experiments.Outcome{
		"second:": {Verdict: statistics.Reversed, Estimates: []experiments.Estimate{
			estimate("first", statistics.NotSettled), estimate("second", statistics.Reversed)}},
		"first:": {Verdict: statistics.NotSettled, Estimates: []experiments.Estimate{
			estimate("first", statistics.Upheld), estimate("second", statistics.Reversed)}},
	} {
		o.Scale = experiments.CPU
		rows := Outcomes([]experiments.Claim{c}, []experiments.Outcome{o}).Rows
		if got := rows[0][2]; !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %s", got, want)
		}
	}
}

func TestArms_HasAccuracySettingAndARunOfEachArm(t *testing.T) {
	c := named(t, "negatives")
	r := testrecords.Invent(t, experiments.CPU, c)
	p := c.Plan(experiments.CPU).Remembering()
	accuracies, columns := p.Accuracies(r)
	rows := Arms(p, r).Rows
	if len(rows) != len(p.Arms) {
		t.Fatalf("%d rows of %d arms", len(rows), len(p.Arms))
	}

	for i, arm := range p.Arms {
		first, ok := p.Record(r, arm, p.Seeds[0])
		if !ok {
			t.Fatalf("%s has no record", arm.Name)
		}
		mean := fmt.Sprintf("%.1f %%", accuracies.Point(0, arm.Name, columns[0]).Mean)
		want := []string{arm.Name, mean, "5", armSetting(p.Setting(r, arm)), rows[i][4], Code(first.Key)}
		if !slices.Equal(rows[i], want) {
			t.Errorf("%q, want %q", rows[i], want)
		}
		how := "best of "
		if arm.After != "" {
			how = "as " + arm.After
		}
		if !strings.Contains(rows[i][4], how) {
			t.Errorf("%s: %q lacks %q", arm.Name, rows[i][4], how)
		}
	}

	want := "All arms: data cifar10; encoder `{name: convnet, width: 16}`; views of 24 pixels." // epochs differ
	if note := ArmsNote(p, r); note != want {
		t.Errorf("%q, want %q", note, want)
	}

	// Without tuning there is nothing to choose from.
	c = named(t, "cost")
	for _, row := range Arms(c.Plan(experiments.Smoke), testrecords.Invent(t, experiments.Smoke, c)).Rows {
		if row[4] != "not tuned" {
			t.Errorf("%q", row)
		}
	}
	if rows := Arms(p, experiments.Records{}).Rows; len(rows) > 0 {
		t.Errorf("without records: %q", rows)
	}
}

func TestWriteClaims_SomeOfTheRecordsAreEnoughForAReport(t *testing.T) {
	for _, s := range []experiments.Scale{experiments.Smoke, experiments.CPU} {
		all := testrecords.Invent(t, s, experiments.Claims()...)
		one := experiments.Records{}
		for _, key := range slices.Sorted(maps.Keys(all))[:1] {
			one[key] = all[key]
		}
		for name, r := range map[string]experiments.Records{"none": {}, "one": one, "half": testrecords.Half(all),
			"a quarter": testrecords.Half(testrecords.Half(all))} {
			text := reported(t, s, r)
			wellFormed(t, text)
			if n := strings.Count(text, "no records yet"); n == 0 && len(r) < 2 || n > 0 && name == "half" {
				t.Errorf("%s: %d claims have no records", name, n)
			}
			if _, err := claimsMarkdown(s, r); err != nil {
				t.Error(err)
			}
			for _, c := range experiments.Claims() {
				if text := OutcomeMarkdown(judged(t, c, s, r)); text == "" {
					t.Errorf("%s: no text", c.ID)
				}
			}
		}
	}
}

func TestWriteClaims_TableOfClaimsSaysTheEstimateThatDecides(t *testing.T) {
	c := simulated()
	r := testrecords.Invent(t, experiments.CPU, c)
	text, err := claimsMarkdown(experiments.CPU, r, c)
	if err != nil {
		t.Fatal(err)
	}
	e := judged(t, c, experiments.CPU, r).Estimates[0]
	for _, want := range []string{"| " + string(e.Verdict) + " |",
		fmt.Sprintf("a over b: %+.2f points, %+.2f to %+.2f | 5 |", e.Mean, e.Low, e.High)} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.Count(line, "|") != 8 {
			t.Errorf("line %d is %s", i, line)
		}
	}
}

func TestWriteClaims_ReportReplacesNothingButAReport(t *testing.T) {
	dir := t.TempDir()
	notes := filepath.Join(dir, "notes.md")
	if err := os.WriteFile(notes, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		notes:                              "is not an HTML page",
		dir:                                "is not an HTML page",
		filepath.Join(dir, "no", "x.html"): "is not a folder",
		filepath.Join(notes, "x.html"):     "is not a folder",
	} {
		err := WriteClaims(path, experiments.Smoke, experiments.Records{})
		if !usage.Is(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", path, err)
		}
	}
	page := filepath.Join(dir, "x.html")
	for range 2 {
		if err := WriteClaims(page, experiments.Smoke, experiments.Records{}); err != nil {
			t.Error(err)
		}
	}
	if text, _ := os.ReadFile(notes); string(text) != "mine" {
		t.Errorf("the notes are %q", text)
	}
}

func claimsMarkdown(s experiments.Scale, r experiments.Records, claims ...experiments.Claim) (string, error) {
	t, err := Claims(s, r, claims...)
	return t.Markdown(), err
}

func TestClaims_AChangedRecordChangesTheTable(t *testing.T) {
	all := testrecords.Invent(t, experiments.Smoke, named(t, "minibatch"))
	table, err := claimsMarkdown(experiments.Smoke, all, named(t, "minibatch"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := claimsMarkdown(experiments.Smoke, all, named(t, "minibatch")); err != nil || again != table {
		t.Errorf("the same records give another table (%v)", err)
	}

	for _, known := range all {
		for i := range known.Results {
			if known.Config.Batch == 64 && !known.Validation {
				known.Results[i].Value += 0.1
			}
		}
	}
	if other, err := claimsMarkdown(experiments.Smoke, all, named(t, "minibatch")); err != nil || other == table {
		t.Errorf("a changed record is not seen (%v)", err)
	}
}

func TestWriteOutcome_VerdictNamesTheRunsThatAreMissing(t *testing.T) {
	o := experiments.Outcome{Claim: "negatives", Scale: experiments.CPU, Verdict: statistics.Reversed, Missing: 3,
		Records: []string{"4f1c"}}
	var text strings.Builder
	if err := WriteOutcome(&text, o, 100); err != nil {
		t.Fatal(err)
	}
	if want := "reversed, with 3 runs missing, at scale cpu"; !strings.Contains(text.String(), want) {
		t.Errorf("without %q:\n%s", want, &text)
	}
}

func TestOutcome_SaysWhichRunsAreMissing(t *testing.T) {
	o := experiments.Outcome{Claim: "negatives", Scale: experiments.CPU, Missing: 16, Records: []string{"4f1c"},
		Gaps: []experiments.Gap{{Arm: "batch, noise", Tuning: 4, Seeds: []uint64{1, 2, 3}},
			{Arm: "full", Seeds: []uint64{1, 2, 3}}, {Arm: "patch", Seeds: []uint64{1, 4}},
			{Arm: "last", Seeds: []uint64{5}}, {Arm: "search", Tuning: 3}}}
	const want = `the final runs of seeds 1 to 3 of "batch, noise" (and 4 of tuning), "full"; the final runs of seeds 1, ` +
		`4 of "patch"; the final runs of seed 5 of "last"; runs of tuning of "search" (3)`

	var text strings.Builder
	if err := WriteOutcome(&text, o, 400); err != nil {
		t.Fatal(err)
	}
	facts := OutcomeFacts(o)
	for where, got := range map[string]string{"text": text.String(), "Markdown": OutcomeSummary(o),
		"page": facts[len(facts)-1][1]} {
		if !strings.Contains(got, want) {
			t.Errorf("the %s lacks %s:\n%s", where, want, got)
		}
	}
}
