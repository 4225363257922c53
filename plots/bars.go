package plots

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/record"
)

const (
	barsWidth  = vg.Length(640)
	barHeight  = vg.Length(13)
	groupGap   = vg.Length(9)
	axisHeight = vg.Length(58) // title, tick labels and axis label
)

// ResultsFigure draws the accuracy of each model on each task as horizontal bars, with 95 % intervals: over seeds when
// there are several, else over the images tested (Wilson's score interval). It shows one protocol: kNN on the encoder,
// on test, where there is one. chance, which may be nil, has the accuracy of guessing, in [0, 1], for tasks of which it
// is known. Results without an accuracy are a usage error.
func ResultsFigure(results []record.Result, chance map[string]float64) (*Figure, error) {
	c := compare(results)
	rows := c.main()
	if len(rows) == 0 {
		return nil, usage.Errorf("there is no accuracy to draw: evaluate the run first")
	}
	b := newBars(rows, c.models, chance)
	height := axisHeight + b.legend().height(barsWidth-2*margin) + 2*margin + vg.Length(len(rows))*b.groupHeight()
	return &Figure{Alt: b.alt(), width: barsWidth, height: height, draw: b.draw}, nil
}

// bars is a chart of rows, the first one on top.
type bars struct {
	rows    []*row
	models  []string // with a number in some row
	chance  []float64
	prefix  string  // of all tasks: the data set
	ceiling float64 // highest accuracy to be drawn, in percent
}

func newBars(rows []*row, models []string, chance map[string]float64) *bars {
	b := &bars{rows: rows, prefix: commonPrefix(rows), ceiling: 10}
	for _, m := range models {
		for _, r := range rows {
			if r.models[m] != nil {
				b.models = appendNew(b.models, m)
				_, high := r.models[m].interval()
				b.ceiling = max(b.ceiling, 100*high)
			}
		}
	}
	for _, r := range rows {
		level, known := chance[r.task]
		if !known {
			level = math.NaN()
		}
		b.chance = append(b.chance, level)
	}
	return b
}

// groupHeight returns the height of one task: a bar for each model, and the gap.
func (b *bars) groupHeight() vg.Length { return vg.Length(len(b.models))*barHeight + groupGap }

func (b *bars) draw(c draw.Canvas) {
	fig := newPlot("", b.caption(), "")
	fig.X.Min, fig.X.Max = 0, b.ceiling*1.08 // room for the number after the longest bar
	fig.Y.Min, fig.Y.Max = 0, float64(len(b.rows))
	fig.Y.Tick.Length = 0
	fig.Y.Tick.Marker = plot.TickerFunc(func(_, _ float64) (ticks []plot.Tick) {
		for i, r := range b.rows {
			name := abbreviate(strings.TrimPrefix(r.task, b.prefix), 26)
			ticks = append(ticks, plot.Tick{Value: b.centre(i), Label: name})
		}
		return ticks
	})
	fig.Add(b)
	names := b.legend()
	fig.Draw(draw.Crop(c, 0, 0, 0, -names.height(c.Max.X-c.Min.X)))
	names.draw(c)
}

// centre returns the middle of a row on the vertical axis.
func (b *bars) centre(i int) float64 { return float64(len(b.rows)-i) - 0.5 }

// caption says what the horizontal axis is, by which protocol and over how many images.
func (b *bars) caption() string {
	first, set := b.rows[0], strings.Replace(b.prefix, "/", " ", 1)
	return fmt.Sprintf("%s%s accuracy (%%) · %s · n = %s images", set, first.split, first.protocol, b.counts())
}

// counts returns the numbers of images of all rows.
func (b *bars) counts() string {
	var texts []string
	for _, r := range b.rows {
		texts = appendNew(texts, strings.TrimSuffix(r.images(), " "+r.split))
	}
	return strings.Join(texts, ", ")
}

// commonPrefix returns the data set's name and the slash, when all tasks are of one set and there are several.
func commonPrefix(rows []*row) string {
	set, _, ok := strings.Cut(rows[0].task, "/")
	for _, r := range rows {
		if !ok || !strings.HasPrefix(r.task, set+"/") {
			return ""
		}
	}
	return set + "/"
}

func (b *bars) alt() string {
	var text strings.Builder
	fmt.Fprintf(&text, "Bar chart of %s accuracy by %s.", b.rows[0].split, b.rows[0].protocol)
	for _, r := range b.rows {
		var parts []string
		for _, m := range b.models {
			if e := r.models[m]; e != nil {
				parts = append(parts, m+" "+e.format(record.MetricAccuracy))
			}
		}
		fmt.Fprintf(&text, " %s: %s.", r.task, strings.Join(parts, ", "))
	}
	return text.String()
}

// shorten shortens a name to at most length runes, and keeps its beginning and its end.
func shorten(name string, length int) string {
	runes := []rune(strings.Join(strings.Fields(name), " "))
	if len(runes) <= length {
		return string(runes)
	}
	head, tail := length/2, length-length/2-1
	return string(runes[:head]) + "…" + string(runes[len(runes)-tail:])
}

// abbreviate shortens a name to at most length runes.
func abbreviate(name string, length int) string {
	name = strings.Join(strings.Fields(name), " ")
	if runes := []rune(name); len(runes) > length {
		return string(runes[:length-1]) + "…"
	}
	return name
}
