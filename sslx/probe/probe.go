package probe

import (
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/usage"
)

// pathTolerance is how much sooner the fits along the path stop than the final one.
const pathTolerance = 10

// LinearResult is what a linear probe predicts and how it was chosen.
type LinearResult struct {
	Predicted []int32 // class of each test image
	L2        float64 // the penalty chosen
	AtEdge    bool    // the choice is the smallest or largest of several: a wider grid might do better
	FittedOn  string  // what the final weights were fitted on: "train+validation", or "train" without validation

	// ValidationAccuracy is that of each penalty's fit on train, the strongest penalty first; nil for a single penalty.
	ValidationAccuracy []float64
	Path               []Fit // the fit on train for each penalty, the strongest first; nil for a single penalty
	Final              Fit

	Weights []float64 // [classes, D], for standardised features
	Bias    []float64 // [classes]
}

// Probe fits a multinomial logistic regression on the frozen features and predicts the test images:
//
//   - features are standardised with the train statistics;
//   - for each L2 of the grid, from strong to weak, each fit starting at the last one's optimum, L-BFGS minimises
//     mean cross-entropy plus L2/2 |W|^2 on train; the bias is not penalised;
//   - the L2 of the largest validation accuracy is chosen, the stronger of equal ones;
//   - with it, the probe is fitted again on train and validation together, and predicts test once.
//
// Products and losses are float32 on the device, the sum of the losses float64, parameters and L-BFGS float64 on the
// host. The result is the same each time on the same machine and backend. Cost: an evaluation is 4*N*D*C operations and
// reads the features twice; a fit takes ten (strong L2) to a few hundred (weak) of them.
func (l *Linear) Probe(trainLabels, valLabels []int32, classes int, opt LinearOptions) (LinearResult, error) {
	opt = opt.withDefaults()
	if err := l.checkProbe(trainLabels, valLabels, classes, opt); err != nil {
		return LinearResult{}, err
	}
	labels := append(append(make([]int32, 0, l.train+l.val), trainLabels...), valLabels...)
	o := &softmaxObjective{probe: l, classes: classes, labels: tensors.FromFlatDataAndDimensions(labels, len(labels))}
	defer finalize(o.labels)

	result := LinearResult{L2: opt.L2[0], FittedOn: "train"}
	parameters := make([]float64, classes*(l.width+1))
	if len(opt.L2) > 1 {
		if err := l.choose(o, parameters, valLabels, opt, &result); err != nil {
			return LinearResult{}, fmt.Errorf("linear probe: %w", err)
		}
	}
	if l.val > 0 {
		result.FittedOn = "train+validation"
	}
	if err := l.finish(o, parameters, opt, &result); err != nil {
		return LinearResult{}, fmt.Errorf("linear probe: %w", err)
	}
	return result, nil
}

func (l *Linear) checkProbe(trainLabels, valLabels []int32, classes int, opt LinearOptions) error {
	if err := opt.check(); err != nil {
		return err
	}
	if len(opt.L2) > 1 && l.val == 0 {
		return usage.Errorf("choosing among %d L2 penalties needs a validation split: give one, or a single L2",
			len(opt.L2))
	}
	if err := checkLabels(trainLabels, l.train, classes, "train"); err != nil {
		return err
	}
	if err := checkLabels(valLabels, l.val, classes, "validation"); err != nil {
		return err
	}
	return checkTwoClasses(trainLabels)
}

// choose fits on train along the penalties and leaves the parameters of the best on validation.
func (l *Linear) choose(o *softmaxObjective, parameters []float64, valLabels []int32, opt LinearOptions,
	result *LinearResult) error {
	o.weigh(l.train)
	defer finalize(o.weight)
	opt.Tolerance *= pathTolerance
	current, best := make([]float64, len(parameters)), 0
	for i, l2 := range opt.L2 {
		o.l2 = l2
		fit, err := minimize(o, newPreconditioner(l.second, o.classes, l2), current, opt)
		if err != nil {
			return err
		}
		predicted, err := l.predict(l.pool, current, o.classes)
		if err != nil {
			return err
		}
		accuracy, err := Accuracy(predicted[l.train:], valLabels, o.classes)
		if err != nil {
			return err
		}
		result.Path = append(result.Path, fit)
		result.ValidationAccuracy = append(result.ValidationAccuracy, accuracy)
		if i == 0 || accuracy > result.ValidationAccuracy[best] {
			best = i
			copy(parameters, current)
		}
	}
	result.L2, result.AtEdge = opt.L2[best], best == 0 || best == len(opt.L2)-1
	return nil
}

// finish fits on train and validation with the chosen penalty and predicts test.
func (l *Linear) finish(o *softmaxObjective, parameters []float64, opt LinearOptions,
	result *LinearResult) (err error) {
	o.weigh(l.train + l.val)
	defer finalize(o.weight)
	o.l2 = result.L2
	if result.Final, err = minimize(o, newPreconditioner(l.second, o.classes, o.l2), parameters, opt); err != nil {
		return err
	}
	result.Predicted, err = l.predict(l.queries, parameters, o.classes)
	n := o.classes * l.width
	result.Weights, result.Bias = parameters[:n:n], parameters[n:]
	return err
}

// weigh counts the first rows of the pool and leaves out the others.
func (o *softmaxObjective) weigh(rows int) {
	weight := make([]float32, o.probe.train+o.probe.val)
	for i := range rows {
		weight[i] = 1
	}
	o.weight, o.total = tensors.FromFlatDataAndDimensions(weight, len(weight)), float64(rows)
}
