package objective

import "testing"

// mistakes are those that an oracle can make for each method, and for each choice of negatives.
var mistakes = map[string][]string{
	"simclr": {"a negative is dropped", "the positive is left out of the denominator", "the diagonal is not masked",
		"vectors are not normalised", "the temperature is doubled", "directions are added",
		"anchors are of the first view only", "the other positives are negatives"},
	"random-k":    {"the draws are those of another image", "one image too many is drawn", "negatives are of one view"},
	"patch-same":  {"negatives are of the next image", "a negative is dropped", "vectors are not normalised"},
	"crop-same":   {"negatives are of the next image", "the diagonal is not masked"},
	"patch-fixed": {"the diagonal is not masked", "vectors are not normalised", "the temperature is doubled"},
	"dcl": {"a negative is dropped", "the positive is left in the denominator", "the diagonal is not masked",
		"vectors are not normalised", "the temperature is doubled", "directions are added",
		"anchors are of the first view only", "the other positives are negatives"},
	"dclw": {"a negative is dropped", "the diagonal is not masked", "vectors are not normalised",
		"the temperature is doubled", "there are no weights", "sigma is doubled", "the weights are of a sum", leak},
	"supcon": {"a negative is dropped", "positives are left out of the denominator", "the diagonal is not masked",
		"vectors are not normalised", "the temperature is doubled", "labels are not used", "positives are added",
		"the mean over positives is inside the logarithm"},
	"moco": {"a negative is dropped", "the positive is left out of the denominator", "vectors are not normalised",
		"the temperature is doubled", "anchors are of the first view only", "query and key are of the same view", leak},
	"vicreg": {"the variance is divided by N", "the covariance is divided by N", "there is no epsilon",
		"the variance is taken for the deviation", "there is no hinge", "the diagonal is in the covariance",
		"the covariance is not divided by dim", "the mean is not subtracted",
		"the similarity is summed over dimensions", "the variance is summed over views",
		"the covariance is the mean of the views'"},
	"barlow": {"the mean is not subtracted", "dimensions are not divided by their deviation",
		"deviations have divisor N-1 and correlations N", "a view is correlated with itself", "lambda is doubled",
		"the diagonal is in the redundancy", "the loss is not scaled"},
	"byol": {"vectors are not normalised", "directions are averaged", "predictions are of the first view only",
		"prediction and embedding are of the same view", leak},
	"simsiam": {"vectors are not normalised", "directions are added", "predictions are of the first view only",
		"prediction and embedding are of the same view", leak},
	"supervised": {"logits are of the first view only", "labels are those of the next class",
		"the label is left out of the denominator"},
}

// The comparisons with the oracles must notice each mistake, in the value or the gradient, at one of the temperatures,
// on one of two batches that are not special in any way.
func TestTheComparisonNoticesEveryMistake(t *testing.T) {
	t.Parallel()
	largest := map[string]map[string]float64{}
	for _, b := range []batch{randomBatch(33, 64, 2, common, length), threeViews()} {
		results := methodsProgram().computeAll(t, b)
		if b.views == 3 {
			results = append(results, choicesProgram().computeAll(t, b)...)
		}
		for _, r := range results {
			subject := r.Name
			if r.Negatives != "" && r.Negatives != "batch" {
				subject = r.Negatives
			}
			if largest[subject] == nil {
				largest[subject] = map[string]float64{}
			}
			for _, wrong := range append(mistakes[subject], "") {
				answer := ask(r.Config, b, wrong)
				e := max(r.valueError(b, answer), r.gradientError(b, answer))
				largest[subject][wrong] = max(largest[subject][wrong], e)
			}
		}
	}
	for subject := range mistakes {
		for _, wrong := range mistakes[subject] {
			if e := largest[subject][wrong]; !(e >= 10*tolerance) {
				t.Errorf("%s: that %s makes a difference of %.1e only", subject, wrong, e)
			}
		}
		if e := largest[subject][""]; !(e <= tolerance) { // or the table would be worthless
			t.Errorf("%s: the right loss is off by %.1e", subject, e)
		}
	}
}

func TestEveryMethodHasMistakes(t *testing.T) {
	for _, name := range Names() {
		if len(mistakes[name]) == 0 {
			t.Errorf("no mistake is tried for %s", name)
		}
	}
	for kind := range negativesKinds {
		if kind != "batch" && len(mistakes[kind]) == 0 {
			t.Errorf("no mistake is tried for negatives %s", kind)
		}
	}
}
