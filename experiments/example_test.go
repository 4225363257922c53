package experiments_test

import (
	"context"
	"fmt"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// flips is a claim of your own: horizontal flips matter.
var flips = experiments.Claim{
	ID:         "flips",
	Belief:     "Horizontal flips matter.",
	Prediction: "Training with flips beats training without them by more than the margin.",
	Decision:   "Accuracy with flips minus accuracy without, paired over seeds.",
	Plan: func(s experiments.Scale) experiments.Plan {
		with := experiments.Base(s)
		without := experiments.With(with, func(c *sslx.Config) {
			for i := range c.Views {
				c.Views[i].Flip = 0
			}
		})
		arms := []experiments.Arm{experiments.NewArm("flips", with), experiments.NewArm("none", without)}
		return experiments.NewPlan(s, arms, experiments.Comparison{Factor: "flips over none", A: "flips", B: "none"})
	},
}

// A claim is registered, its trials are made by a sweep, and its verdict follows from the records. At smoke scale this
// takes a minute or two, and gives no verdict; at cpu scale it takes an hour or two, and does.
func Example() {
	experiments.Register(flips)

	store := experiments.Store{Path: "runs/claims/smoke.jsonl"}
	sweep := experiments.Sweep{Store: store, Work: "runs/claims"}
	if err := sweep.Run(context.Background(), flips.Plan(experiments.Smoke)); err != nil {
		fmt.Println(err)
		return
	}

	records, err := store.Read()
	if err != nil {
		fmt.Println(err)
		return
	}
	outcome, err := experiments.Judge(flips, experiments.Smoke, records)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(outcome.Verdict)
}

// The verdict is computed from records alone. Here they are invented: accuracies in which flips add some five points.
func ExampleJudge() {
	claim := flips
	claim.Plan = func(s experiments.Scale) experiments.Plan {
		p := flips.Plan(s)
		p.Tasks, p.Protocols = []string{"class"}, []string{"knn"}
		return p
	}

	records := experiments.Records{}
	trials, err := experiments.Pending(records, claim.Plan(experiments.CPU))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range trials {
		accuracy := 0.50 + 0.001*float64(t.Config.Seed)
		if t.Config.Views[0].Flip > 0 {
			accuracy += 0.05 - 0.002*float64(t.Config.Seed%2)
		}
		key := t.Key("")
		records[key] = experiments.Record{Key: key, Config: t.Config, Tasks: t.Tasks, Results: []record.Result{{
			Model: "simclr", Task: "cifar10/class", Protocol: record.ParseProtocol("knn/cosine/k20/t0.07@encoder"),
			Layer: record.LayerEncoder, Split: record.SplitTest, Metric: record.MetricAccuracy, Value: accuracy}}}
	}

	outcome, err := experiments.Judge(claim, experiments.CPU, records)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, _ := outcome.Deciding()
	fmt.Printf("%s: %s, %+.2f points (%.2f to %.2f)\n", e.Factor, outcome.Verdict, e.Mean, e.Low, e.High)
	// Output: flips over none: upheld, +4.88 points (4.74 to 5.02)
}
