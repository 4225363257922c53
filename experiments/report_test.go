package experiments

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/record"
)

// invented returns made-up records of all runs of claims at a scale, with noise over seeds.
func invented(t *testing.T, s Scale, claims ...Claim) Records {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	r := Records{}
	for _, c := range claims {
		p := c.Plan(s)
		for {
			q := queue{records: r, fingerprint: func(sslx.Config) (string, error) { return "print", nil }}
			if err := q.fill([]Plan{p}); err != nil {
				t.Fatal(err)
			}
			if len(q.runs) == 0 {
				break
			}
			for _, run := range q.runs {
				known := inventedRecord(s, run, random)
				r[known.Key] = known
			}
		}
	}
	return r
}

func inventedRecord(s Scale, run Run, random *rand.Rand) Record {
	known := Record{Key: run.Key("print"), Scale: s, Config: run.Config, Validation: run.Validation, Tasks: run.Tasks, Seconds: 100 + 20*random.Float64(),
		Environment: record.Environment{Fingerprint: "print", CPU: "a processor"}}
	add := func(model, task, protocol, layer, split string, value float64) {
		known.Results = append(known.Results, record.Result{Model: model, Task: task, Protocol: record.ParseProtocol(protocol + "@" + layer), Layer: layer,
			Split: split, Metric: "accuracy", Value: value})
	}
	names := map[string]string{evaluate.ProtocolKNN: "knn/x", evaluate.ProtocolLinear: "linear/lbfgs/x"}
	split := map[bool]string{true: "validation", false: "test"}[run.Validation]
	for i, task := range run.Tasks {
		if !strings.Contains(task, "/") {
			task = "set/" + task
		}
		for _, protocol := range run.Protocols {
			level := 0.6 - 0.05*float64(i)
			if run.Floors {
				add(FloorPixels, task, names[protocol], "pixels", split, level-0.2)
				add(FloorUntrained, task, names[protocol], "encoder", split, level-0.15)
			}
			add(run.Config.Objective.Name, task, names[protocol], "encoder", split, level+0.02*random.NormFloat64())
		}
	}
	return known
}

func TestFewEncodersInOneOrderSettleNothing(t *testing.T) {
	for encoders, want := range map[int]statistics.Verdict{minEncoders - 1: statistics.NotSettled, minEncoders: statistics.Upheld} {
		p, r := planProtocols(CPU), Records{}
		for i, arm := range p.Arms[:encoders] {
			for _, seed := range p.Seeds {
				c := arm.Candidates[0].Config
				c.Seed = seed
				known := inventedRecord(CPU, Run{Config: c, Tasks: p.Tasks, Protocols: p.Protocols}, rand.New(rand.NewPCG(1, 1)))
				for j := range known.Results {
					known.Results[j].Value -= float64(i) / 50
				}
				r[known.Key] = known
			}
		}
		estimates, err := judgeProtocols(p, r)
		if err != nil {
			t.Fatal(err)
		}
		if got := estimates[0].Verdict; got != want || estimates[0].Mean != 1 {
			t.Errorf("%d encoders in one order: %s with tau %g, want %s", encoders, got, estimates[0].Mean, want)
		}
	}
}

// half returns every other record, the first by key among them.
func half(r Records) Records {
	some, i := Records{}, 0
	for _, key := range sortedKeys(r) {
		if i++; i%2 == 1 {
			some[key] = r[key]
		}
	}
	return some
}

func sortedKeys(r Records) (keys []string) {
	for key := range r {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// reported returns the report of records as text.
func reported(t *testing.T, s Scale, r Records, claims ...Claim) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "claims.html")
	if err := WriteReport(path, s, r, claims...); err != nil {
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

func TestEveryClaimOfAReportHasAllItsSections(t *testing.T) {
	r := invented(t, CPU, Claims()...)
	text := reported(t, CPU, r)
	wellFormed(t, text)
	sections := strings.Split(text, "<section id=")[1:]
	if len(sections) != len(Claims()) {
		t.Fatalf("%d sections", len(sections))
	}
	for i, c := range Claims() {
		section := html.UnescapeString(sections[i])
		for _, want := range []string{c.Belief, c.Prediction, c.Decision, "Verdict", "Deciding estimate", "Smallest difference",
			"Seeds that would settle it", "Compute spent", `<img src="data:image/svg+xml;base64,`, "<h3>Estimates", "Settings, and how",
			"sslx claims run " + c.ID + " --scale cpu", "sslx claims show "} {
			if !strings.Contains(section, want) {
				t.Errorf("%s lacks %q", c.ID, want)
			}
		}
		for key := range c.Plan(CPU).keys(r) {
			if !strings.Contains(section, "sslx claims show "+key+" --scale cpu") {
				t.Errorf("%s lacks run %s", c.ID, key)
			}
		}
	}
}

func TestTheReportLoadsNothing(t *testing.T) {
	text := reported(t, Smoke, invented(t, Smoke, minibatch))
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

func judged(t *testing.T, c Claim, s Scale, r Records) Outcome {
	t.Helper()
	o, err := Judge(c, s, r)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// estimateCells finds difference, ends of the interval, seeds, p and verdict of each row of estimates.
var estimateCells = regexp.MustCompile(`<td class="value">(?:tau )?([-+0-9.]+)(?: points)?</td><td class="value">([-+0-9.]+) to ` +
	`([-+0-9.]+)</td><td class="count">(\d+)</td><td class="value">([^\n]*?)</td>\s*<td>([^<]*)</td>`)

func TestTheNumbersOfAReportAreThoseOfTheVerdict(t *testing.T) {
	for _, c := range []Claim{protocols, negatives, cost} {
		r := invented(t, CPU, c)
		text := html.UnescapeString(reported(t, CPU, r, c))
		o := judged(t, c, CPU, r)
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
			if rows[i][4] != fmt.Sprint(e.Seeds) || e.P != nil && rows[i][5] != e.pText() {
				t.Errorf("%s, %s: %v", c.ID, e.Factor, rows[i][4:])
			}
		}
		if !strings.Contains(text, `<td class="verdict">`+string(o.Verdict)) {
			t.Errorf("%s is not said to be %s", c.ID, o.Verdict)
		}
	}
}

func TestTheChoiceOfHyperParametersIsShown(t *testing.T) {
	r := invented(t, CPU, minibatch)
	text := html.UnescapeString(reported(t, CPU, r, minibatch))
	p := minibatch.Plan(CPU)
	for _, arm := range p.Arms {
		chosen, ok, err := p.chosen(r, arm, r.fingerprint)
		if !ok || err != nil {
			t.Fatal(arm.Name, err)
		}
		want := fmt.Sprintf("<td>%s</td>", settingText(chosen))
		if len(arm.Candidates) > 1 {
			want = "</strong>" + "</td>" + want
		}
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %s", arm.Name, want)
		}
		for _, c := range arm.Candidates {
			value, ok := p.validation(r, c)
			if !ok || !strings.Contains(text, fmt.Sprintf("%.2f %%", value)) {
				t.Errorf("%s: the validation accuracy of %s is missing", arm.Name, c.Label)
			}
		}
	}
}

func TestSomeOfTheRecordsAreEnoughForAReport(t *testing.T) {
	for _, s := range []Scale{Smoke, CPU} {
		all := invented(t, s, Claims()...)
		one := Records{}
		for _, key := range sortedKeys(all)[:1] {
			one[key] = all[key]
		}
		for name, r := range map[string]Records{"none": {}, "one": one, "half": half(all), "a quarter": half(half(all))} {
			text := reported(t, s, r)
			wellFormed(t, text)
			if n := strings.Count(text, "no records yet"); (n > 0) != (name == "none" || name == "one") {
				t.Errorf("%s: %d claims have no records", name, n)
			}
			if _, err := MarkdownTable(s, r); err != nil {
				t.Error(err)
			}
			for _, c := range Claims() {
				if _, err := Markdown(c, s, r); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

func TestTheTableOfClaimsSaysTheEstimateThatDecides(t *testing.T) {
	c, r := simulated(rand.New(rand.NewPCG(1, 2)), 0.1, 0.001)
	text, err := MarkdownTable(CPU, r, c)
	if err != nil {
		t.Fatal(err)
	}
	e := judged(t, c, CPU, r).Estimates[0]
	for _, want := range []string{"| upheld |", fmt.Sprintf("a over b: %+.2f points, %+.2f to %+.2f | 5 |", e.Mean, e.Low, e.High)} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		if strings.Count(line, "|") != 7 {
			t.Errorf("line %d is %s", i, line)
		}
	}
}

func TestAReportReplacesNothingButAReport(t *testing.T) {
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
		err := WriteReport(path, Smoke, Records{})
		if !usage.Is(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", path, err)
		}
	}
	page := filepath.Join(dir, "x.html")
	for range 2 {
		if err := WriteReport(page, Smoke, Records{}); err != nil {
			t.Error(err)
		}
	}
	if text, _ := os.ReadFile(notes); string(text) != "mine" {
		t.Errorf("the notes are %q", text)
	}
}
