package show

import (
	"encoding/base64"
	"fmt"
	"html"
	"sync"
	"time"

	"github.com/janpfeifer/gonb/gonbui"

	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// Live is one output of a cell that shows how far long work is, updated in place.
type Live struct {
	id    string
	title string
	curve func() *plots.Figure // may be nil

	mu           sync.Mutex
	shown, began time.Time
	phase        string
}

// NewLive returns an output with a title that shows progress and no curve.
func NewLive(title string) *Live { return &Live{id: gonbui.UniqueId(), title: title} }

// Training returns an output that shows the training of the run in dir, with its curves so far.
func Training(dir string) *Live {
	l := NewLive("")
	l.curve = func() *plots.Figure {
		metrics, err := record.ReadMetrics(dir)
		if err != nil {
			return nil
		}
		f, err := report.TrainingCurve(metrics)
		if err != nil {
			return nil // nothing is logged yet
		}
		return f
	}
	return l
}

// Options are those under which work reports to this output.
func (l *Live) Options() sslx.Options { return sslx.Options{Progress: l.progress} }

// Title changes the title, for what is done next.
func (l *Live) Title(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.title = text
}

// Done leaves the curve in place of the progress, or a text where there is no curve.
func (l *Live) Done(text string) {
	o := output{text: text}
	if l.curve != nil {
		if f := l.curve(); f != nil {
			o = figure(f)
		}
	}

	// The same id: it takes the place of the progress.
	o.id = l.id
	send(o)
}

// between is the least time between two updates.
const between = 500 * time.Millisecond

func (l *Live) progress(p sslx.Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()

	// A new phase is always shown; within a phase updates are rare, since each sends a whole picture.
	now := time.Now()
	if !gonbui.IsNotebook || p.Phase == l.phase && now.Sub(l.shown) < between {
		return
	}

	// The time that is left is estimated from this phase alone: phases differ in speed.
	if p.Phase != l.phase {
		l.phase, l.began = p.Phase, now
	}

	l.shown = now
	text := line(l.title, p, now.Sub(l.began))
	o := output{id: l.id, text: text, html: "<pre>" + html.EscapeString(text) + "</pre>"}

	// Text and curve are one output, so that the notebook replaces both together.
	if l.curve != nil {
		if f := l.curve(); f != nil {
			drawn := figure(f)
			o.html += fmt.Sprintf(`<img width="%d" src="data:image/png;base64,%s">`, drawn.width,
				base64.StdEncoding.EncodeToString(drawn.png))
		}
	}

	send(o)
}

// line is a line of text with a bar, the share that is done, and the time that is left, under the title where there
// is one.
func line(title string, p sslx.Progress, took time.Duration) string {
	text := p.Phase
	if title != "" {
		text = title + "\n" + p.Phase
	}

	if p.Total > 0 {
		text += fmt.Sprintf(" %s %d of %d", bar(p.Done, p.Total), p.Done, p.Total)
		if p.Done > 0 && p.Done < p.Total {
			// The rest is taken to go at the same pace.
			left := time.Duration(float64(took) * float64(p.Total-p.Done) / float64(p.Done))
			text += fmt.Sprintf(", %v left", left.Round(time.Second))
		}
	}
	if p.Detail != "" {
		text += "  " + p.Detail
	}
	return text
}

func bar(done, total int64) string {
	const cells = 30
	full := int(cells * min(done, total) / total)
	var text []rune
	for i := range cells {
		text = append(text, map[bool]rune{true: '█', false: '░'}[i < full])
	}
	return string(text)
}
