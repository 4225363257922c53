package probe

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// Linear fits linear probes on one set of features, which stay on the device, standardised, until Close. It is not safe
// for concurrent use.
type Linear struct {
	programs         *Programs
	train, val, test int // rows
	width            int
	pool             *tensors.Tensor // [train+val, width], the train rows first
	queries          *tensors.Tensor // [test, width]
	second           *mat.SymDense   // [width, width], mean outer product of the pool's rows
}

// NewLinear standardises the features with the mean and standard deviation of train and puts them on the device:
// 4*N*D bytes for train, val and test together. val may be the zero Features when the options then name a single L2. The
// programs must stay open until Close.
func NewLinear(p *Programs, train, val, test Features) (*Linear, error) {
	if err := checkLinear(train, val, test); err != nil {
		return nil, err
	}
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
	l.queries, err = newMatrix(l.programs.backend, test.N, test.D, func(i int, row []float32) { scale.apply(row, test.Row(i)) })
	if err != nil {
		return err
	}
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
