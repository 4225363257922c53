package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/backend"
)

// productSide is the number of rows and columns of the matrices whose product is the yardstick.
const productSide = 1024

// productGFLOP is what one of these products takes.
const productGFLOP = 2 * productSide * productSide * productSide / 1e9

// product multiplies two square matrices on the device.
type product struct {
	exec *Exec
	a    *tensors.Tensor
}

func newProduct(h *backend.Handle, dtype dtypes.DType) (*product, error) {
	values := make([]float32, productSide*productSide)
	for i := range values {
		values[i] = float32(i%7) / 7
	}

	p := &product{a: tensors.FromFlatDataAndDimensions(values, productSide, productSide)}
	exec, err := NewExec(h.Backend, func(a *Node) *Node {
		a = ConvertDType(a, dtype)
		return Dot(a, a).Product()
	})
	if err == nil {
		err = p.a.ToDevice(h.Backend, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot compile the matrix product: %w", err)
	}

	p.exec = exec

	// Warm: the first product pays for compilation.
	_, err = p.Run(context.Background(), 1)
	return p, err
}

// Run implements [runner].
func (p *product) Run(ctx context.Context, n int) (float64, error) {
	began := time.Now()
	for range n {
		if err := ctx.Err(); err != nil {
			return 0, err
		}

		out, err := p.exec.Call1(p.a)
		if err != nil {
			return 0, fmt.Errorf("cannot multiply matrices: %w", err)
		}

		// Freed at once, so that products do not pile up on the device.
		if err := out.FinalizeAll(); err != nil {
			return 0, err
		}
	}
	return time.Since(began).Seconds(), nil
}

func (p *product) close() {
	p.exec.Finalize()
	_ = p.a.FinalizeAll()
}

// gflop returns the number of floating-point operations that a step takes for an image with its views, in 10⁹: three
// times the forward pass's (the two gradients of a product take as many as the product), of which only products
// count, convolutions as if each were computed from its definition.
func (s Step) gflop(store *model.Store) (float64, error) {
	flop := 0.0
	for _, v := range trained(store.RootScope()) {
		if v.Name() != "kernel" {
			continue
		}

		// A kernel of the encoder is applied at each pixel of its output, one of the projector once.
		outputs := 1
		parts := strings.FieldsFunc(v.Path(), func(r rune) bool { return r == '/' || r == '_' })
		if parts[0] == "encoder" {
			by := networks[s.Encoder].scale[parts[1]]
			if by == 0 {
				return 0, fmt.Errorf("cannot count the operations of a step: the size of layer %s is not known",
					v.Path())
			}
			outputs = (s.Size + by - 1) / by * ((s.Size + by - 1) / by)
		}
		flop += 2 * float64(v.Shape().Size()*outputs)
	}
	return 3 * float64(s.Views) * flop / 1e9, nil
}
