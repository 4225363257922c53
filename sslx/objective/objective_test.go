package objective

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
)

func TestCheckSaysWhatIsWrong(t *testing.T) {
	const positive = ": it must be positive (0 takes the method's own)"
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{Name: "simclar"}, `unknown objective "simclar": did you mean "simclr"?`},
		{Config{}, `unknown objective "": it must be one of ` + strings.Join(Names(), ", ")},
		{Config{Name: "simclr", Temperature: -0.1}, "objective.temperature is -0.1" + positive},
		{Config{Name: "simclr", Temperature: math.NaN()}, "objective.temperature is NaN" + positive},
		{Config{Name: "simclr", Temperature: math.Inf(1)}, "objective.temperature is +Inf" + positive},
		{Config{Name: "moco", Queue: -1}, "objective.queue is -1" + positive},
		{Config{Name: "byol", EMA: 1}, "objective.ema is 1: it must be below 1, or the target would never move"},
		{Config{Name: "vicreg", Temperature: 0.2},
			"objective.temperature is 0.2, which vicreg does not use: leave it out"},
		{Config{Name: "supcon", Negatives: "batch"},
			"objective.negatives is batch, which supcon does not use: leave it out"},
		{Config{Name: "simclr", Negatives: "patchsame"},
			`unknown objective.negatives "patchsame": did you mean "patch-same"?`},
		{Config{Name: "simclr", NegativesK: 3},
			"objective.negatives_k is 3, which simclr with negatives batch does not use: leave it out"},
		{Config{Name: "dcl", Negatives: "crop-same", Patch: 8},
			"objective.patch is 8, which dcl with negatives crop-same does not use: leave it out"},
	} {
		if err := c.config.Check(); !usage.Is(err) || err.Error() != c.want {
			t.Errorf("%+v: %v, want %q", c.config, err, c.want)
		}
	}
	for _, c := range append(everyMethod, everyChoice...) {
		if err := c.Check(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestCheckBatchRefusesABatchOnWhichALossIsNotDefined(t *testing.T) {
	for _, c := range []struct {
		config Config
		least  int
		want   string
	}{
		{Config{Name: "simclr"}, 1, ""},
		{Config{Name: "supcon"}, 1, ""},
		{Config{Name: "dcl"}, 2,
			"objective dcl needs a batch of 2 images or more and got 1: there would be no negative"},
		{Config{Name: "dcl", Negatives: "patch-same"}, 1, ""},
		{Config{Name: "simclr", Negatives: "random-k", NegativesK: 7}, 8,
			"objective simclr needs a batch of 8 images or more and got 7: negatives_k counts the others"},
		{Config{Name: "vicreg"}, 2, "objective vicreg needs a batch of 2 images or more and got 1: " +
			"the spread over a batch is not defined for fewer"},
		{Config{Name: "barlow"}, 2, "objective barlow needs a batch of 2 images or more and got 1: " +
			"the spread over a batch is not defined for fewer"},
	} {
		if err := c.config.CheckBatch(c.least); err != nil {
			t.Errorf("%+v: %v", c.config, err)
		}
		err := c.config.CheckBatch(c.least - 1)
		if c.least > 1 && (!usage.Is(err) || err.Error() != c.want) {
			t.Errorf("%+v: %v, want %q", c.config, err, c.want)
		}
	}
}

func TestZeroIsTheMethodsOwn(t *testing.T) {
	for _, c := range []struct{ config, want Config }{
		// Chen et al. 2020, B.9
		{Config{Name: "simclr"}, Config{Name: "simclr", Temperature: 0.5, Negatives: "batch"}},
		{Config{Name: "simclr", Negatives: "patch-fixed"},
			Config{Name: "simclr", Temperature: 0.5, Negatives: "patch-fixed", Patch: 8}},
		// lightly 1.6.0
		{Config{Name: "dcl"}, Config{Name: "dcl", Temperature: 0.1, Negatives: "batch"}},
		{Config{Name: "dclw", Temperature: 0.3},
			Config{Name: "dclw", Temperature: 0.3, Sigma: 0.5, Negatives: "batch"}},
		// Khosla et al. 2020
		{Config{Name: "supcon"}, Config{Name: "supcon", Temperature: 0.1}},
		// Bardes et al. 2022
		{Config{Name: "vicreg"}, Config{Name: "vicreg", Similarity: 25, Variance: 25, Covariance: 1}},
		// the authors' code
		{Config{Name: "barlow"}, Config{Name: "barlow", Lambda: 0.0051, Scale: 1}},
		// Grill et al. 2020
		{Config{Name: "byol"}, Config{Name: "byol", EMA: 0.996}},
		{Config{Name: "simsiam"}, Config{Name: "simsiam"}},
		// temperature: Chen et al. 2020, https://arxiv.org/abs/2003.04297
		{Config{Name: "moco"}, Config{Name: "moco", Temperature: 0.2, EMA: 0.99, Queue: 4096}},
	} {
		if got := c.config.Resolved(); got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
}

func TestNeedsNamesWhatAMethodUses(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   Needs
	}{
		{Config{Name: "simclr"}, Needs{}},
		{Config{Name: "simclr", Negatives: "random-k"}, Needs{Random: true}},
		{Config{Name: "dcl", Negatives: "patch-same", NegativesK: 3}, Needs{Negatives: ExtraViews{"patch-same", 3, 8}}},
		{Config{Name: "dcl", Negatives: "crop-same", NegativesK: 2}, Needs{Negatives: ExtraViews{"crop-same", 2, 0}}},
		{Config{Name: "dclw", Negatives: "patch-fixed", Patch: 4}, Needs{Negatives: ExtraViews{"patch-fixed", 1, 4}}},
		{Config{Name: "supcon"}, Needs{Labels: true}},
		{Config{Name: "vicreg"}, Needs{}},
		{Config{Name: "barlow"}, Needs{}},
		{Config{Name: "byol"}, Needs{Predictor: true, Target: true}},
		{Config{Name: "simsiam"}, Needs{Predictor: true}},
		{Config{Name: "moco"}, Needs{Target: true, Queue: 4096}},
		{Config{Name: "supervised"}, Needs{Labels: true, Logits: true}},
	} {
		if got := c.config.Needs(); got != c.want {
			t.Errorf("%+v needs %+v, want %+v", c.config, got, c.want)
		}
	}
}

func TestTheTargetsMomentumIsThatOfThePaper(t *testing.T) {
	for _, c := range []struct {
		config         Config
		progress, want float64
	}{
		{Config{Name: "byol"}, 0, 0.996}, // Grill et al. 2020
		{Config{Name: "byol"}, 0.5, 0.998},
		{Config{Name: "byol"}, 1, 1},
		{Config{Name: "byol", EMA: 0.9}, 1.0 / 3, 0.925}, // 1 - 0.1·(cos 60° + 1)/2
		{Config{Name: "moco"}, 0, 0.99},
		{Config{Name: "moco"}, 1, 0.99},
	} {
		if got := c.config.TargetMomentum(c.progress); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s at %g: %g, want %g", c.config.Name, c.progress, got, c.want)
		}
	}
}

func TestLossNamesWhatItLacks(t *testing.T) {
	g := NewGraph(testbackend.Open(t), "lacking")
	defer g.Finalize()
	view := Const(g, [][]float32{{1, 2}, {3, 4}})
	two := []*Node{view, view}
	for _, c := range []struct {
		config Config
		in     Inputs
		want   string
	}{
		{Config{Name: "simclr"}, Inputs{Views: two[:1]}, "objective: simclr got 1 views: it needs two or more"},
		{Config{Name: "byol"}, Inputs{Views: two, Predictions: two},
			"objective: byol needs 2 of Inputs.Targets and got 0"},
		{Config{Name: "supcon"}, Inputs{Views: two}, "objective: supcon needs 1 of Inputs.Labels and got 0"},
		{Config{Name: "simclr", Negatives: "random-k", NegativesK: 2}, Inputs{Views: two},
			"objective simclr needs a batch of 3 images or more and got 2: negatives_k counts the others"},
	} {
		if got := recovered(func() { c.config.Loss(c.in) }); got != c.want {
			t.Errorf("%+v: %q, want %q", c.config, got, c.want)
		}
	}
}

func recovered(f func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	f()
	return ""
}

func TestARecordOfAConfigurationHoldsOnlyWhatIsSet(t *testing.T) {
	got, err := json.Marshal(Config{Name: "barlow", Lambda: 0.01})
	if want := `{"name":"barlow","lambda":0.01}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}
