package probe

import (
	"fmt"

	"github.com/sslx-go/lab/internal/usage"
)

// FewShotOptions configures [FewShot]. The zero value means the defaults. At most one of PerClass and Share is set.
type FewShotOptions struct {
	PerClass int     // labeled images of each class, as [Subset] draws them; 0 means 10 unless Share is set
	Share    float64 // labeled share of each class, in (0, 1], as [SubsetShare] draws it; 0 means PerClass
	Draws    int     // subsets, drawn with the seeds 0, 1, … ; 0 means 3
}

func (o FewShotOptions) withDefaults() FewShotOptions {
	if o.PerClass == 0 && o.Share == 0 {
		o.PerClass = 10
	}
	if o.Draws == 0 {
		o.Draws = 3
	}
	return o
}

// String returns the name of the protocol without its layer, "fewshot/lbfgs/10-per-class/draws3" by default and
// "fewshot/lbfgs/1pc/draws3" for a share of 0.01.
func (o FewShotOptions) String() string {
	o = o.withDefaults()
	size := fmt.Sprintf("%d-per-class", o.PerClass)
	if o.Share != 0 {
		size = fmt.Sprintf("%.6gpc", 100*o.Share)
	}
	return fmt.Sprintf("fewshot/lbfgs/%s/draws%d", size, o.Draws)
}

func (o FewShotOptions) check() error {
	if o.PerClass != 0 && o.Share != 0 {
		return usage.Errorf("a few-shot probe takes images per class or a share of them, got %d and %g: give one",
			o.PerClass, o.Share)
	}
	if o.Draws < 1 {
		return usage.Errorf("a few-shot probe needs at least one draw, got %d", o.Draws)
	}
	return nil
}

// FewShot fits a multinomial logistic regression on a few labeled images and predicts the test images, once for each
// of several draws: predicted[draw] holds the class of each test image. [Score] each, and report their mean and spread.
//
// Each draw is [LinearProbe] on the subset's n images, standardized with their own statistics, with the single penalty
// L2 = 1/n, which is scikit-learn's default C = 1. Nothing is chosen: a few labels leave none to validate on. The draws
// depend on the labels only, so that all models are measured on the same subsets.
//
// Labels are in 0..classes-1. What [Subset], [SubsetShare] or LinearProbe refuse is an error here, as is a subset of a
// single class. Cost: Draws small probes; test features go to the device once for each.
func FewShot(p *Programs, train Features, trainLabels []int32, test Features, classes int, opt FewShotOptions,
) (predicted [][]int32, err error) {
	opt = opt.withDefaults()
	if err := opt.check(); err != nil {
		return nil, err
	}
	if err := checkLinear(train, Features{}, test); err != nil {
		return nil, err
	}
	if err := checkLabels(trainLabels, train.N, classes, "train"); err != nil {
		return nil, err
	}

	for seed := range uint64(opt.Draws) {
		indices, err := opt.draw(trainLabels, classes, seed)
		if err != nil {
			return nil, err
		}

		// With L2 1/n, which is scikit-learn's C = 1, there is nothing to choose.
		few, labels := train.Pick(indices), PickLabels(trainLabels, indices)
		result, err := p.probe(few, labels, Features{}, nil, test, classes,
			LinearOptions{L2: []float64{1 / float64(few.N)}})
		if err != nil {
			return nil, fmt.Errorf("few-shot draw %d: %w", seed, err)
		}
		predicted = append(predicted, result.Predicted)
	}
	return predicted, nil
}

func (o FewShotOptions) draw(labels []int32, classes int, seed uint64) ([]int, error) {
	if o.Share != 0 {
		return SubsetShare(labels, o.Share, seed)
	}
	return Subset(labels, classes, o.PerClass, seed)
}
