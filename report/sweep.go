package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/plots"
)

// Files of a sweep's folder that [WriteSweep] writes.
const (
	SweepReport  = "report.html"
	SweepOutcome = "outcome.json"
	ChosenConfig = "chosen.yaml" // once there is one
)

// WriteSweep writes what the records say of a sweep to its folder: a page with a curve for each key, the outcome as
// JSON, and the chosen configuration, with which a run can be trained. Some of the runs are enough.
func WriteSweep(folder string, o experiments.StudyOutcome, r experiments.Records) error {
	page, err := newSweepPage(folder, o, r)
	if err != nil {
		return err
	}
	if err := writePage(filepath.Join(folder, SweepReport), "sweep.html.tmpl", page); err != nil {
		return err
	}
	text, err := json.MarshalIndent(o, "", "  ")
	if err == nil {
		err = writeText(filepath.Join(folder, SweepOutcome), string(text)+"\n")
	}
	if err == nil && o.Config != nil {
		err = writeText(filepath.Join(folder, ChosenConfig), page.Chosen)
	}
	return err
}

func writeText(path, text string) error {
	err := atomicfile.Write(path, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	if err != nil {
		return fmt.Errorf("the report cannot be written to %s: %w", path, err)
	}
	return nil
}

// sweepPage is what the template shows.
type sweepPage struct {
	Name   string
	Facts  [][2]string
	Curves []sweepPicture
	Shown  string // what the curves show
	Table  Table
	Listed string // what the table lists
	Chosen string // configuration, with a comment
	Next   []string
	Again  string
	Made   [][2]string
}

type sweepPicture struct {
	Key     string
	Picture *picture
}

func newSweepPage(folder string, o experiments.StudyOutcome, r experiments.Records) (p sweepPage, err error) {
	p = sweepPage{Name: o.Sweep, Facts: SweepFacts(o), Table: SweepTable(o), Next: SweepNext(folder, o),
		Again: words.Quote(usage.Program) + " sweep " + words.Quote(folder)}
	figures, shown, err := SweepFigures(o)
	if err != nil {
		return p, err
	}
	p.Shown = shown
	for _, one := range figures {
		picture, err := picturing(one.Figure, nil)
		if err != nil {
			return p, err
		}
		p.Curves = append(p.Curves, sweepPicture{one.Of, picture})
	}
	p.Listed = "Those that trained longest come first, then the better ones. The chosen one is bold. Seconds are of " +
		"training, over all seeds."
	if o.Search.Name == experiments.SearchAblation {
		p.Listed = "The base comes first, then its changes, key by key."
	}
	if o.Config != nil {
		text, err := yaml.Marshal(o.Config)
		if err != nil {
			return p, err
		}
		last, _ := o.Chosen.Last()
		p.Chosen = fmt.Sprintf("# Chosen by sweep %s: %s, %s %s %s.\n%s", o.Sweep, o.Chosen.Label, o.Measure,
			measureText(o, last.Value), measuredOn(o), text)
	}

	used := map[string]bool{}
	for key := range r {
		used[key] = true
	}
	p.Made = made(r, used)
	return p, nil
}

// SweepFigure is a figure of a sweep, of a key or of all changes of an ablation.
type SweepFigure struct {
	Of     string
	Figure *plots.Figure
}

// SweepFigures draws what was measured so far: a curve for each key, or the differences of an ablation. shown says what
// they show. The error is of the curves that cannot be drawn; the others are there.
func SweepFigures(o experiments.StudyOutcome) (list []SweepFigure, shown string, err error) {
	add := func(of string, figure *plots.Figure, failed error) {
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("cannot draw %s: %w", of, failed))
		} else if figure != nil {
			list = append(list, SweepFigure{of, figure})
		}
	}

	if o.Search.Name == experiments.SearchAblation {
		figure, failed := AblationFigure(o)
		add("each change of the base by itself", figure, failed)
		return list, "The difference that each change makes, the best first.", err
	}
	for _, key := range o.Keys {
		figure, failed := SweepCurve(o, key.Key)
		add(key.Key, figure, failed)
	}
	return list, "At each value, the line is at the best of the candidates that have it, whatever their other values " +
		"are, and the bar reaches to the worst. After a part of the training, values are lower, and only the best " +
		"train further.", err
}

// SweepNext returns the commands that train and measure the chosen configuration; none before there is one.
func SweepNext(folder string, o experiments.StudyOutcome) []string {
	if o.Chosen == nil {
		return nil
	}
	program, run := words.Quote(usage.Program), words.Quote(filepath.Join("runs", o.Sweep+"-chosen"))
	return []string{
		fmt.Sprintf("%s pretrain --config %s --out %s", program, words.Quote(filepath.Join(folder, ChosenConfig)), run),
		program + " evaluate " + run,
	}
}

// SweepFacts says what a sweep is and how far it is, as names with texts.
func SweepFacts(o experiments.StudyOutcome) (facts [][2]string) {
	add := func(name, format string, args ...any) {
		facts = append(facts, [2]string{name, fmt.Sprintf(format, args...)})
	}
	add("search", "%s", searchText(o))
	add("measure", "%s", measureName(o))
	add("runs", "%d of %d", o.Runs-o.Missing, o.Runs)
	add("cost", "%s, %s of training (all candidates trained to the end: %.4g)",
		words.Count(math.Round(100*o.Cost)/100, "whole training"), words.Duration(o.Seconds), o.Whole)

	last := experiments.Rung{}
	if o.Chosen != nil {
		last, _ = o.Chosen.Last()
	}
	switch {
	case o.Chosen != nil:
		add("chosen", "%s: %s", o.Chosen.Label, measureText(o, last.Value))
	case o.Missing == 0:
		add("chosen", "none: all trainings diverged")
	default:
		add("chosen", "not yet")
	}
	if len(o.Edges) > 0 {
		add("edge", "the chosen value of %s lies at an end of what was tried: try values beyond it",
			strings.Join(o.Edges, " and of "))
	}
	switch {
	case o.Search.Name == experiments.SearchAblation:
		add("note", "%s", AblationNote(o))
	case len(o.Seeds) == 1:
		add("note", "with one seed, a difference of a point or two may be chance")
	}
	return facts
}

// searchText says how candidates are searched.
func searchText(o experiments.StudyOutcome) string {
	text := fmt.Sprintf("%s, %s", o.Search.Name, words.Count(len(o.Candidates), "candidate"))
	if o.Search.Name != experiments.SearchHalving {
		return text
	}
	halving := experiments.Halving{Eta: o.Search.Eta, Rungs: o.Search.Rungs}
	var parts []string
	// The last rung is the whole training, after which none is dropped.
	for rung := range halving.Rungs - 1 {
		parts = append(parts, shareText(halving.Until(rung)))
	}
	return fmt.Sprintf("%s, of which the best in %d train further after %s", text, o.Search.Eta,
		strings.Join(parts, " and "))
}

// shareText writes a share of a training.
func shareText(share float64) string {
	if share == 1 {
		return "the whole training"
	}
	return percentText(share)
}

func percentText(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }

// measureName says what chooses.
func measureName(o experiments.StudyOutcome) string {
	name := o.Measure
	if o.Task != "" {
		name += " of " + o.Task
	}
	best := "highest"
	if o.Lowest {
		best = "lowest"
	}
	return fmt.Sprintf("%s %s, the %s is the best; %s", name, measuredOn(o), best, seedsText(o.Seeds))
}

// measuredOn says which images the measure is of.
func measuredOn(o experiments.StudyOutcome) string {
	if strings.HasPrefix(o.Measure, "online-") {
		return "on training views, from the log"
	}
	return "on validation images"
}

func seedsText(seeds []uint64) string {
	var texts []string
	for _, seed := range seeds {
		texts = append(texts, fmt.Sprint(seed))
	}
	if len(seeds) == 1 {
		return "seed " + texts[0]
	}
	return "mean of seeds " + strings.Join(texts, ", ")
}

// measureText writes a value of the measure.
func measureText(o experiments.StudyOutcome, value *float64) string {
	switch {
	case value == nil:
		return missing
	case o.Percent:
		return fmt.Sprintf("%.2f %%", *value)
	}
	return fmt.Sprintf("%.4g", *value)
}

// SweepTable lists the candidates, the best first; of an ablation it is the [AblationTable].
func SweepTable(o experiments.StudyOutcome) Table {
	if o.Search.Name == experiments.SearchAblation {
		return AblationTable(o)
	}

	t := Table{best: map[[2]int]bool{}}
	for _, key := range o.Keys {
		t.Head = append(t.Head, key.Key)
		t.Align += "l"
	}
	t.Head = append(t.Head, "trained", o.Measure, "seconds")
	t.Align += "lrr"

	for i, c := range o.Candidates {
		row := slices.Clone(c.Values)
		last, ok := c.Last()
		switch {
		case !ok:
			row = append(row, "not yet", missing, missing)
		case last.Failed != "":
			row = append(row, percentText(last.Share), "diverged", fmt.Sprintf("%.1f", c.Seconds))
		default:
			text := measureText(o, last.Value)
			if low, high := slices.Min(last.Seeds), slices.Max(last.Seeds); len(last.Seeds) > 1 {
				text += fmt.Sprintf(" (%s to %s)", measureText(o, &low), measureText(o, &high))
			}
			row = append(row, percentText(last.Share), text, fmt.Sprintf("%.1f", c.Seconds))
		}
		t.Rows = append(t.Rows, row)
		if o.Chosen != nil && c.Label == o.Chosen.Label {
			// The measure is the last column but one.
			t.best[[2]int{i, len(row) - 2}] = true
		}
	}
	return t
}

// SweepCurve draws the measure against the values of a key: the best and the worst candidate at each value, with a line
// for each part of the training after which candidates were measured. It is nil where none was measured.
func SweepCurve(o experiments.StudyOutcome, key string) (*plots.Figure, error) {
	k := slices.IndexFunc(o.Keys, func(a experiments.SweptKey) bool { return a.Key == key })
	if k < 0 {
		return nil, fmt.Errorf("sweep %s does not vary %s", o.Sweep, key)
	}
	axis := o.Keys[k]
	unit := ""
	if o.Percent {
		unit = " (%)"
	}
	plot := plots.SeriesPlot{X: key, Y: o.Measure + unit, Log2: axis.Log, Interval: "best to worst candidate"}
	places := placesOf(axis)
	plot.Marks = marksOf(axis, places)

	var shares []float64
	for _, c := range o.Candidates {
		for _, rung := range c.Rungs {
			if rung.Value != nil && !slices.Contains(shares, rung.Share) {
				shares = append(shares, rung.Share)
			}
		}
	}
	slices.Sort(shares)
	for _, share := range shares {
		series := plots.Series{Name: "after " + shareText(share)}
		for _, c := range o.Candidates {
			for _, rung := range c.Rungs {
				if rung.Share == share && rung.Value != nil {
					series.Points = withBest(series.Points, places[c.Values[k]], *rung.Value, o.Lowest)
				}
			}
		}
		slices.SortFunc(series.Points, func(a, b plots.Point) int { return cmp.Compare(a.X, b.X) })
		plot.Series = append(plot.Series, series)
	}
	if len(plot.Series) == 0 {
		return nil, nil
	}
	return plot.Figure()
}

// withBest adds a value to the point of its place, whose mean is the best value there.
func withBest(points []plots.Point, x, value float64, lowest bool) []plots.Point {
	i := slices.IndexFunc(points, func(p plots.Point) bool { return p.X == x })
	if i < 0 {
		return append(points, plots.Point{X: x, Mean: value, Low: value, High: value})
	}
	p := &points[i]
	p.Low, p.High = min(p.Low, value), max(p.High, value)
	p.Mean = p.High
	if lowest {
		p.Mean = p.Low
	}
	return points
}

// mostPlaces is how many values of a key are drawn each at its own place; more are drawn together with their neighbors.
const mostPlaces = 12

// placesOf returns where each value of a key is on its axis: numbers at themselves, or in the middle of one of the
// intervals that many of them are put into; other values in their order.
func placesOf(axis experiments.SweptKey) map[string]float64 {
	places := map[string]float64{}
	for i, text := range axis.Values {
		places[text] = float64(i)
		if x, err := strconv.ParseFloat(text, 64); err == nil && axis.Number {
			places[text] = x
		}
	}
	if !axis.Number || len(axis.Values) <= mostPlaces {
		return places
	}

	scale, back := func(x float64) float64 { return x }, func(x float64) float64 { return x }
	if axis.Log {
		scale, back = math.Log, math.Exp
	}
	const intervals = 8
	low, high := scale(places[axis.Values[0]]), scale(places[axis.Values[len(axis.Values)-1]])
	for text, x := range places {
		n := min(intervals-1, math.Floor(intervals*(scale(x)-low)/(high-low)))
		places[text] = back(low + (n+0.5)/intervals*(high-low))
	}
	return places
}

// marksOf returns what stands on an axis: the values where they are few or no numbers, round numbers on a logarithmic
// axis of many; nil leaves the axis as it usually is.
func marksOf(axis experiments.SweptKey, places map[string]float64) (marks []plots.Mark) {
	switch {
	case !axis.Number || axis.Log && len(axis.Values) <= 8:
		for _, value := range axis.Values {
			marks = append(marks, plots.Mark{X: places[value], Name: value})
		}
	case axis.Log:
		low, high := places[axis.Values[0]], places[axis.Values[len(axis.Values)-1]]
		for power := math.Floor(math.Log10(low)); power <= math.Log10(high); power++ {
			for _, digit := range []float64{1, 2, 5} {
				// A mark a little outside gives the axis a round end.
				if x := digit * math.Pow(10, power); x >= low*0.8 && x <= high*1.25 {
					marks = append(marks, plots.Mark{X: x, Name: strconv.FormatFloat(x, 'g', 3, 64)})
				}
			}
		}
	}
	return marks
}

// WriteSweepText writes what the records say of a sweep as text: facts in lines of at most line characters, then a
// table in parts of at most width characters (0 for no limit).
func WriteSweepText(w io.Writer, folder string, o experiments.StudyOutcome, line, width int) error {
	var t Table
	add := func(name, text string) {
		for i, part := range words.Wrap(text, line-12) {
			// Only the first line of a text has its name.
			t.Rows = append(t.Rows, []string{map[bool]string{true: name}[i == 0], part})
		}
	}
	add("sweep", o.Sweep)
	for _, fact := range SweepFacts(o) {
		add(fact[0], fact[1])
	}
	if next := SweepNext(folder, o); next != nil {
		t.Rows = append(t.Rows, []string{"next", next[0]})
	}
	t.Rows = append(t.Rows, []string{"report", filepath.Join(folder, SweepReport)})
	if err := t.WriteText(w, 0); err != nil {
		return err
	}

	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	list := SweepTable(o)
	more := len(list.Rows) - shownCandidates
	if more > 0 {
		list.Rows = list.Rows[:shownCandidates]
	}
	if err := list.WriteText(w, width); err != nil || more <= 0 {
		return err
	}
	_, err := fmt.Fprintf(w, "and %d more\n", more)
	return err
}

// shownCandidates is how many candidates are printed; the page has all.
const shownCandidates = 20
