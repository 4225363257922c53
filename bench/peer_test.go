package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestPeer_IsReadyAndAnswersEachTurn(t *testing.T) {
	p, err := startFake(t, t.Context(), "works")
	if err != nil {
		t.Fatal(err)
	}
	if want := (about{"1.2.3", "two threads", 2}); p.about != want {
		t.Errorf("the peer says %+v, want %+v", p.about, want)
	}
	for _, n := range []int{1, 6} {
		if seconds, err := p.Run(t.Context(), n); err != nil || seconds != float64(n)/4 {
			t.Errorf("%d units took %g s (%v), want %g", n, seconds, err, float64(n)/4)
		}
	}
}

func TestPeer_NotInstalledIsMissing(t *testing.T) {
	_, err := startFake(t, t.Context(), "missing")
	if !errors.Is(err, errMissing) {
		t.Errorf("a peer without its library gives %v", err)
	}
	wantError(t, err, "torch")
	path := filepath.Join(t.TempDir(), "python")
	_, err = start(t.Context(), "fake", nil, path)
	if !errors.Is(err, errMissing) {
		t.Errorf("a peer without Python gives %v", err)
	}
	wantError(t, err, path)
}

func TestPeer_FailureIsAnErrorWithItsLastWords(t *testing.T) {
	for behavior, says := range map[string]string{
		"broken": "fake ended early: AssertionError: the network has 1 parameters",
		"chatty": `fake said "hello" where it should be ready`,
	} {
		_, err := startFake(t, t.Context(), behavior)
		wantError(t, err, says)
		if errors.Is(err, errMissing) {
			t.Errorf("%s: a failure counts as missing", behavior)
		}
	}
	for behavior, says := range map[string]string{
		"dies":     "fake ended early: out of memory",
		"nonsense": `fake said "soon"`,
	} {
		p, err := startFake(t, t.Context(), behavior)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Run(t.Context(), 1)
		wantError(t, err, says)
	}
}

func TestPeer_IsEndedByAnInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, err := startFake(t, ctx, "hangs")
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := p.Run(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted turn gives %v", err)
	}
}

func TestEveryPeerHasItsProgram(t *testing.T) {
	for what, all := range programs {
		call := "serve(build)"
		if what == "race" {
			call = "serve_race(build)"
		}
		for _, p := range all {
			text, err := scripts.ReadFile("peers/" + p.script + ".py")
			if err != nil || !strings.Contains(string(text), call) {
				t.Errorf("peer %s of %s has no program: %v", p.name, what, err)
			}
		}
	}
}

func TestRequirementsArePinned(t *testing.T) {
	text, err := os.ReadFile("requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	pinned := regexp.MustCompile(`^[a-z0-9-]+==[0-9][0-9.]*$`)
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line != "" && !pinned.MatchString(line) {
			t.Errorf("requirement %q is not pinned", line)
		}
	}
}
