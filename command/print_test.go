package command

import (
	"errors"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/runs"
)

const hostile = "a\x1b]0;title\x07\u202egnp.jpg\nb"

func TestPrint_NothingOfANameReachesTheTerminalRaw(t *testing.T) {
	var out, stdout strings.Builder
	a := &app{stderr: &out, stdout: &stdout}
	a.printError(errors.New("cannot read " + hostile))
	a.warn("left out " + hostile)
	a.say("the report is in %s", hostile)
	p, progressOut, _ := newTestProgress(false)
	p.update(sslx.Progress{Phase: "import " + hostile})
	if err := a.printStates([]runs.State{{Path: hostile}}); err != nil {
		t.Fatal(err)
	}
	if _, err := (terminalWriter{&stdout}).Write([]byte(hostile)); err != nil {
		t.Fatal(err)
	}

	for _, text := range []string{out.String(), progressOut.String(), stdout.String()} {
		if strings.ContainsAny(text, "\x1b\x07\u202e") {
			t.Errorf("raw: %q", text)
		}
	}
}

func TestPrint_ALongNameKeepsTheReason(t *testing.T) {
	var out strings.Builder
	(&app{stderr: &out}).printError(errors.New(strings.Repeat("x", 60_000) + ": no such file"))
	if text := out.String(); len(text) > 3000 || !strings.HasSuffix(text, ": no such file\n") {
		t.Errorf("%d bytes, ending in %q", len(text), text[max(0, len(text)-50):])
	}
}
