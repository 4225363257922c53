package pages

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/report"
)

// ablation is the sweep experiments/recipes/NAME.yaml, an ablation, by its records experiments/results/NAME.jsonl.
func (g generator) ablation(name string) (Block, error) {
	study, err := experiments.ReadStudy(filepath.Join(g.root, "experiments", "recipes", name+".yaml"))
	if err != nil {
		return Block{}, err
	}
	records, err := experiments.Store{Path: filepath.Join(g.root, recordsFolder, name+".jsonl")}.Read()
	if err != nil {
		return Block{}, err
	}
	o, err := study.Outcome(records)
	if err != nil {
		return Block{}, err
	}

	// A table of some of the runs would compare means of different seeds.
	if o.Missing > 0 {
		return Block{}, fmt.Errorf("sweep %s lacks %d of %d runs", name, o.Missing, o.Runs)
	}
	figure, err := report.AblationFigure(o)
	if err != nil {
		return Block{}, err
	}
	path := filepath.Join("figures", name+".png")
	text := fmt.Sprintf("%s\n%s %s\n\n![%s](%s)", report.AblationTable(o).Markdown(), report.AblationNote(o),
		ablationMade(records), figure.Alt, path)
	return Block{Text: text, Figures: map[string]*plots.Figure{filepath.Join("docs", path): figure}}, nil
}

// ablationMade says on what the runs of a sweep were made.
func ablationMade(r experiments.Records) string {
	var machines, revisions []string
	var last time.Time
	for _, known := range r {
		e := known.Environment
		machine := fmt.Sprintf("%s of %s a run", words.Count(e.Cores, "core"), e.CPU)
		if !slices.Contains(machines, machine) {
			machines = append(machines, machine)
		}
		if revision := fmt.Sprintf("%.12s", e.Revision); !slices.Contains(revisions, revision) {
			revisions = append(revisions, revision)
		}
		if known.Finished.After(last) {
			last = known.Finished
		}
	}
	slices.Sort(machines)
	slices.Sort(revisions)
	return fmt.Sprintf("%s; %s, revision %s.", strings.Join(machines, "; "), last.Format(time.DateOnly),
		strings.Join(revisions, ", "))
}
