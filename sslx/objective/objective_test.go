package objective

import (
	"fmt"
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
)

// of returns negatives of a kind.
func of(kind string, k, patch int) Negatives { return Negatives{kind, k, patch} }

// unnamed is an objective that is not registered.
type unnamed struct{ SimSiam }

func TestCheck_SaysWhatIsWrong(t *testing.T) {
	const positive = ": it must be positive"
	for _, c := range []struct {
		objective Objective
		want      string
	}{
		{nil, "there is no objective: set objective.name to one of " + fmt.Sprint(Names())},
		{unnamed{}, "objective objective.unnamed has no name: register it first"},
		{SimCLR{}, "objective.temperature is 0" + positive},
		{SimCLR{Temperature: -0.1}, "objective.temperature is -0.1" + positive},
		{SimCLR{Temperature: math.NaN()}, "objective.temperature is NaN" + positive},
		{SimCLR{Temperature: math.Inf(1)}, "objective.temperature is +Inf" + positive},
		{DCL{}, "objective.temperature is 0" + positive},
		{DCLW{Temperature: 0.1}, "objective.sigma is 0" + positive},
		{SupCon{}, "objective.temperature is 0" + positive},
		{VICReg{Similarity: 1, Covariance: 1}, "objective.variance is 0" + positive},
		{Barlow{Lambda: 1, Scale: -1}, "objective.scale is -1" + positive},
		{MoCo{Temperature: 0.2, EMA: 0.9, Queue: -1}, "objective.queue is -1" + positive},
		{MoCo{Temperature: 0.2, Queue: 1}, "objective.ema is 0" + positive},
		{BYOL{EMA: 1}, "objective.ema is 1: it must be below 1, or the target would never move"},
		{SimCLR{Temperature: 1, Negatives: of("patchsame", 0, 0)},
			`unknown objective.negatives "patchsame": did you mean "patch-same"?`},
		{SimCLR{Temperature: 1, Negatives: of("", 3, 0)},
			"objective.negatives_k is 3, which simclr with negatives batch does not use: leave it out"},
		{DCL{Temperature: 1, Negatives: of("crop-same", 0, 8)},
			"objective.patch is 8, which dcl with negatives crop-same does not use: leave it out"},
		{DCLW{Temperature: 1, Sigma: 1, Negatives: of("random-k", -1, 0)},
			"objective.negatives_k is -1: it must be positive (0 takes the kind's own)"},
	} {
		if err := Check(c.objective); !usage.Is(err) || err.Error() != c.want {
			t.Errorf("%+v: %v, want %q", c.objective, err, c.want)
		}
	}
	for _, c := range append(everyMethod, everyChoice...) {
		if err := Check(c.objective()); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}

	want := "objective still needs a target network and gives no momentum: set Needs.TargetMomentum"
	if err := checkNeeds("still", Needs{Target: true}); !usage.Is(err) || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestCheckBatch_RefusesABatchOnWhichALossIsNotDefined(t *testing.T) {
	const noSpread = " needs a batch of 2 images or more and got 1: the spread over a batch is not defined for fewer"
	for _, c := range []struct {
		objective Objective
		least     int
		want      string
	}{
		{SimCLR{Temperature: 1}, 1, ""},
		{SupCon{Temperature: 1}, 1, ""},
		{DCL{Temperature: 1}, 2, "objective dcl needs a batch of 2 images or more and got 1: there would be no negative"},
		{DCL{Temperature: 1, Negatives: of("patch-same", 0, 0)}, 1, ""},
		{SimCLR{Temperature: 1, Negatives: of("random-k", 7, 0)}, 8,
			"objective simclr needs a batch of 8 images or more and got 7: negatives_k counts the others"},
		{VICReg{1, 1, 1}, 2, "objective vicreg" + noSpread},
		{Barlow{1, 1}, 2, "objective barlow" + noSpread},
	} {
		if err := CheckBatch(c.objective, c.least); err != nil {
			t.Errorf("%+v: %v", c.objective, err)
		}
		err := CheckBatch(c.objective, c.least-1)
		if c.least > 1 && (!usage.Is(err) || err.Error() != c.want) {
			t.Errorf("%+v: %v, want %q", c.objective, err, c.want)
		}
	}
}

func TestNeeds_AreThoseOfTheMethod(t *testing.T) {
	type plain struct { // Needs without what cannot be compared
		predictor, target, labels, logits, random bool
		queue, negatives                          int
		oneImage                                  bool
	}
	for _, c := range []struct {
		objective Objective
		want      plain
	}{
		{SimCLR{}, plain{}},
		{SimCLR{Negatives: of("random-k", 0, 0)}, plain{random: true}},
		{DCL{Negatives: of("patch-same", 3, 0)}, plain{negatives: 3}},
		{DCL{Negatives: of("crop-same", 2, 0)}, plain{negatives: 2}},
		{DCLW{Negatives: of("patch-fixed", 0, 4)}, plain{negatives: 1, oneImage: true}},
		{SupCon{}, plain{labels: true}},
		{VICReg{}, plain{}},
		{Barlow{}, plain{}},
		{BYOL{}, plain{predictor: true, target: true}},
		{SimSiam{}, plain{predictor: true}},
		{MoCo{Queue: 64}, plain{target: true, queue: 64}},
		{Supervised{}, plain{labels: true, logits: true}},
	} {
		n := c.objective.Needs()
		got := plain{n.Predictor, n.Target, n.Labels, n.Logits, n.Random, n.Queue, n.Negatives.Count, n.Negatives.OneImage}
		if got != c.want {
			t.Errorf("%+v needs %+v, want %+v", c.objective, got, c.want)
		}
	}
}

func TestExtraViews_AreMadeAsTheKindSays(t *testing.T) {
	anchor := augment.Config{Size: 24, CropScale: 0.2, Flip: 0.5}
	for _, c := range []struct {
		negatives Negatives
		want      augment.Views
	}{
		{of("", 0, 0), augment.Views{}},
		{of("crop-same", 2, 0), augment.Views{anchor, anchor}},
		{of("patch-same", 0, 0), augment.Views{{Size: 24, Patch: 8}}},
		{of("patch-fixed", 0, 6), augment.Views{{Size: 24, Patch: 6, PatchAt: "center"}}},
	} {
		got := SimCLR{Negatives: c.negatives}.Needs().Negatives.Views(anchor)
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%+v: %+v, want %+v", c.negatives, got, c.want)
		}
	}
}

func TestTargetMomentum_IsThatOfThePaper(t *testing.T) {
	for _, c := range []struct {
		objective      Objective
		progress, want float64
	}{
		{BYOL{EMA: 0.996}, 0, 0.996}, // Grill et al. 2020
		{BYOL{EMA: 0.996}, 0.5, 0.998},
		{BYOL{EMA: 0.996}, 1, 1},
		{BYOL{EMA: 0.9}, 1.0 / 3, 0.925}, // 1 - 0.1·(cos 60° + 1)/2
		{MoCo{EMA: 0.99}, 0, 0.99},
		{MoCo{EMA: 0.99}, 1, 0.99},
	} {
		if got := c.objective.Needs().TargetMomentum(c.progress); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%+v at %g: %g, want %g", c.objective, c.progress, got, c.want)
		}
	}
}

func TestLoss_NamesWhatItLacks(t *testing.T) {
	g := NewGraph(testbackend.Open(t), "lacking")
	defer g.Finalize()
	view := Const(g, [][]float32{{1, 2}, {3, 4}})
	two := []*Node{view, view}
	for _, c := range []struct {
		objective Objective
		in        Inputs
		want      string
	}{
		{SimCLR{Temperature: 1}, Inputs{Views: two[:1]}, "objective: simclr got 1 views: it needs two or more"},
		{BYOL{}, Inputs{Views: two, Predictions: two}, "objective: byol needs 2 of Inputs.Targets and got 0"},
		{SupCon{}, Inputs{Views: two}, "objective: supcon needs 1 of Inputs.Labels and got 0"},
		{unnamed{}, Inputs{Views: two}, "objective: objective.unnamed needs 2 of Inputs.Predictions and got 0"},
		{SimCLR{Negatives: of("random-k", 2, 0)}, Inputs{Views: two},
			"objective simclr needs a batch of 3 images or more and got 2: negatives_k counts the others"},
	} {
		if got := recovered(func() { Loss(c.objective, c.in) }); got != c.want {
			t.Errorf("%+v: %q, want %q", c.objective, got, c.want)
		}
	}
}

func recovered(f func()) (message string) {
	defer func() { message = fmt.Sprint(recover()) }()
	f()
	return ""
}
