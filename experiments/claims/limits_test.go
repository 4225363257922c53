package claims

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
)

func TestClaims_NameTheirLimits(t *testing.T) {
	for _, c := range all {
		if len(c.Limits) == 0 {
			t.Errorf("%s names no limit", c.ID)
		}
		page, err := os.ReadFile(filepath.Join("../../docs/claims", c.ID+".md"))
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
	withdrawn := augmentation
	withdrawn.Withdrawn = "It was planned wrongly."
	o, err := experiments.Judge(withdrawn, experiments.CPU, committed(t))
	if err != nil {
		t.Fatal(err)
	}
	if o.Verdict != experiments.Withdrawn || o.Withdrawn == "" || len(o.Estimates) == 0 {
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
	o, err = experiments.Judge(withdrawn, experiments.CPU, experiments.Records{})
	if err != nil || o.Verdict == experiments.Withdrawn {
		t.Errorf("without records: %q (%v)", o.Verdict, err)
	}
}

// committed returns the records of the claims in the repository at the scale of the pages.
func committed(t *testing.T) experiments.Records {
	t.Helper()
	r, err := experiments.Store{Path: filepath.Join("..", "results", "claims", string(experiments.CPU)+".jsonl")}.Read()
	if err != nil {
		t.Fatal(err)
	}
	return r
}
