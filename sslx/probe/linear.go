package probe

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"

	"github.com/sslx-go/lab/internal/usage"
)

// LinearOptions configures [Linear.Probe]. The zero value means the defaults.
type LinearOptions struct {
	// L2 are the penalties to choose from on validation, above 0; nil means [DefaultL2]. A single one is used as it is,
	// without a validation split. The objective is mean cross-entropy + L2/2 |W|^2, so that L2 = 1/(C*N) in terms of
	// scikit-learn's C; the bias is not penalized.
	L2 []float64
	// Tolerance ends the final fit when the Euclidean norm of the preconditioned gradient is at most this; 0 means
	// 1e-4. The objective is then above its minimum by about the square of the norm, 1e-8. The fits that only serve the
	// choice of L2 stop at ten times the tolerance.
	Tolerance float64
	// MaxIterations bounds the L-BFGS iterations of each fit; 0 means 500.
	MaxIterations int
}

// DefaultL2 returns the penalties of the protocol: ten values from 10 to 1e-5, equally spaced in their logarithm.
func DefaultL2() []float64 {
	grid := make([]float64, 10)
	for i := range grid {
		grid[i] = math.Pow(10, 1-float64(i)*6/9)
	}
	return grid
}

func (o LinearOptions) withDefaults() LinearOptions {
	if o.L2 == nil {
		o.L2 = DefaultL2()
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-4
	}
	if o.MaxIterations == 0 {
		o.MaxIterations = 500
	}

	// From strong to weak: each fit starts at the optimum of the one before.
	o.L2 = slices.Clone(o.L2)
	slices.Sort(o.L2)
	slices.Reverse(o.L2)
	return o
}

// String returns the name of the protocol without its layer, "linear/lbfgs/l2-val" by default. What differs from the
// defaults is part of it: another grid, as in "linear/lbfgs/l2-val[0.001..1,4]", a single penalty ("l2=0.001"), another
// tolerance ("tol1e-06") or iteration limit ("iter50").
func (o LinearOptions) String() string {
	o = o.withDefaults()
	penalty := "l2-val"
	switch {
	case len(o.L2) == 1:
		penalty = fmt.Sprintf("l2=%g", o.L2[0])
	case len(o.L2) > 1 && !slices.Equal(o.L2, DefaultL2()):
		penalty = fmt.Sprintf("l2-val[%g..%g,%d]", o.L2[len(o.L2)-1], o.L2[0], len(o.L2))
	}

	name := "linear/lbfgs/" + penalty
	if o.Tolerance != (LinearOptions{}).withDefaults().Tolerance {
		name += fmt.Sprintf("/tol%g", o.Tolerance)
	}
	if o.MaxIterations != (LinearOptions{}).withDefaults().MaxIterations {
		name += fmt.Sprintf("/iter%d", o.MaxIterations)
	}
	return name
}

func (o LinearOptions) check() error {
	if len(o.L2) == 0 {
		return usage.Errorf("the linear probe has no L2 penalty to choose from: give one or nil for the default")
	}
	for _, l2 := range o.L2 {
		if !(l2 > 0) || math.IsInf(l2, 0) {
			return usage.Errorf("an L2 penalty of the linear probe must be above 0, got %g", l2)
		}
	}

	if !(o.Tolerance > 0) || o.MaxIterations < 1 {
		return usage.Errorf("the linear probe needs a tolerance above 0 and at least one iteration, got %g and %d",
			o.Tolerance, o.MaxIterations)
	}
	return nil
}

// Linear fits linear probes on one set of features, which stay on the device, standardized, until Close. It is not safe
// for concurrent use.
type Linear struct {
	programs         *Programs
	train, val, test int // rows
	width            int
	pool             *tensors.Tensor // [train+val, width], the train rows first
	queries          *tensors.Tensor // [test, width]
	second           *mat.SymDense   // [width, width], mean outer product of the pool's rows
}

// NewLinear standardizes the features with the mean and standard deviation of train and puts them on the device: 4*N*D
// bytes for train, val and test together. val may be the zero Features when the options then name a single L2. The
// programs must stay open until Close.
func NewLinear(p *Programs, train, val, test Features) (*Linear, error) {
	if err := checkLinear(train, val, test); err != nil {
		return nil, err
	}

	// Standardized features that overflow would give a loss that is not finite, and no hint why.
	scale := newScaler(train)
	for name, f := range map[string]Features{"validation": val, "test": test} {
		if err := scale.check(f, name); err != nil {
			return nil, err
		}
	}

	l := &Linear{programs: p, train: train.N, val: val.N, test: test.N, width: train.D}
	if err := l.load(scale, train, val, test); err != nil {
		l.Close()
		return nil, fmt.Errorf("linear probe: features to the device: %w", err)
	}
	return l, nil
}

func checkLinear(train, val, test Features) error {
	if err := train.Check("train"); err != nil {
		return err
	}

	// Validation images are optional: without them nothing is chosen.
	if val.N != 0 {
		if err := val.Check("validation"); err != nil {
			return err
		}
		if err := checkSameWidth(train, "train", val, "validation"); err != nil {
			return err
		}
	}

	if err := test.Check("test"); err != nil {
		return err
	}
	return checkSameWidth(train, "train", test, "test")
}

func (l *Linear) load(scale scaler, train, val, test Features) (err error) {
	l.pool, err = newMatrix(l.programs.backend, train.N+val.N, train.D, func(i int, row []float32) {
		if i < train.N {
			scale.apply(row, train.Row(i))
		} else {
			scale.apply(row, val.Row(i-train.N))
		}
	})
	if err != nil {
		return err
	}

	l.queries, err = newMatrix(l.programs.backend, test.N, test.D, func(i int, row []float32) {
		scale.apply(row, test.Row(i))
	})
	if err != nil {
		return err
	}

	// The preconditioner needs the moments of all rows, whatever the task.
	if l.width <= preconditionLimit {
		l.second, err = l.secondMoment()
	}
	return err
}

// Close frees the features on the device.
func (l *Linear) Close() { finalize(l.pool, l.queries) }

// LinearProbe is [NewLinear], [Linear.Probe] and [Linear.Close] for a single task.
func LinearProbe(b compute.Backend, train Features, trainLabels []int32, val Features, valLabels []int32, test Features,
	classes int, opt LinearOptions) (LinearResult, error) {
	p, err := NewPrograms(b)
	if err != nil {
		return LinearResult{}, err
	}
	defer p.Close()
	return p.probe(train, trainLabels, val, valLabels, test, classes, opt)
}

// probe is LinearProbe with programs that are there.
func (p *Programs) probe(train Features, trainLabels []int32, val Features, valLabels []int32, test Features,
	classes int, opt LinearOptions) (LinearResult, error) {
	l, err := NewLinear(p, train, val, test)
	if err != nil {
		return LinearResult{}, err
	}
	defer l.Close()
	return l.Probe(trainLabels, valLabels, classes, opt)
}

// pathTolerance is how much sooner the fits along the path stop than the final one.
const pathTolerance = 10

// topRanks is how many of the most likely classes are told of each test image.
const topRanks = 5

// LinearResult is what a linear probe predicts and how it was chosen.
type LinearResult struct {
	Predicted []int32 // class of each test image
	Ranking   Ranking // the most likely classes of each test image, five or as many as there are
	L2        float64 // the penalty chosen
	AtEdge    bool    // the choice is the smallest or largest of several: a wider grid might do better
	FittedOn  string  // what the final weights were fitted on: "train+validation", or "train" without validation

	// ValidationAccuracy is the accuracy of each penalty's fit on train, the strongest penalty first; nil for a single
	// penalty.
	ValidationAccuracy []float64
	Path               []Fit // the fit on train for each penalty, the strongest first; nil for a single penalty
	Final              Fit

	Weights []float64 // [classes, D], for standardized features
	Bias    []float64 // [classes]
}

// Probe fits a multinomial logistic regression on the frozen features and predicts the test images:
//
//   - features are standardized with the train statistics;
//   - for each L2 of the grid, from strong to weak, each fit starting at the last one's optimum, L-BFGS minimizes
//     mean cross-entropy plus L2/2 |W|^2 on train; the bias is not penalized;
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

	// The pool holds train and validation rows, and so do the labels.
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

	// Once the penalty is chosen, the images that it was chosen on serve the fit as well.
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

		// The pool is predicted as a whole, in one shape; only the validation rows behind the train rows count.
		ranking, err := l.rank(l.pool, current, o.classes, 1)
		if err != nil {
			return err
		}
		accuracy, err := Accuracy(ranking.Classes[l.train:], valLabels, o.classes)
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

	// Test is read once, here.
	result.Ranking, err = l.rank(l.queries, parameters, o.classes, min(topRanks, o.classes))
	result.Predicted = result.Ranking.First()
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
