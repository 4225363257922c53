package claims

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// all are the claims of this package.
var all = []experiments.Claim{minibatch, augmentation, protocols, negatives, cost, lejepa}

func TestPlans_CanBeRun(t *testing.T) {
	for _, claim := range all {
		for _, scale := range experiments.Scales() {
			p := claim.Plan(scale)
			names := map[string]bool{record.ModelPixels: true, record.ModelUntrained: true}
			for _, arm := range p.Arms {
				names[arm.Name] = true
				if arm.After != "" {
					continue
				}
				labels := map[string]bool{}
				for _, c := range arm.Candidates {
					if err := c.Config.CheckNew(); err != nil {
						t.Errorf("%s at %s, %s, %s: %v", claim.ID, scale, arm.Name, c.Label, err)
					}
					labels[c.Label] = true
				}
				if len(labels) != len(arm.Candidates) || len(labels) == 0 {
					t.Errorf("%s at %s, %s: candidates %v", claim.ID, scale, arm.Name, labels)
				}
			}
			for _, c := range p.Comparisons {
				if !names[c.A] || !names[c.B] {
					t.Errorf("%s at %s compares %q with %q", claim.ID, scale, c.A, c.B)
				}
			}
			for _, seed := range p.TuneSeeds {
				if slices.Contains(p.Seeds, seed) {
					t.Errorf("%s at %s tunes with seed %d of the final runs", claim.ID, scale, seed)
				}
			}
			if scale != experiments.Smoke && len(p.Seeds) < 3 {
				t.Errorf("%s at %s: %d seeds", claim.ID, scale, len(p.Seeds))
			}
			if claim.Belief == "" || claim.Prediction == "" || claim.Decision == "" {
				t.Errorf("%s does not say what is believed, what would follow, or how it is decided", claim.ID)
			}
		}
	}
}

func TestMinibatch_KeptSettingsFollowTheRuleOfTheOptimizer(t *testing.T) {
	for _, scale := range experiments.Scales() {
		for _, trainer := range trainers(scale) {
			batch := slices.Max(trainer.batches)
			c := trainer.at(batch, trainer.base(scale))
			kept := trainer.kept(batch/4, batch)(c)

			// Where the optimizer does not scale its learning rate, a square root is in the number.
			want := 1.0
			if c.Optimizer.Scale == "none" {
				want = 2
			}
			got := c.Optimizer.LR / kept.Optimizer.LR
			if math.Abs(got-want) > 1e-12 || kept.Optimizer.Scale != c.Optimizer.Scale || kept.Batch != batch/4 {
				t.Errorf("%s at %s: with batch %d of %d the learning rate falls by %g, want %g", trainer.name, scale,
					kept.Batch, batch, got, want)
			}
		}
	}
}

// Longer training grows in three steps, and keeps what was tuned for the short one.
func TestCost_LongerTrainingHasAScheduleOfItsOwn(t *testing.T) {
	fullFrom := map[int]int{8: 5, 20: 13} // the epoch from which views have their full size, by the number of epochs
	trained := map[int]int{}
	for _, arm := range cost.Plan(experiments.CPU).Arms {
		if arm.After == "" {
			continue
		}
		base := experiments.With(experiments.Base(experiments.CPU), func(c *sslx.Config) { c.Optimizer.LR = 0.125 })
		c := arm.From(base)
		sizes := 1
		if strings.HasPrefix(arm.Name, "growing") {
			sizes = 3
			if got := c.Resolutions[2]; got != (pretrain.Resolution{Epoch: fullFrom[c.Epochs], Size: 32}) {
				t.Errorf("%s ends with %v", arm.Name, got)
			}
		}
		if fullFrom[c.Epochs] == 0 || c.Optimizer.LR != 0.125 || len(c.Resolutions) != sizes {
			t.Errorf("%s: %d epochs, learning rate %g, sizes %v", arm.Name, c.Epochs, c.Optimizer.LR, c.Resolutions)
		}
		trained[c.Epochs]++
	}
	if want := map[int]int{8: 2, 20: 2}; !maps.Equal(trained, want) {
		t.Errorf("arms by their epochs: %v, want %v", trained, want)
	}
}

func TestPlans_HaveFiveSeedsAtCPU(t *testing.T) {
	for _, claim := range all {
		if n := len(claim.Plan(experiments.CPU).Seeds); n < 5 {
			t.Errorf("%s has %d seeds", claim.ID, n)
		}
	}
}

func TestClaims_AreRegisteredInOrder(t *testing.T) {
	var got, want []string
	for _, c := range experiments.Claims() {
		got = append(got, c.ID)
	}
	for _, c := range all {
		want = append(want, c.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v are registered, want %v", got, want)
	}
}
