package bench

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/encoder"
)

// stepper makes training steps as package pretrain does, on views that do not change.
type stepper struct {
	Step
	exec  *model.Exec
	store *model.Store
	views *tensors.Tensor
	steps int
	last  float64 // loss
}

func newStepper(h *backend.Handle, s Step) (*stepper, error) {
	values := make([]float32, s.Views*s.Batch*s.Size*s.Size*3)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range values {
		values[i] = float32(random.NormFloat64())
	}

	// The views stay on the device: making them is measured apart.
	w := &stepper{Step: s, store: model.NewStore(),
		views: tensors.FromFlatDataAndDimensions(values, s.Views*s.Batch, s.Size, s.Size, 3)}
	exec, err := model.NewExec(h.Backend, w.store, w.graph)
	if err == nil {
		err = w.views.ToDevice(h.Backend, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot compile the training step: %w", err)
	}

	w.exec = exec
	return w, nil
}

// embeddings returns the embeddings of views, in float32. The network computes in the type of its images.
func embeddings(scope *model.Scope, s Step, views *Node) *Node {
	views = ConvertDType(views, s.dtype())
	h := s.network().Build(scope.At("encoder"), views, encoder.Train) // [views·batch, dim]
	layers := encoder.Projector(scope.At("projector"), ConvertDType(h, s.dtype()), s.Projector, encoder.Train)
	return ConvertDType(layers[len(layers)-1], dtypes.Float32)
}

// network returns the encoder.
func (s Step) network() encoder.Encoder { return networks[s.Encoder].build(s.Width, s.Features) }

// graph builds the step and returns the loss.
func (w *stepper) graph(scope *model.Scope, views, lr, step *Node) *Node {
	loss := w.loss(func(x *Node) *Node { return embeddings(scope, w.Step, x) }, views)

	// Building the loss made the variables.
	variables := trained(scope)
	values := make([]*Node, len(variables))
	for i, v := range variables {
		values[i] = v.NodeValue(loss)
	}
	w.optimizer().Update(scope.At("optimizer"), variables, Gradient(loss, values...), lr, step)
	return loss
}

// trained returns the trainable variables, sorted by path.
func trained(scope *model.Scope) (variables []*model.Variable) {
	for _, name := range []string{"encoder", "projector"} {
		for v := range scope.At("%s", name).IterVariables() {
			if v.Trainable {
				variables = append(variables, v)
			}
		}
	}
	slices.SortFunc(variables, func(a, b *model.Variable) int { return cmp.Compare(a.Path(), b.Path()) })
	return variables
}

// parameters returns the number of trained parameters in a store.
func parameters(store *model.Store) (count int) {
	for _, v := range trained(store.RootScope()) {
		count += v.Shape().Size()
	}
	return count
}

// variables returns a store with the variables of the network, which is not compiled.
func (s Step) variables(h *backend.Handle) (*model.Store, error) {
	store, g := model.NewStore(), NewGraph(h.Backend, "network")
	defer g.Finalize()

	// Building the graph makes the variables; a batch of two stands for any.
	err := exceptions.TryCatch[error](func() {
		embeddings(store.RootScope(), s, Parameter(g, "view", shapes.Make(dtypes.Float32, 2, s.Size, s.Size, 3)))
	})
	if err != nil {
		store.Finalize()
		return nil, fmt.Errorf("cannot build the network: %w", err)
	}
	return store, nil
}

// Run implements [runner]. The loss of every step comes back, as in training.
func (w *stepper) Run(ctx context.Context, n int) (float64, error) {
	began := time.Now()
	for range n {
		if err := ctx.Err(); err != nil {
			return 0, err
		}

		w.steps++
		loss, err := w.exec.Call1(w.views, float32(w.LR), float32(w.steps))
		if err != nil {
			return 0, fmt.Errorf("cannot make a training step: %w", err)
		}

		// Reading the loss waits for the step: what is timed is its work, not its start.
		w.last = float64(tensors.MustCopyFlatData[float32](loss)[0])
		if err := loss.FinalizeAll(); err != nil {
			return 0, err
		}
		if math.IsNaN(w.last) || math.IsInf(w.last, 0) {
			return 0, fmt.Errorf("the loss of step %d is %g: what is measured is no training", w.steps, w.last)
		}
	}
	return time.Since(began).Seconds(), nil
}

func (w *stepper) close() {
	w.exec.Finalize()
	w.store.Finalize()
	_ = w.views.FinalizeAll()
}
