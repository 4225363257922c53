package claims

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/testrecords"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/objective"
)

// The weight of the statistic T, itself a mean over n embeddings, next to the distance.
func TestLeJEPA_KeepsLambdaByEachWeighting(t *testing.T) {
	p := lejepa.Plan(experiments.CPU)
	r := testrecords.Invent(t, experiments.CPU, lejepa)
	chosen := 0.0
	for _, arm := range p.Arms {
		if arm.Name == "batch 256, tuned" {
			o := p.Setting(r, arm).Objective.(objective.LeJEPA)
			chosen = o.Lambda / (1 - o.Lambda)
		}
	}

	for name, want := range map[string]float64{ // factors of T, over what is chosen
		"batch 64, lambda of 256, times n":     64,
		"batch 1024, lambda of 256, times n":   1024,
		"batch 64, lambda of 256, without n":   256,
		"batch 1024, lambda of 256, without n": 256,
		"batch 64, lambda of 256, one sample":  64,
		"batch 256, lambda of 256, one sample": 256,
	} {
		found := false
		for _, arm := range p.Arms {
			if arm.Name != name {
				continue
			}
			found = true
			c := p.Setting(r, arm)
			o := c.Objective.(objective.LeJEPA)
			factor := o.Lambda / (1 - o.Lambda)
			if o.TimesSamples {
				n := c.Batch
				if o.Pooled {
					n *= len(c.Views)
				}
				factor *= float64(n)
			}
			if got := factor / chosen; math.Abs(got-want) > 1e-9*want {
				t.Errorf("%s: T has %g, want %g", name, got, want)
			}
			rate := experiments.AdamW(c.Batch).LR
			if !strings.HasPrefix(name, fmt.Sprintf("batch %d,", c.Batch)) || c.Optimizer.LR != rate {
				t.Errorf("%s: batch %d, rate %g instead of %g", name, c.Batch, c.Optimizer.LR, rate)
			}
		}
		if !found {
			t.Errorf("there is no arm %q", name)
		}
	}
}

func TestLeJEPA_DecidesAgainAfterMoreTraining(t *testing.T) {
	p := lejepa.Plan(experiments.CPU)
	r := testrecords.Invent(t, experiments.CPU, lejepa)
	setting := func(name string) (c sslx.Config) {
		for _, arm := range p.Arms {
			if arm.Name == name {
				c = p.Setting(r, arm)
			}
		}
		return c
	}

	for _, short := range p.Comparisons[:p.Deciding] {
		repeated := 0
		for _, long := range p.Comparisons {
			if long.Longer != short.Factor {
				continue
			}
			repeated++
			for _, names := range [][2]string{{short.A, long.A}, {short.B, long.B}} {
				few, many := setting(names[0]), setting(names[1])
				if few.Epochs != 2 || many.Epochs != 8 || few.Batch != many.Batch || few.Objective != many.Objective ||
					long.Useless != short.Useless {
					t.Errorf("%s: %d epochs of %+v after %d of %+v", long.Factor, many.Epochs, many.Objective,
						few.Epochs, few.Objective)
				}
			}
		}
		if repeated != 1 {
			t.Errorf("%s is repeated %d times", short.Factor, repeated)
		}
	}
}

func TestDrawWeightings_LinesMeetAtTheReference(t *testing.T) {
	f, err := experiments.Figure(lejepa, experiments.CPU, testrecords.Invent(t, experiments.CPU, lejepa))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lambda tuned", "lambda of 256, times n", "lambda of 256, without n",
		"lambda of 256, one sample"} {
		_, line, found := strings.Cut(f.Alt, name+": ")
		line, _, _ = strings.Cut(line, ". ")
		if !found || strings.Count(line, " at ") != 3 {
			t.Errorf("%s is %s", name, line)
		}
	}
}
