package claims

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// minibatch is misconception 3.1 of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986).
var minibatch = experiments.Claim{
	ID:     "minibatch",
	Belief: "SimCLR and Barlow Twins need very large mini-batches.",
	Prediction: "For the same number of images seen, the largest batch beats a small one by more than the margin, " +
		"also when the learning rate and the temperature (Barlow Twins: lambda) are tuned at each batch size.",
	Decision: "Tuned SimCLR, by SGD and by AdamW: accuracy at the largest batch minus accuracy at the small one, " +
		"paired over seeds. The gap without tuning is reported with it: the setting of the largest batch, whose " +
		"learning rate follows the optimizer's rule, linear for SGD and the square root for AdamW. The paper's " +
		"point is the difference between the two.",
	Limits: []string{
		"At the cpu scale, two epochs are only 96 steps of 1024 images: equal images are not equal updates.",
		"The depth of the projector is not tuned.",
	},
	Plan:   planMinibatch,
	Figure: drawBatches,
}

// trainer is a method with an optimizer and its rule for the batch size, and the batches that it is tuned for.
type trainer struct {
	name, method string
	rule         func(batch int) optimizer.Config
	batches      []int
}

// linear is SGD, whose learning rate grows with the batch.
func linear(int) optimizer.Config { return sgd }

// trainers returns what is compared at a scale, SimCLR first. Without a rule, the optimizer of the scale's recipe
// stays, which scales its learning rate by itself: SGD at gpu, LARS at paper.
func trainers(s experiments.Scale) []trainer {
	few, many := []int{64, 1024}, []int{64, 256, 1024}
	var sgdRule func(int) optimizer.Config
	if s == experiments.CPU {
		many, sgdRule = []int{16, 64, 256, 1024}, linear
	}
	all := []trainer{{"simclr sgd", "simclr", sgdRule, many}, {"simclr adamw", "simclr", experiments.AdamW, few},
		{"barlow sgd", "barlow", sgdRule, many}}
	return experiments.Pick(s, []trainer{{"simclr adamw", "simclr", experiments.AdamW, []int{64, 256}}}, all, all,
		[]trainer{{"simclr", "simclr", nil, []int{256, 2048}}})
}

func planMinibatch(s experiments.Scale) experiments.Plan {
	var arms []experiments.Arm
	var deciding, others []experiments.Comparison
	for i, t := range trainers(s) {
		name := func(batch int) string { return fmt.Sprintf("%s %d", t.name, batch) }
		largest := slices.Max(t.batches)
		small := t.batches[max(0, len(t.batches)-3)] // what the largest is compared with
		for _, batch := range t.batches {
			arm := experiments.NewArm(name(batch), t.at(batch, t.base(s)))
			if s == experiments.Smoke { // two runs show what tuning is
				half := experiments.With(arm.Candidates[0].Config, func(c *sslx.Config) { c.Optimizer.LR /= 2 })
				arm.Candidates = append(arm.Candidates, experiments.Candidate{Label: "half the rate", Config: half})
			} else {
				arm.Axes = tunedAxes(t.method)
			}
			arm.Floors = i == 0 && batch == largest
			arms = append(arms, arm)
		}

		// The gap to the largest batch: with each batch tuned, and with what is best for the largest.
		for _, batch := range t.batches[:len(t.batches)-1] {
			kept := name(batch) + keptFrom + fmt.Sprint(largest)
			arms = append(arms, experiments.Arm{Name: kept, After: name(largest), From: t.kept(batch, largest)})
			tuned := over(name(largest), name(batch))
			if batch == small && t.method == "simclr" {
				deciding = append(deciding, tuned)
			} else {
				others = append(others, tuned)
			}
			others = append(others, over(name(largest), kept))
		}
	}

	if s == experiments.CPU {
		// As many images at once as the belief asks for. The batch goes through the network in chunks.
		first := trainers(s)[0]
		thousands := experiments.NewArm(first.name+" 4096", first.at(4096, first.base(s)))
		thousands.Candidates[0].Config.Chunk = 1024
		thousands.Axes = tunedAxes(first.method)
		arms = append(arms, thousands)
		others = append(others, over(thousands.Name, deciding[0].B))

		// More training changes the difference, or it does not.
		for _, epochs := range longer {
			again, both := trainedLongerBoth(deciding[0], epochs)
			arms, others = append(arms, both...), append(others, again)
		}
	}
	p := experiments.NewPlan(s, arms, append(deciding, others...)...)
	p.Deciding = len(deciding)
	return p
}

// keptFrom stands in the name of an arm between its batch and the one whose setting it keeps.
const keptFrom = ", as "

// tunedAxes are what an arm of a method is tuned along.
func tunedAxes(method string) []experiments.Axis {
	return []experiments.Axis{learningRate, weights[method]}
}

// base is the setting that tuning starts from, but for batch and optimizer.
func (t trainer) base(s experiments.Scale) sslx.Config {
	return experiments.With(baseOf(s, t.method), ownNorm)
}

// at changes the batch size of a setting, and the optimizer by its rule.
func (t trainer) at(batch int, c sslx.Config) sslx.Config {
	return experiments.With(c, func(c *sslx.Config) {
		c.Batch = batch
		if t.rule != nil {
			c.Optimizer = t.rule(batch)
		}
	})
}

// kept changes the setting of the largest batch into one of another batch: what tuning made of the learning rate is
// kept, and the rule does the rest.
func (t trainer) kept(batch, largest int) func(sslx.Config) sslx.Config {
	return func(c sslx.Config) sslx.Config {
		return experiments.With(c, func(c *sslx.Config) {
			c.Batch = batch
			if t.rule != nil {
				c.Optimizer.LR *= t.rule(batch).LR / t.rule(largest).LR
			}
		})
	}
}

// drawBatches draws accuracy against the batch size, lines for each method: tuned, with the setting of its largest
// batch, and after more training.
func drawBatches(p experiments.Plan, r experiments.Records) (*plots.Figure, error) {
	largest := map[string]bool{} // the arms whose setting other batches keep
	for _, arm := range p.Arms {
		if strings.Contains(arm.Name, keptFrom) {
			largest[arm.After] = true
		}
	}
	return drawByBatch(p, r, func(arm experiments.Arm) []string {
		short, more, _ := strings.Cut(arm.Name, ", ")
		name := short[:strings.LastIndex(short, " ")] // without the batch
		tuned, kept := name+", tuned", name+", as the largest"
		switch {
		case strings.Contains(arm.Name, keptFrom):
			return []string{kept}
		case more != "":
			return []string{name + ", " + more}
		case largest[arm.Name]: // where the line of what is kept ends
			return []string{tuned, kept}
		}
		return []string{tuned}
	})
}

// drawByBatch draws accuracy against the batch size. An arm is a point of each of its lines.
func drawByBatch(p experiments.Plan, r experiments.Records, lines func(experiments.Arm) []string) (*plots.Figure,
	error) {
	all, columns := p.Accuracies(r)
	if len(columns) == 0 {
		return nil, nil
	}
	at := columns[0]
	plot := plots.SeriesPlot{Title: p.Title(at), X: "batch size", Y: experiments.AccuracyAxis, Log2: true,
		Floors: all.Floors(at)}

	for _, arm := range p.Arms {
		point := all.Point(float64(p.Setting(r, arm).Batch), arm.Name, at)
		for _, line := range lines(arm) {
			i := slices.IndexFunc(plot.Series, func(s plots.Series) bool { return s.Name == line })
			if i < 0 {
				plot.Series, i = append(plot.Series, plots.Series{Name: line}), len(plot.Series)
			}
			plot.Series[i].Points = append(plot.Series[i].Points, point)
		}
	}

	for _, s := range plot.Series {
		slices.SortFunc(s.Points, func(a, b plots.Point) int { return cmp.Compare(a.X, b.X) })
	}
	return drawSeries(plot)
}

// drawSeries draws a plot, unless no point of it was measured.
func drawSeries(plot plots.SeriesPlot) (*plots.Figure, error) {
	for _, s := range plot.Series {
		if slices.ContainsFunc(s.Points, func(p plots.Point) bool { return !math.IsNaN(p.Mean) }) {
			return plot.Figure()
		}
	}
	return nil, nil
}
