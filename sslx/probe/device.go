package probe

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
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
