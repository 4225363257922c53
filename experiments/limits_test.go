package experiments

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments/statistics"
)

func TestClaims_NameTheirLimits(t *testing.T) {
	for _, c := range Claims() {
		if len(c.Limits) == 0 {
			t.Errorf("%s names no limit", c.ID)
		}
		page, err := os.ReadFile(filepath.Join("../docs/claims", c.ID+".md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, limit := range append(c.Limits, c.Withdrawn) {
			if !strings.Contains(string(page), limit) {
				t.Errorf("the page of %s lacks: %s", c.ID, limit)
			}
		}
	}
}

func TestJudge_WithdrawnClaimHasDifferencesAndNoVerdict(t *testing.T) {
	o, err := Judge(negatives, CPU, committed(t))
	if err != nil {
		t.Fatal(err)
	}
	if o.Verdict != Withdrawn || o.Withdrawn == "" || len(o.Estimates) == 0 {
		t.Errorf("verdict %q because %q, %d estimates", o.Verdict, o.Withdrawn, len(o.Estimates))
	}
	for _, e := range o.Estimates {
		if e.Verdict != "" || e.More != 0 {
			t.Errorf("%s on %s is said to be %q", e.Factor, e.Task, e.Verdict)
		}
	}

	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"verdict":"withdrawn"`) {
		t.Errorf("JSON without the verdict: %.200s", text)
	}
}

// The limit that the claim states, from the records: with the linear probe as the reference, nothing is settled.
func TestProtocols_LinearReferenceSettlesNothing(t *testing.T) {
	p := planProtocols(CPU)
	p.Protocols[0], p.Protocols[1] = p.Protocols[1], p.Protocols[0]
	estimates, err := judgeProtocols(p, committed(t))
	if err != nil || len(estimates) == 0 {
		t.Fatalf("%d estimates (%v)", len(estimates), err)
	}
	if e := estimates[0]; e.Verdict != statistics.NotSettled {
		t.Errorf("tau %.2f, %.2f to %.2f: %s", e.Mean, e.Low, e.High, e.Verdict)
	}
}

// committed returns the records of the claims in the repository at the scale of the pages.
func committed(t *testing.T) Records {
	t.Helper()
	r, err := Store{filepath.Join("results", "claims", string(CPU)+".jsonl")}.Read()
	if err != nil {
		t.Fatal(err)
	}
	return r
}
