package pages

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/bench"
	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/objective"
)

// headlines are the first bullets of the README, each with a number from a record.
func (g generator) headlines() (Block, error) {
	r, err := g.records()
	if err != nil {
		return Block{}, err
	}
	runs, settled, withdrawn := map[string]bool{}, 0, 0
	claims := experiments.Claims()
	for _, c := range claims {
		o, err := experiments.Judge(c, experiments.CPU, r)
		if err != nil {
			return Block{}, err
		}
		switch o.Verdict {
		case experiments.Withdrawn:
			withdrawn++
		case statistics.NotSettled:
		default:
			settled++
		}
		for _, key := range o.Records {
			runs[key] = true
		}
	}
	speed, err := g.throughput()
	if err != nil {
		return Block{}, err
	}
	sooner, err := g.sooner()
	if err != nil {
		return Block{}, err
	}
	times, kinds, err := g.faultCounts()
	if err != nil {
		return Block{}, err
	}

	// A verdict that was withdrawn is said where the others are counted.
	but := ""
	if withdrawn > 0 {
		but = fmt.Sprintf("; %s withdrawn, with the reason", words.Count(withdrawn, "verdict"))
	}
	return Block{Text: fmt.Sprintf("- **Beliefs are tested.** %s about self-supervised learning are experiments whose "+
		"decision rules were fixed first: %s so far, %s with a confidence interval%s.\n"+
		"- **Fast on two CPU cores.** A whole training of a small convnet processes %s.%s\n"+
		"- **Nothing is lost.** A training resumes after `kill -9` and finishes bit-identical to an uninterrupted "+
		"one. %d random faults of %d kinds, from full disks to power cuts, lost nothing and left nothing silently "+
		"wrong.",
		words.Count(len(claims), "belief"), words.Count(len(runs), "training"),
		words.Count(settled, "verdict"), but, speed, sooner, times, kinds)}, nil
}

// throughput says how many times as fast whole trainings by sslx are as those of each peer, on all processors.
func (g generator) throughput() (string, error) {
	paths, err := filepath.Glob(filepath.Join(g.root, "bench", "results", "endtoend-convnet*.json"))
	if err != nil {
		return "", err
	}
	ratios, versions, processors := map[string][]float64{}, map[string]string{}, 0
	for _, path := range paths {
		r, err := g.saved(strings.TrimSuffix(filepath.Base(path), ".json"))
		if err != nil {
			return "", err
		}
		if r.Config.Precision != "" {
			continue // against sslx in float32, on a processor that is counted
		}
		processors++
		for _, p := range r.Peers {
			ratios[p.Name], versions[p.Name] = append(ratios[p.Name], r.Ratio[p.Name]), p.Version
		}
	}

	var parts []string
	for _, name := range slices.Sorted(maps.Keys(ratios)) {
		parts = append(parts, fmt.Sprintf("%.2f to %.2f times as many images a second as %s %s",
			slices.Min(ratios[name]), slices.Max(ratios[name]), name, versions[name]))
	}
	return fmt.Sprintf("%s, on %s", strings.Join(parts, " and "), words.Count(processors, "processor")), nil
}

// sooner is a sentence on the first race in which lightly trained our convnet; "" without one.
func (g generator) sooner() (string, error) {
	paths, err := filepath.Glob(filepath.Join(g.root, "bench", "results", "race-*.json"))
	if err != nil {
		return "", err
	}
	for _, path := range paths {
		r, err := bench.ReadRace(path)
		if err != nil {
			return "", err
		}
		lead := report.RaceLead(r)
		at := slices.Index(lead.Head, "to 60 %")
		for _, row := range lead.Rows {
			times, isTimes := strings.CutSuffix(row[at], "x")
			if isTimes && strings.HasPrefix(row[0], "lightly-convnet ") {
				text := fmt.Sprintf(" The soonest of sslx's recipes reaches 60 %% on CIFAR-10 by kNN %s times sooner "+
					"than the same network with lightly's views and loss", times)
				if strings.HasPrefix(times, "over ") {
					text += ", which ends below 60 %"
				}
				return text + ".", nil
			}
		}
	}
	return "", nil
}

// faultCounts returns how many faults the record of faults holds, and of how many kinds.
func (g generator) faultCounts() (times, kinds int, err error) {
	file, err := os.Open(filepath.Join(g.root, faultsRecord))
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = file.Close() }()

	seen := map[string]bool{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var one struct {
			Fault string
			Times int
		}
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return 0, 0, fmt.Errorf("%s is damaged: %w", faultsRecord, err)
		}
		times += one.Times
		seen[one.Fault] = true
	}
	return times, len(seen), lines.Err()
}

// sourceLink is the first link below the heading Source of a method's page.
var sourceLink = regexp.MustCompile(`(?s)## Source\n[^\[]*\[([^]]*)\]\(([^)]*)\)`)

// papers is a table of all methods: page, paper, and what was measured.
func (g generator) papers() (Block, error) {
	untrained, err := g.untrained(untrainedRuns)
	if err != nil {
		return Block{}, err
	}
	t := report.Table{Align: "lllrr", Head: []string{"method", "name", "paper", "kNN (%)",
		"above untrained"}}
	for _, name := range objective.Names() {
		page, err := os.ReadFile(filepath.Join(g.root, "docs", "methods", name+".md"))
		if err != nil {
			return Block{}, err
		}
		title, _, _ := strings.Cut(strings.TrimPrefix(string(page), "# "), "\n")
		paper := "–"
		if m := sourceLink.FindSubmatch(page); m != nil {
			paper = report.Link(string(m[1]), string(m[2]))
		}

		m, err := g.measured(name)
		if err != nil {
			return Block{}, err
		}
		accuracy, gain := "–", "–"
		if len(m.knn) > 0 {
			accuracy, gain = spread(m.knn), fmt.Sprintf("%+.1f", stat.Mean(m.knn, nil)-stat.Mean(untrained, nil))
		}
		t.Rows = append(t.Rows, []string{report.Link(title, "docs/methods/"+name+".md"), report.Code(name), paper,
			accuracy, gain})
	}
	return Block{Text: t.Markdown()}, nil
}

// what says what a record measured.
func (r saved) what() string {
	switch r.What {
	case "views":
		return fmt.Sprintf("views of %dx%d pixels", r.Config.Size, r.Config.Size)
	case "step":
		what := fmt.Sprintf("training step, %s, batch %d", r.Config.Encoder, r.Config.Batch)
		if r.Config.Precision != "" {
			what += ", " + r.Config.Precision
		}
		return what
	case "endtoend":
		return fmt.Sprintf("whole training, %s, batch %d", r.Config.Encoder, r.Config.Batch)
	}
	return fmt.Sprintf("%s, %s x %s", r.Config.Protocol, figure(float64(r.Config.Train)),
		figure(float64(r.Config.Test)))
}
