package objective_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/objective"
)

// unnamed is an objective that is not registered.
type unnamed struct{ objective.SimSiam }

func TestCheck_SaysWhatIsWrong(t *testing.T) {
	const positive = ": it must be positive"
	for _, c := range []struct {
		loss objective.Objective
		want string
	}{
		{nil, "there is no objective: set objective.name to one of " + fmt.Sprint(objective.Names())},
		{unnamed{}, "objective objective_test.unnamed has no name: register it first"},
		{objective.SimCLR{}, "objective.temperature is 0" + positive},
		{objective.SimCLR{Temperature: -0.1}, "objective.temperature is -0.1" + positive},
		{objective.SimCLR{Temperature: math.NaN()}, "objective.temperature is NaN" + positive},
		{objective.SimCLR{Temperature: math.Inf(1)}, "objective.temperature is +Inf" + positive},
		{objective.DCL{}, "objective.temperature is 0" + positive},
		{objective.DCLW{Temperature: 0.1}, "objective.sigma is 0" + positive},
		{objective.SupCon{}, "objective.temperature is 0" + positive},
		{objective.VICReg{Similarity: 1, Covariance: 1}, "objective.variance is 0" + positive},
		{objective.Barlow{Lambda: 1, Scale: -1}, "objective.scale is -1" + positive},
		{objective.MoCo{Temperature: 0.2, EMA: 0.9, Queue: -1}, "objective.queue is -1" + positive},
		{objective.MoCo{Temperature: 0.2, Queue: 1}, "objective.ema is 0" + positive},
		{objective.BYOL{EMA: 1}, "objective.ema is 1: it must be below 1, or the target would never move"},
		{objective.SimCLR{Temperature: 1, Negatives: of("patchsame", 0, 0)},
			`unknown objective.negatives "patchsame": did you mean "patch-same"?`},
		{objective.SimCLR{Temperature: 1, Negatives: of("", 3, 0)},
			"objective.negatives_k is 3, which simclr with negatives batch does not use: leave it out"},
		{objective.DCL{Temperature: 1, Negatives: of("crop-same", 0, 8)},
			"objective.patch is 8, which dcl with negatives crop-same does not use: leave it out"},
		{objective.DCLW{Temperature: 1, Sigma: 1, Negatives: of("random-k", -1, 0)},
			"objective.negatives_k is -1: it must be positive (0 takes the kind's own)"},
	} {
		if err := objective.Check(c.loss); !usage.Is(err) || err.Error() != c.want {
			t.Errorf("%+v: %v, want %q", c.loss, err, c.want)
		}
	}
	for _, o := range append(everyMethod(), everyChoice()...) {
		if err := objective.Check(withTemperature(o, 0.5)); err != nil {
			t.Errorf("%s: %v", title(o), err)
		}
	}

	for _, c := range []struct {
		needs objective.Needs
		want  string
	}{
		{objective.Needs{Target: true}, "gives no momentum: set Needs.TargetMomentum"},
	} {
		err := objective.CheckNeeds("still", c.needs)
		if !usage.Is(err) || !strings.HasPrefix(err.Error(), "objective still needs a ") ||
			!strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func TestCheckBatch_RefusesABatchOnWhichALossIsNotDefined(t *testing.T) {
	const noSpread = " needs a batch of 2 images or more and got 1: the spread over a batch is not defined for fewer"
	for _, c := range []struct {
		loss  objective.Objective
		least int
		want  string
	}{
		{objective.SimCLR{Temperature: 1}, 1, ""},
		{objective.SupCon{Temperature: 1}, 1, ""},
		{objective.DCL{Temperature: 1}, 2,
			"objective dcl needs a batch of 2 images or more and got 1: there would be no negative"},
		{objective.DCL{Temperature: 1, Negatives: of("patch-same", 0, 0)}, 1, ""},
		{objective.SimCLR{Temperature: 1, Negatives: of("random-k", 7, 0)}, 8,
			"objective simclr needs a batch of 8 images or more and got 7: negatives_k counts the others"},
		{objective.VICReg{1, 1, 1}, 2, "objective vicreg" + noSpread},
		{objective.Barlow{1, 1}, 2, "objective barlow" + noSpread},
	} {
		if err := objective.CheckBatch(c.loss, c.least); err != nil {
			t.Errorf("%+v: %v", c.loss, err)
		}
		err := objective.CheckBatch(c.loss, c.least-1)
		if c.least > 1 && (!usage.Is(err) || err.Error() != c.want) {
			t.Errorf("%+v: %v, want %q", c.loss, err, c.want)
		}
	}
}

func TestNeeds_AreThoseOfTheMethod(t *testing.T) {
	type plain struct { // Needs without what cannot be compared
		predictor, target, labels, logits, random, perView bool
		queue, negatives                                   int
		oneImage                                           bool
	}
	for _, c := range []struct {
		loss objective.Objective
		want plain
	}{
		{objective.SimCLR{}, plain{}},
		{objective.SimCLR{Negatives: of("random-k", 0, 0)}, plain{random: true}},
		{objective.DCL{Negatives: of("patch-same", 3, 0)}, plain{negatives: 3}},
		{objective.DCL{Negatives: of("crop-same", 2, 0)}, plain{negatives: 2}},
		{objective.DCLW{Negatives: of("patch-fixed", 0, 4)}, plain{negatives: 1, oneImage: true}},
		{objective.SupCon{}, plain{labels: true}},
		{objective.VICReg{}, plain{perView: true}},
		{objective.Barlow{}, plain{perView: true}},
		{objective.BYOL{}, plain{predictor: true, target: true, perView: true}},
		{objective.SimSiam{}, plain{predictor: true, perView: true}},
		{objective.MoCo{Queue: 64}, plain{target: true, queue: 64, perView: true}},
		{objective.Supervised{}, plain{labels: true, logits: true}},
	} {
		n := c.loss.Needs()
		got := plain{n.Predictor, n.Target, n.Labels, n.Logits, n.Random, n.NormPerView, n.Queue,
			n.Negatives.Count, n.Negatives.OneImage}
		if got != c.want {
			t.Errorf("%+v needs %+v, want %+v", c.loss, got, c.want)
		}
	}
}

func TestTargetMomentum_IsThatOfThePaper(t *testing.T) {
	for _, c := range []struct {
		loss           objective.Objective
		progress, want float64
	}{
		{objective.BYOL{EMA: 0.996}, 0, 0.996}, // Grill et al. 2020
		{objective.BYOL{EMA: 0.996}, 0.5, 0.998},
		{objective.BYOL{EMA: 0.996}, 1, 1},
		{objective.BYOL{EMA: 0.9}, 1.0 / 3, 0.925}, // 1 - 0.1·(cos 60° + 1)/2
		{objective.MoCo{EMA: 0.99}, 0, 0.99},
		{objective.MoCo{EMA: 0.99}, 1, 0.99},
	} {
		if got := c.loss.Needs().TargetMomentum(c.progress); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%+v at %g: %g, want %g", c.loss, c.progress, got, c.want)
		}
	}
}

func TestLoss_NamesWhatItLacks(t *testing.T) {
	g := NewGraph(testbackend.Open(t), "lacking")
	defer g.Finalize()
	view := Const(g, [][]float32{{1, 2}, {3, 4}})
	two := []*Node{view, view}
	for _, c := range []struct {
		loss objective.Objective
		in   objective.Inputs
		want string
	}{
		{objective.SimCLR{Temperature: 1}, objective.Inputs{Views: two[:1]},
			"objective simclr: it got 1 views: it needs two or more"},
		{objective.BYOL{}, objective.Inputs{Views: two, Predictions: two},
			"objective byol: it needs 2 of Inputs.Targets and got 0"},
		{objective.SupCon{}, objective.Inputs{Views: two}, "objective supcon: it needs 1 of Inputs.Labels and got 0"},
		{unnamed{}, objective.Inputs{Views: two},
			"objective objective_test.unnamed: it needs 2 of Inputs.Predictions and got 0"},
		{objective.SimCLR{Negatives: of("random-k", 2, 0)}, objective.Inputs{Views: two},
			"objective simclr: it needs a batch of 3 images or more and got 2: negatives_k counts the others"},
	} {
		if got := recovered(func() { objective.Loss(c.loss, c.in) }); got != c.want {
			t.Errorf("%+v: %q, want %q", c.loss, got, c.want)
		}
	}
}

func recovered(f func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	f()
	return ""
}
