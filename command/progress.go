package command

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/sslx-go/lab/sslx"
)

const (
	lineEvery   = 5 * time.Second        // between two plain lines
	redrawEvery = 100 * time.Millisecond // between two pictures of a bar
	rateWindow  = 20 * time.Second       // that a rate is measured over
	markEvery   = time.Second            // between two marks of the window
	briefPhase  = time.Second            // a phase shorter than this leaves no line
	barWidth    = 20
	barRoom     = barWidth + 10 // what a bar takes of a terminal's width, with its per cent
)

// progress shows phases of work: a bar on a terminal, plain lines elsewhere. Its methods may be called from several
// goroutines.
type progress struct {
	w        io.Writer
	terminal bool
	columns  int
	now      func() time.Time

	mu     sync.Mutex
	phase  string
	latest sslx.Progress
	begun  time.Time // of the phase
	marks  []mark    // of the last rateWindow, the first one at its beginning
	shown  time.Time
	bar    *progressbar.ProgressBar
}

// mark is how much of a phase was done when.
type mark struct {
	at   time.Time
	done int64
}

// work runs f with options that show its progress and warnings, and ends the display.
func (a *app) work(f func(opt sslx.Options) error) error {
	p := &progress{w: a.stderr, terminal: a.terminal, columns: terminalColumns(os.Stderr), now: time.Now}
	err := f(sslx.Options{Progress: p.update, Warn: func(text string) { p.interject(func() { a.warn(text) }) }})
	p.end(err == nil)
	return err
}

// terminalColumns returns the width of a terminal, or the usual one where it is not known.
func terminalColumns(f *os.File) int {
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		return width
	}
	return 80
}

// update takes the state of the work.
func (p *progress) update(now sslx.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Phase != p.phase {
		p.endPhase(true)
		p.phase, p.begun, p.marks = now.Phase, p.now(), nil
	}
	p.mark(now.Done)

	// Lines are kept, a bar is drawn over.
	p.latest = now
	every := lineEvery
	if p.terminal {
		every = redrawEvery
	}

	if t := p.now(); p.shown.IsZero() || t.Sub(p.shown) >= every {
		p.shown = t
		p.show()
	}
}

// mark adds a mark to the window, and drops those that are too old. Work that reports rarely keeps the last mark before
// the window.
func (p *progress) mark(done int64) {
	t := p.now()
	if n := len(p.marks); n == 0 || t.Sub(p.marks[n-1].at) >= markEvery {
		p.marks = append(p.marks, mark{t, done})
	}
	for len(p.marks) > 1 && t.Sub(p.marks[1].at) >= rateWindow {
		p.marks = p.marks[1:]
	}
}

// interject prints something else, with the bar out of the way.
func (p *progress) interject(print func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	print()
}

// end ends the last phase.
func (p *progress) end(done bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endPhase(done)
	p.phase = ""
}

func (p *progress) show() {
	if !p.terminal {
		fmt.Fprintln(p.w, p.text())
		return
	}
	if p.bar == nil {
		p.bar = newBar(p.w, p.latest.Total)
	}

	// A bar cannot change its total, so a new one takes its place.
	if p.latest.Total > 0 && p.bar.GetMax64() != p.latest.Total {
		p.clear()
		p.bar = newBar(p.w, p.latest.Total)
	}
	p.bar.Describe(shorten(p.text(), p.columns-barRoom))
	if p.latest.Total > 0 {
		_ = p.bar.Set64(min(p.latest.Done, p.latest.Total-1)) // a full bar ends
	}
}

func (p *progress) endPhase(done bool) {
	p.clear()
	took := p.now().Sub(p.begun)
	if p.phase == "" || !done || took < briefPhase {
		return
	}
	fmt.Fprintf(p.w, "%s: done in %v\n", visible(p.phase), took.Round(time.Second/10))
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}

// newBar returns a bar, or a spinner where the total is not known.
func newBar(w io.Writer, total int64) *progressbar.ProgressBar {
	if total <= 0 {
		total = -1
	}
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(barWidth),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionClearOnFinish())
}

// shorten cuts a text to a number of characters.
func shorten(text string, room int) string {
	runes := []rune(text)
	if room < 1 || len(runes) <= room {
		return text
	}
	return strings.TrimRight(string(runes[:room-1]), " ,") + "…"
}

// First words of the phases that count bytes.
const (
	phaseInstall  = "install"
	phaseDownload = "download"
)

// text describes the state of a phase: "train: 300/1000, 12.1/s, 58s left, loss 4.1".
func (p *progress) text() string {
	// Downloads count bytes; other phases count images, steps or runs.
	count := func(n int64) string { return fmt.Sprint(n) }
	if verb, _, _ := strings.Cut(p.phase, " "); verb == phaseInstall || verb == phaseDownload {
		count = bytesText
	}
	var parts []string
	now := p.latest

	// Without a total there is a count, and no time left.
	if now.Total > 0 {
		parts = append(parts, count(now.Done)+"/"+count(now.Total))
	} else if now.Done > 0 {
		parts = append(parts, count(now.Done))
	}

	// The rate of late: the first steps of a phase may wait for a compilation, and later ones may be slower.
	since := p.marks[0]
	if made, took := now.Done-since.done, p.now().Sub(since.at).Seconds(); made > 0 && took > 0 {
		rate := float64(made) / took
		parts = append(parts, rateText(rate, count)+"/s")
		if now.Total >= now.Done {
			parts = append(parts, leftText(float64(now.Total-now.Done)/rate)+" left")
		}
	}

	if now.Detail != "" {
		parts = append(parts, now.Detail)
	}

	// Nothing to count yet: the name alone shows that work has begun.
	if parts == nil {
		return visible(p.phase) + " …"
	}
	return visible(p.phase + ": " + strings.Join(parts, ", "))
}

func rateText(rate float64, count func(int64) string) string {
	if rate < 100 {
		return fmt.Sprintf("%.3g", rate)
	}
	return count(int64(rate))
}

func leftText(seconds float64) string {
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}

// bytesText writes a number of bytes with a decimal unit.
func bytesText(n int64) string {
	value, unit := float64(n), 0
	for value >= 1000 && unit < 4 {
		value, unit = value/1000, unit+1
	}
	return fmt.Sprintf("%.3g %s", value, [...]string{"B", "kB", "MB", "GB", "TB"}[unit])
}
