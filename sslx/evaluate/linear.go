package evaluate

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

// Linear fits linear probes on one set of features, which stay on the device, standardised, until Close. It is not safe
// for concurrent use.
type Linear struct {
	backend          compute.Backend
	train, val, test int // rows
	width            int
	pool             *tensors.Tensor // [train+val, width], the train rows first
	queries          *tensors.Tensor // [test, width]
	second           *mat.SymDense   // [width, width], mean outer product of the pool's rows
	loss, logits     *graph.Exec
}

// NewLinear standardises the features with the mean and standard deviation of train and puts them on the device:
// 4*N*D bytes for train, val and test together. val may be the zero Features when the options then name a single L2.
func NewLinear(b compute.Backend, train, val, test Features) (*Linear, error) {
	if err := checkLinear(train, val, test); err != nil {
		return nil, err
	}
	scale := newScaler(train)
	for name, f := range map[string]Features{"validation": val, "test": test} {
		if err := scale.check(f, name); err != nil {
			return nil, err
		}
	}
	l := &Linear{backend: b, train: train.N, val: val.N, test: test.N, width: train.D}
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
	l.pool, err = newMatrix(l.backend, train.N+val.N, train.D, func(i int, row []float32) {
		if i < train.N {
			scale.apply(row, train.Row(i))
		} else {
			scale.apply(row, val.Row(i-train.N))
		}
	})
	if err != nil {
		return err
	}
	l.queries, err = newMatrix(l.backend, test.N, test.D, func(i int, row []float32) { scale.apply(row, test.Row(i)) })
	if err != nil {
		return err
	}
	if l.loss, err = graph.NewExec(l.backend, softmaxLoss); err != nil {
		return err
	}
	if l.logits, err = graph.NewExec(l.backend, linearLogits); err != nil {
		return err
	}
	if l.width <= preconditionLimit {
		l.second, err = secondMoment(l.backend, l.pool)
	}
	return err
}

// Close frees the features on the device.
func (l *Linear) Close() {
	finalize(l.pool, l.queries)
	for _, exec := range []*graph.Exec{l.loss, l.logits} {
		if exec != nil {
			exec.Finalize()
		}
	}
}

// LinearProbe is [NewLinear], [Linear.Probe] and [Linear.Close] for a single task.
func LinearProbe(b compute.Backend, train Features, trainLabels []int32, val Features, valLabels []int32, test Features,
	classes int, opt LinearOptions) (LinearResult, error) {
	l, err := NewLinear(b, train, val, test)
	if err != nil {
		return LinearResult{}, err
	}
	defer l.Close()
	return l.Probe(trainLabels, valLabels, classes, opt)
}
