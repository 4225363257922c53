package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
)

// WriteClaims writes what the records say of claims at a scale, all claims when none is given, as one HTML page that
// loads nothing from elsewhere and runs no script: verdicts, estimates, figures, the choice of hyper-parameters, and
// every run with the command that shows how to repeat it. Some of the runs are enough. The file is written whole or not
// at all; one that is there is replaced if it is an HTML page, and otherwise a usage error.
func WriteClaims(path string, s experiments.Scale, r experiments.Records, claims ...experiments.Claim) error {
	if err := checkTarget(path); err != nil {
		return err
	}
	page, err := newClaimsPage(s, r, orAll(claims))
	if err != nil {
		return err
	}
	return writePage(path, "claims.html.tmpl", page)
}

// checkTarget refuses a target that is not a new file or an HTML page.
func checkTarget(path string) error {
	if folder, err := os.Stat(filepath.Dir(path)); err != nil || !folder.IsDir() {
		return usage.Errorf("the report cannot be written to %s: %s is not a folder", path, filepath.Dir(path))
	}

	// A file that is not an HTML page may be the user's work: it is not replaced.
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the report cannot be written: %w", err)
	}
	defer func() { _ = file.Close() }()

	// The first words tell a page from somebody's notes.
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

// claimsPage is what the template shows.
type claimsPage struct {
	Scale    experiments.Scale
	Smoke    bool
	Commands []string
	Made     [][2]string // where, and with what
	Claims   []claimSection
}

type claimSection struct {
	experiments.Claim
	Verdict   string
	Facts     [][2]string
	Picture   *picture
	Note      string     // explains the p-values of the estimates
	Estimates [][]string // as Estimates has them
	Protocols [][2]string
	Arms      []armRow
	Cues      bool // an arm has a cue test
	Runs      []runRow
	Commands  []string
}

// armRow is a candidate of an arm. Span is the number of candidates, at the first of them, else 0; Cue is the outcome
// of the arm's cue test, at the first too.
type armRow struct {
	Arm, Label, Setting, Validation, Cue string
	Span                                 int
	Chosen                               bool
}

type runRow struct {
	Key, Arm, Split, Accuracy, Seconds, Show string
	Seed                                     uint64
}

func newClaimsPage(s experiments.Scale, r experiments.Records, claims []experiments.Claim) (claimsPage, error) {
	page := claimsPage{Scale: s, Smoke: s == experiments.Smoke, Commands: commands(claimIDs(claims), s)}

	// The environments below belong to the runs that the sections show.
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

	page.Made = made(r, used)
	return page, nil
}

// claimIDs names claims as the command takes them.
func claimIDs(claims []experiments.Claim) string {
	var ids []string
	for _, c := range claims {
		ids = append(ids, c.ID)
	}

	if len(ids) == len(experiments.Claims()) {
		return "all"
	}
	return strings.Join(ids, " ")
}

// made says where the runs were made, and with what; the first of several first by name.
func made(r experiments.Records, keys map[string]bool) (facts [][2]string) {
	for _, fact := range []struct {
		name  string
		value func(experiments.Record) string
	}{
		{"Data", func(x experiments.Record) string { return x.Environment.Data }},
		{"Data fingerprint (SHA-256)", func(x experiments.Record) string { return x.Environment.Fingerprint }},
		{"Device", func(x experiments.Record) string { return deviceText(x.Environment.Device) }},
		{"Processor", func(x experiments.Record) string { return x.Environment.CPU }},
		{"Backend", func(x experiments.Record) string { return x.Environment.Backend }},
		{"Source revision", func(x experiments.Record) string { return x.Environment.Source() }},
	} {
		// Runs of one page may have been made on several machines: every value is listed.
		values := map[string]bool{} // of all runs
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

// deviceText corrects the plural of one core, which the first records have.
func deviceText(device string) string {
	if model, ok := strings.CutSuffix(device, " 1 cores"); ok {
		return model + " " + words.Count(1, "core")
	}
	return device
}

func newClaimSection(c experiments.Claim, s experiments.Scale, r experiments.Records) (claimSection, error) {
	o, err := experiments.Judge(c, s, r)
	if err != nil {
		return claimSection{}, err
	}

	p := c.Plan(s).Remembering()
	section := claimSection{Claim: c, Verdict: VerdictText(o), Facts: OutcomeFacts(o), Estimates: Estimates(o, 0).Rows,
		Note: estimatesNote(o), Protocols: estimateNotes(o), Commands: commands(c.ID, s)}
	runs := p.Made(r)
	cues := cueTexts(runs)
	section.Arms, section.Cues = armRows(p, p.Choices(r), cues), len(cues) > 0
	section.Runs = runRows(runs, s)
	section.Picture, err = picturing(experiments.Figure(c, s, r))
	return section, err
}

// cueTexts returns the highest accuracy of the cue test over the runs of an arm, by arms that have the test.
func cueTexts(runs []experiments.Made) map[string]string {
	highest := map[string]float64{}
	for _, m := range runs {
		if m.Record.Cue != nil {
			highest[m.Arm] = max(highest[m.Arm], *m.Record.Cue)
		}
	}

	texts := map[string]string{}
	for arm, accuracy := range highest {
		texts[arm] = fmt.Sprintf("%.1f %%", 100*accuracy)
	}
	return texts
}

// armRows lists the configurations that the arms of a plan may take, with what validation says of each.
func armRows(p experiments.Plan, choices []experiments.Choice, cues map[string]string) (rows []armRow) {
	chosen := map[string]string{}
	for _, c := range choices {
		if c.Chosen {
			chosen[c.Arm] = c.Label
		}
	}
	after := map[string]string{}
	for _, arm := range p.Arms {
		after[arm.Name] = arm.After
	}

	first := 0
	for i, c := range choices {
		row := armRow{Label: c.Label, Setting: armSetting(c.Config), Validation: "not tuned", Chosen: c.Chosen}

		// An arm that takes its setting from another says which values these are.
		if label := chosen[after[c.Arm]]; label != "" {
			row.Label += ": " + label
		}

		switch {
		case c.Tuned && math.IsNaN(c.Validation):
			row.Validation = "not measured"
		case c.Tuned:
			row.Validation = fmt.Sprintf("%.2f %%", c.Validation)
		}
		rows = append(rows, row)

		// The arm's name spans its rows.
		if c.Arm != choices[first].Arm {
			first = i
		}
		rows[first].Arm, rows[first].Cue = c.Arm, cmp.Or(cues[c.Arm], missing)
		rows[first].Span++
	}
	return rows
}

// runRows lists runs with their accuracy by the task and protocol that decide.
func runRows(runs []experiments.Made, s experiments.Scale) (rows []runRow) {
	for _, m := range runs {
		row := runRow{Key: m.Record.Key, Arm: m.Arm, Seed: m.Seed, Split: m.Split, Accuracy: missing,
			Seconds: fmt.Sprintf("%.1f", m.Record.Seconds),
			Show:    fmt.Sprintf("sslx claims show %s --scale %s", m.Record.Key, s)}

		if m.Label != "" {
			row.Arm += ": " + m.Label
		}
		if !math.IsNaN(m.Accuracy) {
			row.Accuracy = fmt.Sprintf("%.2f %%", 100*m.Accuracy)
		}
		rows = append(rows, row)
	}
	return rows
}
