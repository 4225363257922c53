package claims

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// augmentation is misconception 3.2 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986).
var augmentation = experiments.Claim{
	ID:         "augmentation",
	Belief:     "Strong, slow augmentations are required.",
	Prediction: "The full set of augmentations beats crops with grayscale, which are cheap, by more than the margin.",
	Decision: "SimCLR: accuracy with the full set minus accuracy with crops and grayscale, paired over seeds, each " +
		"with a learning rate, temperature, crop scale and gray probability of its own. Three other subsets are " +
		"tuned likewise, and all are measured on every task: which task loses by which augmentation is the rest of " +
		"the answer.",
	Limits: []string{
		"At the cpu scale SimCLR is the only method.",
		"Arms have different numbers of tries, which the page counts: each search ends where its best setting lies " +
			"inside, and an arm has no axis for an augmentation that it lacks.",
		"Jitter is not tuned: its strength and its probability are the preset's.",
	},
	Plan:   planAugmentation,
	Figure: drawTasks,
}

// subsets are the views of the claim, from pixel noise alone to the full set; a flip goes with every crop.
var subsets = []struct {
	name string
	view augment.Config
}{
	{"noise", augment.Config{Noise: 0.1}},
	{"crop", augment.Config{CropScale: 0.2, Flip: 0.5}},
	{cheapViews, augment.Config{CropScale: 0.2, Flip: 0.5, Gray: 0.2}},
	{"crop+jitter", augment.Config{CropScale: 0.2, Flip: 0.5, Jitter: 0.5}},
	{allViews, augment.MustPreset("cifar")[0]},
}

func planAugmentation(s experiments.Scale) experiments.Plan {
	one, all := []string{"simclr"}, []string{"simclr", "vicreg", "barlow"}
	methods := experiments.Pick(s, one, one, all, all)

	var arms []experiments.Arm
	var comparisons []experiments.Comparison
	for _, method := range methods {
		for _, subset := range subsets {
			main := subset.name == cheapViews || subset.name == allViews
			if !main && (s == experiments.Smoke || method != "simclr") {
				continue
			}
			c := experiments.With(baseOf(s, method), func(c *sslx.Config) {
				ownNorm(c)
				if s == experiments.Paper && subset.name == allViews {
					return // blur and solarize too, as in the paper
				}
				c.Views = augment.Views{subset.view, subset.view}
			})
			arm := experiments.NewArm(method+" "+subset.name, c)
			if s != experiments.Smoke {
				arm.Axes = viewAxes(method, subset.view)
			}
			arm.Floors = method == "simclr" && subset.name == allViews
			arms = append(arms, arm)
		}
	}

	// The full set over each other one; crops with grayscale are what the claim is about.
	for _, method := range methods {
		full := method + " " + allViews
		for _, arm := range arms {
			c := experiments.Comparison{Factor: full + " over " + arm.Name, A: full, B: arm.Name}
			switch {
			case arm.Name == "simclr "+cheapViews: // decides
				comparisons = slices.Insert(comparisons, 0, c)
			case arm.Name != full && strings.HasPrefix(arm.Name, method+" "):
				comparisons = append(comparisons, c)
			}
		}
	}

	// More training changes the difference, or it does not.
	if s == experiments.CPU {
		for _, epochs := range longer {
			again, both := trainedLongerBoth(comparisons[0], epochs)
			arms, comparisons = append(arms, both...), append(comparisons, again)
		}
	}
	return experiments.NewPlan(s, arms, comparisons...)
}

// ownNorm takes the method's own batch normalization, which the bases of the first claims did not.
func ownNorm(c *sslx.Config) {
	c.Norm, c.NegativesNorm = sslx.Default().Norm, sslx.Default().NegativesNorm
}

// The subsets that the claim is about.
const (
	cheapViews = "crop+gray"
	allViews   = "full"
)

// viewAxes are what an arm of a method with views of a kind is tuned along: the learning rate, the weight of the loss,
// and what the views do.
func viewAxes(method string, view augment.Config) []experiments.Axis {
	axes := []experiments.Axis{learningRate, weights[method]}
	if view.Noise > 0 {
		axes = append(axes, noise)
	}
	if view.CropScale > 0 {
		axes = append(axes, crop)
	}
	if view.Gray > 0 {
		axes = append(axes, gray)
	}
	return axes
}

// The axes of this claim.
var (
	// weights has the number that each method has most to do with.
	weights = map[string]experiments.Axis{
		"simclr": temperature,
		"vicreg": doubling("covariance", func(o *objective.VICReg) *float64 { return &o.Covariance }),
		"barlow": doubling("lambda", func(o *objective.Barlow) *float64 { return &o.Lambda }),
	}

	crop = experiments.Axis{Name: "crops from",
		Step: func(c *sslx.Config, steps int) bool {
			for i := range c.Views {
				c.Views[i].CropScale *= math.Pow(1.5, float64(steps))
			}
			return c.Views[0].CropScale < 1
		},
		Value: func(c sslx.Config) float64 { return c.Views[0].CropScale }}

	gray = experiments.Axis{Name: "gray",
		Step: func(c *sslx.Config, steps int) bool {
			for i := range c.Views {
				c.Views[i].Gray *= math.Pow(2, float64(steps))
			}
			return c.Views[0].Gray <= 1
		},
		Value: func(c sslx.Config) float64 { return c.Views[0].Gray }}
)

// baseOf returns the base configuration of a method at a scale.
func baseOf(s experiments.Scale, method string) sslx.Config {
	return experiments.With(experiments.Base(s), func(c *sslx.Config) {
		switch method {
		case "barlow":
			c.Objective = barlow()
		case "vicreg":
			c.Objective = objective.VICReg{Similarity: 25, Variance: 25, Covariance: 1}
		}
		if method != "simclr" && s == experiments.CPU {
			c.Projector = []int{512, 512}
		}
	})
}

// barlow is Barlow Twins as solo-learn scales it.
func barlow() objective.Barlow { return objective.Barlow{Lambda: 0.0051, Scale: 0.1} }

// drawTasks draws the accuracy of every arm on every task by the protocol that decides.
func drawTasks(p experiments.Plan, r experiments.Records) (*plots.Figure, error) {
	all, columns := p.Accuracies(r)
	if len(columns) == 0 {
		return nil, nil
	}
	protocol := columns[0].Protocol
	m := plots.HeatMap{Title: fmt.Sprintf("by %s, scale %s", protocol, p.Scale), Unit: experiments.AccuracyAxis,
		PerRow: true}
	for _, arm := range p.Arms {
		m.Columns = append(m.Columns, strings.ReplaceAll(strings.Replace(arm.Name, " ", ": ", 1), "+", " + "))
	}

	// A row for each task, a cell for each arm.
	for _, at := range columns {
		if at.Protocol != protocol {
			continue
		}
		var values, halves []float64
		for _, arm := range p.Arms {
			values = append(values, all.Point(0, arm.Name, at).Mean)
			halves = append(halves, all.Half(arm.Name, at))
		}
		m.Rows, m.Values = append(m.Rows, at.Task), append(m.Values, values)
		m.Halves, m.Floors = append(m.Halves, halves), append(m.Floors, all.Point(0, record.ModelUntrained, at).Mean)
	}
	return m.Figure()
}
