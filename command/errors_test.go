package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// tracedError formats itself with a trace, as errors of github.com/pkg/errors do.
type tracedError struct{}

func (tracedError) Error() string { return "shapes differ" }

func (tracedError) Format(f fmt.State, verb rune) {
	_, _ = io.WriteString(f, "shapes differ")
	if verb == 'v' && f.Flag('+') {
		_, _ = io.WriteString(f, "\nsome/file.go:12")
	}
}

func TestPrintError_IsOneLineAndItsTraceNeedsDebug(t *testing.T) {
	err := errors.Join(fmt.Errorf("cannot compile: %w", tracedError{}))
	for _, test := range []struct {
		debug bool
		want  string
	}{{false, "sslx: cannot compile: shapes differ\n"},
		{true, "sslx: cannot compile: shapes differ\n\nshapes differ\nsome/file.go:12\n"}} {
		var stderr bytes.Buffer
		(&app{stderr: &stderr, debug: test.debug}).printError(err)
		if stderr.String() != test.want {
			t.Errorf("debug %v: %q, want %q", test.debug, stderr.String(), test.want)
		}
	}
}

func TestSentence_IsTheFirstOfALongError(t *testing.T) {
	for text, want := range map[string]string{
		"one\ntwo":                        "one",
		"yaml: errors:\n  line 3: bad\nx": "yaml: errors: line 3: bad",
		"\n one \n":                       "one",
	} {
		if got := sentence(text); got != want {
			t.Errorf("sentence(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestStatusOf_TellsMistakesFromFailures(t *testing.T) {
	for _, test := range []struct {
		err     error
		started bool
		want    int
	}{
		{errors.New("disk full"), true, statusFailed},
		{fmt.Errorf("x: %w", usage.Errorf("bad")), true, statusUsage},
		{errors.New("cobra refused the arguments"), false, statusUsage},
	} {
		if got := (&app{started: test.started}).statusOf(test.err); got != test.want {
			t.Errorf("status of %v is %d, want %d", test.err, got, test.want)
		}
	}
}

func TestPrintError_CallsWhatIsCanceledInterrupted(t *testing.T) {
	for want, err := range map[string]error{
		"interrupted":                         context.Canceled,
		"interrupted: import of x":            fmt.Errorf("import of x: %w", context.Canceled),
		"interrupted: race.json has the rest": fmt.Errorf("%w: race.json has the rest", context.Canceled),
		"interrupted: race: run it again":     fmt.Errorf("race: %w: run it again", context.Canceled),
	} {
		var stderr bytes.Buffer
		(&app{stderr: &stderr}).printError(err)
		if got, want := stderr.String(), "sslx: "+want+"\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

type panickingWriter struct{}

func (panickingWriter) Write([]byte) (int, error) { panic("index out of range\ngoroutine 1") }

func TestPrintPanic_IsOneSentenceAndItsStackNeedsDebug(t *testing.T) {
	var stderr bytes.Buffer
	if status := run([]string{"version"}, panickingWriter{}, &stderr); status != statusFailed {
		t.Errorf("status %d, want 1", status)
	}
	if got := stderr.String(); !strings.HasPrefix(got, "sslx: stopped by a bug: index out of range;") ||
		strings.Count(got, "\n") != 1 {
		t.Errorf("stderr is %q", got)
	}
	stderr.Reset()
	run([]string{"version", "--debug"}, panickingWriter{}, &stderr)
	if !strings.Contains(stderr.String(), "panickingWriter") {
		t.Errorf("no stack with --debug: %q", stderr.String())
	}
}

func TestPretrain_RefusedForItsInitLeavesNoFolder(t *testing.T) {
	images := smallImageFolder(t)
	isolate(t)
	writeFile(t, "w.safetensors", "no weights")
	for init, want := range map[string]string{
		"runs/gone":     "runs/gone is not a run folder: it has no config.yaml",
		images:          "is not a run folder",
		"runs/second":   "run runs/second has no checkpoint yet",
		"w.safetensors": "w.safetensors",
	} {
		status, _, stderr := call(t, "pretrain", "--out", "runs/second", "--set", "init="+init, "--set", "data="+images,
			"--set", "batch=8")
		if status != statusUsage {
			t.Errorf("%s: status %d", init, status)
		}
		wantTexts(t, stderr, "a training cannot start from "+init, want)
		if _, err := os.Stat("runs/second"); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("%s: the run folder is there (%v): its name can no longer be used", init, err)
		}
	}
}
