package experiments_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// A claim of another module gets what the built-in ones get: it is found by its name, its trials are trained and
// measured, and it is judged, drawn and reported. The data and the encoder are small here.
func TestSweep_RunsAClaimOfOnesOwn(t *testing.T) {
	t.Setenv("SSLX_CACHE", t.TempDir())
	set, err := dataset.Factors(t.Context(), dataset.FactorsOptions{Cache: t.TempDir(), Train: 256, Test: 64})
	if err != nil {
		t.Fatal(err)
	}
	data := set.Path()
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}

	own := flips
	own.ID = "small-flips"
	own.Plan = func(s experiments.Scale) experiments.Plan {
		p := flips.Plan(s)
		for i, arm := range p.Arms {
			c := &arm.Candidates[0].Config
			c.Data, c.Batch, c.Encoder, c.Projector = data, 64, encoder.ConvNet{Width: 4}, []int{16, 8}
			c.Resolutions = []pretrain.Resolution{{Size: 8}}
			p.Arms[i].Floors = i == 0
		}
		p.Tasks = []string{"shape"}
		return p
	}
	experiments.Register(own)
	claim, err := experiments.Named("small-flips")
	if err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	sweep := experiments.Sweep{Store: experiments.Store{Path: filepath.Join(dir, "smoke.jsonl")},
		Work: filepath.Join(dir, "work"), Options: sslx.Options{Warn: func(string) {}}}
	if err := sweep.Run(context.Background(), claim.Plan(experiments.Smoke)); err != nil {
		t.Fatal(err)
	}
	records, err := sweep.Store.Read()
	if err != nil {
		t.Fatal(err)
	}

	o, err := experiments.Judge(claim, experiments.Smoke, records)
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := o.Deciding(); !ok || e.Seeds != 2 || e.Factor != "flips over none" {
		t.Errorf("%+v decides", e)
	}
	if o.Missing != 0 || len(o.Records) != 4 || o.Verdict != statistics.NotSettled {
		t.Errorf("%d runs missing, %d made, verdict %s at smoke", o.Missing, len(o.Records), o.Verdict)
	}
	if f, err := experiments.Figure(claim, experiments.Smoke, records); err != nil || f == nil {
		t.Errorf("figure %v (%v)", f, err)
	}

	page := filepath.Join(dir, "claims.html")
	if err := report.WriteClaims(page, experiments.Smoke, records, claim); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range append(o.Records, claim.Belief, claim.Decision, "<img ") {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}
