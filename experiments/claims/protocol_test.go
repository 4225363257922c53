package claims

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/internal/testrecords"
)

func TestProtocols_FewEncodersInOneOrderSettleNothing(t *testing.T) {
	for encoders, want := range map[int]statistics.Verdict{
		minEncoders - 1: statistics.NotSettled,
		minEncoders:     statistics.Upheld,
	} {
		p, r := planProtocols(experiments.CPU), experiments.Records{}
		for i, arm := range p.Arms[:encoders] {
			for _, seed := range p.Seeds {
				c := arm.Candidates[0].Config
				c.Seed = seed
				trial := experiments.Trial{Config: c, Tasks: p.Tasks, Protocols: p.Protocols}
				known := testrecords.Record(trial, rand.New(rand.NewPCG(1, 1)))
				for j := range known.Results {
					known.Results[j].Value -= float64(i) / 50
				}
				r[known.Key] = known
			}
		}
		estimates, err := judgeProtocols(p, r)
		if err != nil {
			t.Fatal(err)
		}
		e := estimates[slices.IndexFunc(estimates, func(e experiments.Estimate) bool { return e.Decides })]
		if e.Verdict != want || e.Mean != 1 {
			t.Errorf("%d encoders in one order: %s with tau %g, want %s", encoders, e.Verdict, e.Mean, want)
		}
	}
}

// The limit that the claim states, from the records: with the linear probe as the reference, nothing is settled.
func TestProtocols_LinearReferenceSettlesNothing(t *testing.T) {
	p := planProtocols(experiments.CPU)
	p.Protocols[0], p.Protocols[1] = p.Protocols[1], p.Protocols[0]
	estimates, err := judgeProtocols(p, committed(t))
	if err != nil || len(estimates) == 0 {
		t.Fatalf("%d estimates (%v)", len(estimates), err)
	}
	e := estimates[slices.IndexFunc(estimates, func(e experiments.Estimate) bool { return e.Decides })]
	if e.Verdict != statistics.NotSettled {
		t.Errorf("tau %.2f, %.2f to %.2f: %s", e.Mean, e.Low, e.High, e.Verdict)
	}
}
