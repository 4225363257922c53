package pages

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/record"
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
	var machines []string
	var all []record.Environment
	var last time.Time
	for _, key := range slices.Sorted(maps.Keys(r)) {
		known, e := r[key], r[key].Environment
		all = append(all, e)
		machine := fmt.Sprintf("%s of %s a run", words.Count(e.Cores, "core"), e.CPU)
		if !slices.Contains(machines, machine) {
			machines = append(machines, machine)
		}
		if known.Finished.After(last) {
			last = known.Finished
		}
	}
	return fmt.Sprintf("%s; %s, revision %s.", strings.Join(machines, "; "), last.Format(time.DateOnly),
		revisionsText(all))
}
