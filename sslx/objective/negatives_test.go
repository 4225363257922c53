package objective_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
)

// of returns negatives of a kind.
func of(kind string, k, patch int) objective.Negatives {
	return objective.Negatives{Kind: kind, K: k, Patch: patch}
}

// everyChoice are losses with other negatives than those of the batch.
func everyChoice() []objective.Objective {
	return []objective.Objective{
		objective.SimCLR{Negatives: of("random-k", 2, 0)},
		objective.SimCLR{Negatives: of("patch-same", 2, 8)},
		objective.SimCLR{Negatives: of("crop-same", 1, 0)},
		objective.SimCLR{Negatives: of("patch-fixed", 0, 8)},
		objective.DCL{Negatives: of("random-k", 1, 0)},
		objective.DCLW{Negatives: of("patch-fixed", 0, 8), Sigma: 0.5},
	}
}

// negativesMistakes are those that an oracle can make for each kind of negatives but those of the batch.
var negativesMistakes = map[string][]string{
	"random-k": {
		"the draws are those of another image", "one image too many is drawn", "negatives are of one view",
	},
	"patch-same":  {"negatives are of the next image", "a negative is dropped", "vectors are not normalized"},
	"crop-same":   {"negatives are of the next image", "the diagonal is not masked"},
	"patch-fixed": {"the diagonal is not masked", "vectors are not normalized", "the temperature is doubled"},
}

// mistakesOf returns what a loss is a case of, a method or a kind of negatives, and the mistakes that are tried for it.
func mistakesOf(o objective.Objective) (name string, mistakes []string) {
	if kind := negatives(o).Kind; kind != "" && kind != "batch" {
		return kind, negativesMistakes[kind]
	}
	return objective.NameOf(o), subjectOf(o).mistakes
}

func TestNegatives_EveryKindIsTested(t *testing.T) {
	for _, kind := range objective.NegativesKinds() {
		if kind == "batch" {
			continue
		}
		if len(negativesMistakes[kind]) == 0 {
			t.Errorf("no mistake is tried for negatives %s", kind)
		}
		if !slices.ContainsFunc(everyChoice(), func(o objective.Objective) bool { return negatives(o).Kind == kind }) {
			t.Errorf("no loss has negatives %s", kind)
		}
	}
}

func TestNegatives_EveryKindIsItsEquation(t *testing.T) {
	t.Parallel()
	b := threeViews()
	for _, r := range choicesProgram().computeAll(t, b) {
		r.mustMatch(t, b)
	}
	b = randomBatch(33, 64, 2, common, length)
	for _, r := range newProgramOn(testbackend.PureGo(t), everyChoice()).computeAll(t, b) {
		r.mustMatch(t, b)
	}
}

func TestNegatives_TheChanceValueIsTheLogarithmOfTheirNumber(t *testing.T) {
	want := []float64{1 + 3*2, 1 + 2, 1 + 1, 1 + 1, 3 * 1, 1} // with the positive for simclr
	b := threeViews()
	for i, o := range everyChoice() {
		if got := chance(t, o, b); math.Abs(got-math.Log(want[i])) > 1e-15 {
			t.Errorf("%s: %g, want the logarithm of %g", title(o), got, want[i])
		}
	}
}

// Negatives drawn from all other images are those of the batch, and with a label for each image the positives of
// supcon are the other views.
func TestNegatives_MethodsThatMeetInALimitAgreeThere(t *testing.T) {
	t.Parallel()
	b := randomBatch(4, 64, 2, common, length)
	b.labels = []int32{0, 1, 2, 3}
	losses := []objective.Objective{
		objective.SimCLR{},
		objective.SimCLR{Negatives: of("random-k", 3, 0)},
		objective.SupCon{},
	}
	results := newProgram(losses).compute(t, b, 0.5)
	for _, r := range results[1:] {
		if e := max(r.valueError(b, results[0].answer), r.gradientError(b, results[0].answer)); e > 1e-6 {
			t.Errorf("%s differs from %s by %.1e", r, results[0], e)
		}
	}
}

func TestExtraViews_AreMadeAsTheKindSays(t *testing.T) {
	anchor := augment.Config{Size: 24, CropScale: 0.2, Flip: 0.5}
	same := anchor
	same.SameRegion = true
	alike := func(kind string) objective.Negatives { return objective.Negatives{Kind: kind, Patch: 6, Alike: true} }
	for _, c := range []struct {
		negatives objective.Negatives
		want      augment.Views
	}{
		{of("", 0, 0), augment.Views{}},
		{of("crop-same", 2, 0), augment.Views{anchor, anchor}},
		{of("patch-same", 0, 0), augment.Views{{Size: 24, Patch: 8}}},
		{of("patch-fixed", 0, 6), augment.Views{{Size: 24, Patch: 6, PatchAt: "center"}}},
		{alike("patch-same"), augment.Views{{Size: 24, Patch: 6, Flip: 0.5}}},
		{alike("patch-fixed"), augment.Views{{Size: 24, Patch: 6, PatchAt: "center", Flip: 0.5}}},
	} {
		got := objective.SimCLR{Negatives: c.negatives}.Needs().Negatives.Views(same)
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%+v: %+v, want %+v", c.negatives, got, c.want)
		}
	}
}
