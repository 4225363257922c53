package pages

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sslx-go/lab/bench"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/record"
)

// race shows the races of bench/results, each with its times, its lead and its figure.
func (g generator) race() (Block, error) {
	b := Block{Figures: map[string]*plots.Figure{}}
	paths, err := filepath.Glob(filepath.Join(g.root, "bench", "results", "race-*.json"))
	if err != nil {
		return b, err
	}
	slices.Sort(paths)

	for _, path := range paths {
		r, err := bench.ReadRace(path)
		if err != nil {
			return b, err
		}
		figure, err := report.RaceFigure(r)
		if err != nil {
			return b, fmt.Errorf("%s: %w", path, err)
		}

		name := strings.TrimSuffix(filepath.Base(path), ".json") + ".png"
		b.Figures[filepath.Join(figuresFolder, name)] = figure
		b.Text += fmt.Sprintf("%s\n![%s](figures/%s)\n\n", raceText(r), figure.Alt, name)
	}
	return b, nil
}

// raceText is a race in words and tables.
func raceText(r bench.RaceRecord) string {
	var out strings.Builder
	first := r.Runs[0].Environment
	processor := strings.Join(append([]string{first.CPU, words.Count(first.Cores, "core")}, first.Features...), ", ")
	fmt.Fprintf(&out, "**%s** (%s): %s on %s.\n\n", processor, first.Backend, r.Protocol, r.Data)
	out.WriteString(report.RaceTimes(r).Markdown())
	if lead := report.RaceLead(r); len(lead.Rows) > 0 {
		out.WriteString("\n" + lead.Markdown())
	}

	// What each program trained, once.
	out.WriteString("\n")
	busy, all := 0.0, []record.Environment{}
	for i, run := range r.Runs {
		busy, all = max(busy, run.Busy), append(all, run.Environment)
		same := func(other bench.RaceRun) bool {
			return other.Program == run.Program && other.Recipe == run.Recipe
		}
		if !slices.ContainsFunc(r.Runs[:i], same) {
			fmt.Fprintf(&out, "- %s %s: %s; at most %s\n", run.Program, run.Version+run.Recipe, run.Note,
				words.Duration(run.Limit))
		}
	}
	last := r.Runs[len(r.Runs)-1].Environment
	fmt.Fprintf(&out, "\n%s; %s, revision %s.\n", quietText(busy), last.Started.Format(time.DateOnly),
		revisionsText(all))
	return out.String()
}
