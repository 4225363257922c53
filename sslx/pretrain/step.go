package pretrain

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// stepper runs the compiled training step.
type stepper struct {
	exec   *model.Exec
	pixels *tensors.Tensor // uint8 [n, height, width, 3], all training images
	labels *tensors.Tensor // int32 [n], of the probe's task

	measures []string // names of the step's outputs
	chance   float64
}

// names of the measures that are not terms of the loss
const (
	lossMeasure   = "loss"
	spreadMeasure = "spread"
	probeMeasure  = "probe"
)

// newStepper compiles the step, which makes the variables in store, and brings the data to the device.
func newStepper(b compute.Backend, store *model.Store, c Config, d stepData) (*stepper, error) {
	n := len(d.pixels) / (d.height * d.width * 3)
	s := &stepper{pixels: tensors.FromFlatDataAndDimensions(d.pixels, n, d.height, d.width, 3)}
	labels := d.labels
	if labels == nil {
		labels = []int32{0}
	}
	s.labels = tensors.FromFlatDataAndDimensions(labels, len(labels))
	var err error
	s.exec, err = model.NewExec(b, store, func(scope *model.Scope, inputs []*Node) *Node {
		return s.graph(scope, c, d, inputs)
	})
	if err == nil {
		_, err = s.exec.Compile(s.pixels.Shape(), s.labels.Shape(), shapes.Make(dtypes.Int32, c.Batch),
			shapes.Make(dtypes.Uint32, 2), shapes.Make(dtypes.Float32), shapes.Make(dtypes.Float32))
	}
	for _, t := range []*tensors.Tensor{s.pixels, s.labels} {
		if err == nil {
			err = t.ToDevice(b, 0)
		}
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("cannot compile the training step: %w", err)
	}
	return s, nil
}

// run makes one step, which counts from 1, on the images of the given indices, and returns its measures.
func (s *stepper) run(indices []int32, stream []uint32, lr float64, step int) ([]float32, error) {
	out, err := s.exec.Call1(s.pixels, s.labels, indices, stream, float32(lr), float32(step))
	if err != nil {
		return nil, err
	}
	measures, err := tensors.CopyFlatData[float32](out)
	if err != nil {
		return nil, err
	}
	return measures, out.FinalizeAll()
}

func (s *stepper) close() {
	if s.exec != nil {
		s.exec.Finalize()
	}
	s.pixels.MustFinalizeAll()
	s.labels.MustFinalizeAll()
}

// graph builds the step and returns its measures [len(s.measures)].
func (s *stepper) graph(scope *model.Scope, c Config, d stepData, inputs []*Node) *Node {
	pixels, labels, indices, stream, lr, step := inputs[0], inputs[1], inputs[2], inputs[3], inputs[4], inputs[5]
	h, z := embed(scope, c, views(c, d, pixels, indices, stream))
	terms := c.Objective.Loss(z)
	measures := map[string]*Node{lossMeasure: terms.Loss, spreadMeasure: spread(z[0])}
	maps.Copy(measures, terms.Parts)
	s.chance = terms.Chance
	descend(scope.At("optimizer"), c.Optimizer, terms.Loss, lr, step, scope.At(encoderScope), scope.At("projector"))
	if d.labels != nil {
		loss, accuracy := probe(scope.At("probe"), StopGradient(h), Gather(labels, InsertAxes(indices, -1)), d.classes)
		measures[probeMeasure] = accuracy
		rule := optimizer.Config{Name: "adamw"}
		descend(scope.At("probe_optimizer"), rule, loss, Scalar(h.Graph(), h.DType(), c.Probe.LR), step, scope.At("probe"))
	}
	s.measures = slices.Sorted(maps.Keys(measures))
	row := make([]*Node, len(s.measures))
	for i, name := range s.measures {
		row[i] = Reshape(measures[name], 1)
	}
	return Concatenate(row, 0)
}

// views returns two normalised views of each image of the batch, those of the first view first.
func views(c Config, d stepData, pixels, indices, stream *Node) *Node {
	images := augment.FromBytes(Gather(pixels, InsertAxes(indices, -1)))
	pipeline := c.Views.Pipeline(d.height, d.width)
	both := make([]*Node, 2)
	for view := range both {
		key := augment.Key{Stream: stream, Samples: ConvertDType(indices, dtypes.Uint32), View: view}
		both[view] = augment.Normalize(pipeline.Make(images, key).Images, d.mean, d.std)
	}
	return augment.Join(both, 0)
}

// embed returns the representations of the first view and the embeddings of both.
func embed(scope *model.Scope, c Config, images *Node) (h *Node, z []*Node) {
	h = c.Encoder.Build(scope.At(encoderScope), images, encoder.Train)
	layers := encoder.Projector(scope.At("projector"), h, c.Projector, encoder.Train)
	last := layers[len(layers)-1]
	first, second := Slice(last, AxisRange(0, c.Batch)), Slice(last, AxisRange(c.Batch))
	return Slice(h, AxisRange(0, c.Batch)), []*Node{first, second}
}

// descend makes one optimizer step on the trainable variables of some scopes.
func descend(own *model.Scope, c optimizer.Config, loss, lr, step *Node, scopes ...*model.Scope) {
	var variables []*model.Variable
	for _, scope := range scopes {
		for v := range scope.IterVariables() {
			if v.Trainable {
				variables = append(variables, v)
			}
		}
	}
	slices.SortFunc(variables, func(a, b *model.Variable) int { return cmp.Compare(a.Path(), b.Path()) })
	values := make([]*Node, len(variables))
	for i, v := range variables {
		values[i] = v.NodeValue(loss)
	}
	c.Update(own, variables, Gradient(loss, values...), lr, step)
}

// probe returns the cross entropy and the accuracy of a linear classifier of h [batch, dim].
func probe(scope *model.Scope, h, labels *Node, classes int) (loss, accuracy *Node) {
	logits := encoder.Dense(scope, h, classes, 1, true)
	picked := ReduceSum(Mul(LogSoftmax(logits, -1), OneHot(labels, classes, logits.DType())), -1)
	right := Equal(ArgMax(logits, -1, dtypes.Int32), labels)
	return Neg(ReduceAllMean(picked)), ReduceAllMean(ConvertDType(right, logits.DType()))
}

// spread is the mean over dimensions of the standard deviation over the batch of the normalised embeddings z
// [batch, dim], times √dim (Chen and He 2021, https://arxiv.org/abs/2011.10566, section 4.1).
func spread(z *Node) *Node {
	z = StopGradient(L2NormalizeWithEpsilon(z, 1e-12, -1))
	centered := Sub(z, ReduceAndKeep(z, ReduceMean, 0))
	deviation := Sqrt(ReduceMean(Square(centered), 0))
	return MulScalar(ReduceAllMean(deviation), math.Sqrt(float64(z.Shape().Dimensions[1])))
}
