package probe

import (
	"errors"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// newMatrix returns a float32 tensor [n, d] on the device whose rows, zeros at first, are written by fill.
func newMatrix(b compute.Backend, n, d int, fill func(i int, row []float32)) (*tensors.Tensor, error) {
	t, err := tensors.FromShapeForBackend(b, 0, shapes.Make(dtypes.Float32, n, d))
	if err != nil {
		return nil, err
	}
	err = tensors.MutableFlatData(t, func(x []float32) {
		for i := range n {
			fill(i, x[i*d:(i+1)*d])
		}
	})

	if err == nil {
		err = t.MaterializeOnDevice(b, true, 0)
	}
	if err != nil {
		finalize(t)
		return nil, err
	}

	// The copy on the host is not needed any more, unless it is the device's own memory.
	if !t.IsShared() {
		t.FinalizeLocal()
	}
	return t, nil
}

// finalize frees tensors on host and device. An error would say that a buffer is already gone, which is what is wanted.
func finalize(all ...*tensors.Tensor) {
	for _, t := range all {
		if t != nil {
			_ = t.FinalizeAll()
		}
	}
}

// Programs are the compiled programs of kNN and the linear probe, one for each shape that was met: features of the same
// shape, of other models or draws, need no further compilation. They are not safe for concurrent use.
type Programs struct {
	backend                          compute.Backend
	similarity, loss, logits, moment *Exec
}

// NewPrograms returns programs for a backend, none of them compiled yet.
func NewPrograms(b compute.Backend) (p *Programs, err error) {
	p = &Programs{backend: b}

	var failures [4]error
	p.similarity, failures[0] = NewExec(b, similarities)
	p.loss, failures[1] = NewExec(b, softmaxLoss)
	p.logits, failures[2] = NewExec(b, linearLogits)
	p.moment, failures[3] = NewExec(b, secondMoment)
	if err := errors.Join(failures[:]...); err != nil {
		p.Close()
		return nil, err
	}

	// No limit on the shapes: an evaluation meets a handful, again and again.
	for _, exec := range p.all() {
		exec.SetMaxCache(-1)
	}
	return p, nil
}

func (p *Programs) all() []*Exec { return []*Exec{p.similarity, p.loss, p.logits, p.moment} }

// Close frees the programs.
func (p *Programs) Close() {
	for _, exec := range p.all() {
		if exec != nil {
			exec.Finalize()
		}
	}
}
