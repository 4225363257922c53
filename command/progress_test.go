package command

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/sslx"
)

// newTestProgress returns a display and its clock.
func newTestProgress(terminal bool) (p *progress, out *bytes.Buffer, clock *time.Time) {
	out, now := new(bytes.Buffer), time.Unix(1000, 0)
	p = &progress{w: &lockedWriter{w: out}, terminal: terminal, columns: 80, now: func() time.Time { return now }}
	return p, out, &now
}

func TestProgress_PlainLinesAreFewAndTellRateAndTimeLeft(t *testing.T) {
	p, out, clock := newTestProgress(false)
	for i := range 13 {
		p.update(sslx.Progress{Phase: "train", Done: int64(50 + 2*i), Total: 100, Detail: "loss 4"})
		*clock = clock.Add(time.Second)
	}
	p.update(sslx.Progress{Phase: "features"}) // at 13 s
	*clock = clock.Add(time.Millisecond)
	p.end(true) // a phase that short is not told
	want := "train: 50/100, loss 4\n" +
		"train: 60/100, 2/s, 20s left, loss 4\n" +
		"train: 70/100, 2/s, 15s left, loss 4\n" +
		"train: done in 13s\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
}

func TestProgress_RateAndTimeLeftAreThoseOfTheLastSteps(t *testing.T) {
	p, out, clock := newTestProgress(false)
	p.update(sslx.Progress{Phase: "train", Total: 100})
	*clock = clock.Add(time.Minute) // a compilation
	for i := range 41 {
		p.update(sslx.Progress{Phase: "train", Done: int64(1 + 2*i), Total: 100})
		*clock = clock.Add(time.Second)
	}
	wantTexts(t, out.String(), "train: 1/100, 0.0167/s, 1h39m0s left\n", "train: 61/100, 2/s, 20s left\n")
}

func TestProgress_AFailedPhaseIsNotCalledDone(t *testing.T) {
	p, out, clock := newTestProgress(false)
	p.update(sslx.Progress{Phase: "compile"})
	*clock = clock.Add(time.Minute)
	p.end(false)
	if out.String() != "compile …\n" {
		t.Errorf("got %q", out)
	}
}

func TestProgress_DownloadsCountBytes(t *testing.T) {
	p, out, clock := newTestProgress(false)
	p.update(sslx.Progress{Phase: "install xla-cpu-pjrt", Total: 63e6})
	*clock = clock.Add(10 * time.Second)
	p.update(sslx.Progress{Phase: "install xla-cpu-pjrt", Done: 31.5e6, Total: 63e6})
	if !strings.Contains(out.String(), "install xla-cpu-pjrt: 31.5 MB/63 MB, 3.15 MB/s, 10s left\n") {
		t.Errorf("got %q", out)
	}
}

func TestProgress_ABarLeavesOneLineAPhase(t *testing.T) {
	p, out, clock := newTestProgress(true)
	for _, phase := range []sslx.Progress{{Phase: "compile"}, {Phase: "train", Total: 10}} {
		for i := range 5 {
			phase.Done = int64(i)
			p.update(phase)
			*clock = clock.Add(time.Second)
		}
	}
	p.interject(func() { _, _ = p.w.Write([]byte("a warning\n")) })
	p.end(true)
	text := out.String()
	wantTexts(t, text, "40% |", "train: 4/10, 1/s, 6s left", "compile: done in 5s\n", "train: done in 5s\n")
	if n := strings.Count(text, "\n"); n != 3 { // two phases and the warning
		t.Errorf("%d lines: %q", n, text)
	}
	if !strings.HasSuffix(strings.TrimSuffix(text, "a warning\ntrain: done in 5s\n"), " \r") {
		t.Errorf("the bar is in the way of the warning: %q", text)
	}
}

func TestWork_ShowsWarningsAndPassesErrorsOn(t *testing.T) {
	var stderr bytes.Buffer
	cause := errors.New("no")
	err := (&app{stderr: &stderr}).work(func(opt sslx.Options) error {
		opt.Warn("the pure-Go backend is slow")
		return cause
	})
	if !errors.Is(err, cause) || stderr.String() != "sslx: warning: the pure-Go backend is slow\n" {
		t.Errorf("%v, %q", err, stderr.String())
	}
}
