package objective_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/sslx-go/lab/sslx/objective"
)

// golden are values and gradients of other libraries, made by testdata/golden.py, in float64.
type golden struct {
	Embeddings, Predictions, Targets, Logits, Queue []matrix
	Labels                                          []int32
	Entries                                         []goldenEntry

	// of newer methods
	Directions, State, Prototypes matrix
	TargetPrototypes              matrix `json:"target_prototypes"`
}

// goldenEntry is one loss of one library. Its configuration is the one of ours that gives the same.
type goldenEntry struct {
	Peer     string
	Config   json.RawMessage
	Views    int
	Scale    float64 // of the embeddings
	Value    float64
	Gradient []float64
}

// Where a peer differs from the paper, the configuration or the scale makes up for it, so that the difference is
// exactly the one that is known:
//
//   - solo-learn's vicreg_loss_func adds the variance terms of the two views, as equation 6 of Bardes et al. 2022 does;
//     lightly, FFCV-SSL, the authors' code and we take their mean. Our variance weight is doubled.
//   - lightly's and solo-learn's Barlow Twins normalize with a batch norm, whose epsilon of 1e-5 is not in equation 2
//     of Zbontar et al. 2021. The embeddings are multiplied by 64, where it no longer counts.
//   - solo-learn's byol_loss_func and moco_loss_func, and lightly's memory bank, are of one direction: byol adds both
//     and moco takes their mean.
//   - The positives of supcon are solo-learn's extra_pos_mask of version 1.0. Later versions add the exponentials of
//     the positives inside the logarithm, which is neither L_out nor L_in of Khosla et al. 2020.
func TestLosses_AreThoseOfOtherLibraries(t *testing.T) {
	t.Parallel()
	g := readGolden(t, "golden.json")
	g.compare(t, newProgram)
}

// The newer methods, by testdata/golden_methods.py, on the same inputs and some of their own. Known differences:
//
//   - lightly's coding rate has the other sign; the script turns it.
//   - lightly's LeJEPALoss takes large and small crops apart; where all are large, the script joins its two terms.
func TestLosses_OfNewerMethodsAreThoseOfOtherLibraries(t *testing.T) {
	t.Parallel()
	g := readGolden(t, "golden.json", "golden_methods.json")
	g.compare(t, func(losses []objective.Objective) *program { return goProgram(t, losses) })
}

// stable-pretraining's losses, by testdata/golden_stable.py, on the inputs of both. Known differences:
//
//   - Its BarlowTwinsLoss divides by a standard deviation with the divisor N-1, to which it adds 1e-5, and then by N.
//     Algorithm 1 of Zbontar et al. 2021 mixes them too; equation 2 does not. The script makes that N an N-1, and the
//     embeddings are multiplied by 64.
//   - Its BYOL takes the mean of both directions, where byol adds them. Its MoCov3 takes their mean without the factor
//     2τ of algorithm 1 of Chen, Xie and He 2021, which adds them: mocov3 is 4τ times as large.
//   - Its MoCov2 is of one direction; moco takes the mean of both. Its queue gets the keys of a batch before the loss,
//     where they are negatives too; the script gives it the queue of the tests.
//   - Its LeJEPA adds λ times SIGReg to the whole distance: lambda is λ/(1+λ), and the script divides by 1+λ.
//   - Its SwAV gives codes to small crops too, as assigned_views of 0 does.
//   - SwAV and DINO turn scores to float32; the script keeps float64.
//
// All are of one process. With several, its BarlowTwinsLoss normalizes and its SwAV assigns the images of each process
// by themselves, where our batch is the whole one. Its NNCLR and its class SwAVLoss have other formulas, which
// docs/methods explains.
func TestLosses_AreThoseOfStablePretraining(t *testing.T) {
	t.Parallel()
	g := readGolden(t, "golden.json", "golden_methods.json", "golden_stable.json")
	g.compare(t, func(losses []objective.Objective) *program { return goProgram(t, losses) })
}

// readGolden returns what all files say, with the entries of the last one.
func readGolden(t *testing.T, names ...string) (g golden) {
	t.Helper()
	for _, name := range names {
		text, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		g.Entries = nil
		if err := json.Unmarshal(text, &g); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func (g golden) compare(t *testing.T, newProgram func(losses []objective.Objective) *program) {
	t.Helper()
	losses := map[int][]objective.Objective{}
	for _, e := range g.Entries {
		o, err := objective.DecodeJSON(e.Config, "objective", nil)
		if err != nil {
			t.Fatal(err)
		}
		losses[e.Views] = append(losses[e.Views], o)
	}
	programs := map[int]*program{2: newProgram(losses[2]), 3: newProgram(losses[3])}
	index := map[int]int{}
	for _, e := range g.Entries {
		own := temperature(losses[e.Views][index[e.Views]])
		b := g.batch(e.Views, e.Scale)
		r := programs[e.Views].compute(t, b, max(own, 1e-3))[index[e.Views]]
		index[e.Views]++
		r.parts, r.gradient = nil, r.ofViews(b)
		want := answer{loss: e.Value, gradient: e.Gradient}
		value, gradient := r.valueError(b, want), r.gradientError(b, want)
		t.Logf("%s: error of the value %.1e, of the gradient %.1e", e.Peer, value, gradient)
		if !(value <= tolerance && gradient <= tolerance) {
			t.Errorf("%s is %g and ours %g, above %.1e", e.Peer, e.Value, r.loss, tolerance)
		}
	}
}

// batch returns the inputs of the other libraries, which are of two views but for embeddings; what no entry uses is
// random.
func (g golden) batch(views int, scale float64) batch {
	b := randomBatch(len(g.Labels), len(g.Queue[0][0]), views, common, length)
	b.labels, b.queue = g.Labels, g.Queue[0]
	for i := range b.queues {
		b.queues[i] = b.queue
	}
	if g.Directions != nil {
		b.directions, b.state = g.Directions, g.State
		b.prototypes, b.targetPrototypes = g.Prototypes, g.TargetPrototypes
	}
	for v := range views {
		b.embeddings[v] = nil
		for _, row := range g.Embeddings[v] {
			scaled := make([]float64, len(row))
			for k, x := range row {
				scaled[k] = scale * x
			}
			b.embeddings[v] = append(b.embeddings[v], scaled)
		}
	}
	copy(b.predictions, g.Predictions)
	copy(b.targets, g.Targets)
	copy(b.logits, g.Logits)
	return b
}

// ofViews returns the gradient by the embeddings of the views, the predictions or the logits.
func (r result) ofViews(b batch) []float64 {
	gradient := r.gradient
	gradient = gradient[heads(r.of, b):]
	if r.of.Needs().Logits {
		return gradient
	}
	return gradient[:b.views*b.n*b.dim]
}

// heads returns how many numbers of a gradient are of queues and prototypes, which come before the views.
func heads(o objective.Objective, b batch) (count int) {
	for _, name := range subjectOf(o).by {
		count += map[string]int{"queue": queueRows, "queues": b.views * queueRows, "prototypes": prototypeRows}[name]
	}
	return count * b.dim
}
