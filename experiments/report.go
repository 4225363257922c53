package experiments

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
)

//go:embed report.html.tmpl
var reportText string

var reportTemplate = template.Must(template.New("claims").Parse(reportText))

// WriteReport writes what the records say of claims at a scale, all claims when none is given, as one HTML page that
// loads nothing from elsewhere and runs no script: verdicts, estimates, figures, the choice of hyper-parameters, and
// every run with the command that shows how to repeat it. Some of the runs are enough. The file is written whole or not
// at all; one that is there is replaced if it is an HTML page, and otherwise a usage error.
func WriteReport(path string, s Scale, r Records, claims ...Claim) error {
	if err := checkTarget(path); err != nil {
		return err
	}
	page, err := newReportPage(s, r, orAll(claims))
	if err != nil {
		return err
	}
	var buffer bytes.Buffer
	if err := reportTemplate.Execute(&buffer, page); err != nil {
		return err
	}
	err = atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(buffer.Bytes()); return err })
	if err != nil {
		return fmt.Errorf("the report cannot be written to %s: %w", path, err)
	}
	return nil
}

// checkTarget refuses a target that is not a new file or an HTML page.
func checkTarget(path string) error {
	if folder, err := os.Stat(filepath.Dir(path)); err != nil || !folder.IsDir() {
		return usage.Errorf("the report cannot be written to %s: %s is not a folder", path, filepath.Dir(path))
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the report cannot be written: %w", err)
	}
	defer func() { _ = file.Close() }()
	start := make([]byte, 256)
	n, err := file.Read(start)
	if n == 0 && errors.Is(err, io.EOF) {
		return nil
	}
	start = bytes.ToLower(bytes.TrimSpace(start[:n]))
	if err != nil || !bytes.HasPrefix(start, []byte("<!doctype html")) && !bytes.HasPrefix(start, []byte("<html")) {
		return usage.Errorf("%s is there and is not an HTML page: give the report another name", path)
	}
	return nil
}

// reportPage is what the template shows.
type reportPage struct {
	Scale    Scale
	Smoke    bool
	Commands []string
	Made     [][2]string // where, and with what
	Claims   []claimSection
}

type claimSection struct {
	Claim
	Verdict   string
	Facts     [][2]string
	Picture   *reportPicture
	Estimates []estimateRow
	Arms      []armRow
	Runs      []runRow
	Commands  []string
}

type reportPicture struct {
	URL template.URL
	Alt string
}

type estimateRow struct {
	Estimate
	Text, Span, PText, Word string
}

// armRow is a candidate of an arm; Span is the number of candidates, at the first of them, else 0.
type armRow struct {
	Arm, Label, Setting, Validation string
	Span                            int
	Chosen                          bool
}

type runRow struct {
	Key, Arm, Split, Accuracy, Seconds, Show string
	Seed                                     uint64
}

func newReportPage(s Scale, r Records, claims []Claim) (page reportPage, err error) {
	page = reportPage{Scale: s, Smoke: s == Smoke, Commands: s.commands(words(claims))}
	used := map[string]bool{}
	for _, c := range claims {
		section, err := newClaimSection(c, s, r)
		if err != nil {
			return page, fmt.Errorf("claim %s: %w", c.ID, err)
		}
		page.Claims = append(page.Claims, section)
		for _, run := range section.Runs {
			used[run.Key] = true
		}
	}
	page.Made = r.made(used)
	return page, nil
}

// words names claims as the command takes them.
func words(claims []Claim) string {
	var ids []string
	for _, c := range claims {
		ids = append(ids, c.ID)
	}
	if len(ids) == len(Claims()) {
		return "all"
	}
	return strings.Join(ids, " ")
}

// made says where the runs were made, and with what; the first of several first by name.
func (r Records) made(keys map[string]bool) (facts [][2]string) {
	for _, fact := range []struct {
		name  string
		value func(Record) string
	}{
		{"Data", func(x Record) string { return x.Environment.Data }},
		{"Data fingerprint (SHA-256)", func(x Record) string { return x.Environment.Fingerprint }},
		{"Device", func(x Record) string { return x.Environment.Device }},
		{"Processor", func(x Record) string { return x.Environment.CPU }},
		{"Backend", func(x Record) string { return x.Environment.Backend }},
		{"Source revision", func(x Record) string { return x.Environment.Revision }},
	} {
		values := map[string]bool{}
		for key := range keys {
			if value := fact.value(r[key]); value != "" {
				values[value] = true
			}
		}
		for _, value := range slices.Sorted(maps.Keys(values)) {
			facts = append(facts, [2]string{fact.name, value})
		}
	}
	return facts
}

func newClaimSection(c Claim, s Scale, r Records) (section claimSection, err error) {
	o, err := Judge(c, s, r)
	if err != nil {
		return section, err
	}
	p := c.Plan(s)
	section = claimSection{Claim: c, Verdict: o.verdictText(), Facts: o.facts(), Commands: s.commands(c.ID)}
	for _, e := range o.Estimates {
		section.Estimates = append(section.Estimates, estimateRow{e, e.text(), e.span(), e.pText(), string(e.Verdict)})
	}
	for _, arm := range p.Arms {
		section.Arms = append(section.Arms, p.armRows(r, arm)...)
	}
	section.Runs = p.runRows(r)
	figure, err := Figure(c, s, r)
	if err != nil || figure == nil {
		return section, err
	}
	svg, err := figure.SVG()
	section.Picture = &reportPicture{template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg)), figure.Alt}
	return section, err
}

// facts lists what decides, and what that is worth.
func (o Outcome) facts() [][2]string {
	decides := "nothing yet"
	if e, ok := o.deciding(); ok {
		decides = e.told()
	}
	return [][2]string{{"Deciding estimate", decides}, {"Margin", fmt.Sprintf("%g", o.Margin)},
		{"Smallest difference these seeds find", o.powerText()}, {"Seeds that would settle it", o.settleText()},
		{"Compute spent", o.computeText()}, {"Runs missing", fmt.Sprint(o.Missing)}}
}

// armRows lists the candidates of an arm, with what validation says of each; an arm without any has the setting that it
// takes from another.
func (p Plan) armRows(r Records, arm Arm) (rows []armRow) {
	if arm.After != "" {
		return []armRow{{Arm: arm.Name, Label: "as " + arm.After, Setting: settingText(p.setting(r, arm)),
			Validation: "not tuned", Span: 1}}
	}
	best, ok := -1, len(arm.Candidates) > 1
	sums := make([]float64, len(arm.Candidates))
	for i, candidate := range arm.Candidates {
		row := armRow{Label: candidate.Label, Setting: settingText(candidate.Config), Validation: "not tuned"}
		if len(arm.Candidates) > 1 {
			var known bool
			row.Validation = "not measured"
			if sums[i], known = p.validation(r, candidate); known {
				row.Validation = fmt.Sprintf("%.2f %%", sums[i])
			}
			ok = ok && known
		}
		if best < 0 || sums[i] > sums[best] {
			best = i
		}
		rows = append(rows, row)
	}
	rows[0].Arm, rows[0].Span = arm.Name, len(rows)
	rows[best].Chosen = ok
	return rows
}

// validation returns the mean accuracy of a candidate on validation images in percent, over the seeds of tuning.
func (p Plan) validation(r Records, c Candidate) (mean float64, ok bool) {
	for _, seed := range p.TuneSeeds {
		known, ok := r.of(p.tune(c.Config, seed))
		if !ok || len(known.Results) == 0 {
			return 0, false
		}
		mean += 100 * known.Results[0].Value / float64(len(p.TuneSeeds))
	}
	return mean, true
}

// of returns the record of a run.
func (r Records) of(run Run) (Record, bool) {
	print, _ := r.fingerprint(run.Config)
	known, ok := r[run.Key(print)]
	return known, ok
}

// runRows lists the runs that were made, those of tuning first.
func (p Plan) runRows(r Records) (rows []runRow) {
	add := func(arm string, seed uint64, known Record) {
		row := runRow{Key: known.Key, Arm: arm, Seed: seed, Split: "test", Accuracy: "–", Seconds: fmt.Sprintf("%.1f", known.Seconds),
			Show: fmt.Sprintf("sslx claims show %s --scale %s", known.Key, p.Scale)}
		if known.Validation {
			row.Split = "validation"
		}
		for _, x := range known.Results {
			if x.Model == known.Config.Objective.Name && x.Split == row.Split && p.decides(x.Task, x.Protocol) {
				row.Accuracy = fmt.Sprintf("%.2f %%", 100*x.Value)
			}
		}
		rows = append(rows, row)
	}
	for _, arm := range p.Arms {
		for _, candidate := range arm.Candidates {
			for _, seed := range p.TuneSeeds {
				if known, ok := r.of(p.tune(candidate.Config, seed)); ok && len(arm.Candidates) > 1 {
					add(arm.Name+": "+candidate.Label, seed, known)
				}
			}
		}
	}
	for _, arm := range p.Arms {
		for _, seed := range p.Seeds {
			if known, ok := p.record(r, arm, seed); ok {
				add(arm.Name, seed, known)
			}
		}
	}
	return rows
}
