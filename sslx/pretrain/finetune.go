package pretrain

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// Labeled is images with labels.
type Labeled struct {
	dataset.Images
	Labels  []int32 // of each image, in 0..Classes-1
	Classes int
}

// FineTuning is how FineTune trains.
type FineTuning struct {
	Steps     int              // positive
	Batch     int              // images in a step, each with all its views; at most as many as there are
	Views     augment.Views    // one or more
	Optimizer optimizer.Config // the schedule goes over Steps, of which WarmupEpochs is a share

	// LayerDecay, if not 0, is what the learning rate of a layer is multiplied with for each layer above it, in
	// encoders that are [Layered]; the classifier has the whole one (Clark et al. 2020,
	// https://arxiv.org/abs/2003.10555).
	LayerDecay float64
}

// Layered is an encoder whose layers can be trained at rates of their own.
type Layered interface {
	// LayerOf returns the number of the layer that a variable is in, from 0, by its path in the scope of the encoder,
	// and the number of the last layer.
	LayerOf(path string) (layer, last int)
}

// Layered reports whether the encoder of n is a [Layered] one.
func (n *Network) Layered() bool {
	_, ok := n.config.Encoder.(Layered)
	return ok
}

// layerDecay is a rule whose learning rate falls from the last layer of an encoder to the first.
type layerDecay struct {
	optimizer.Rule
	layers Layered
	decay  float64
}

func (r layerDecay) Update(s optimizer.State) (value *Node, slots []*Node) {
	path, inEncoder := strings.CutPrefix(s.Path, model.RootScopePath+encoderScope+model.ScopeSeparator)
	if inEncoder {
		layer, last := r.layers.LayerOf(path)
		s.LR = MulScalar(s.LR, math.Pow(r.decay, float64(last+1-layer)))
	}
	return r.Rule.Update(s)
}

// FineTune trains a copy of the encoder of n, together with a new linear classifier on its output, on labeled images,
// and returns the classes that the pair predicts for the test images. N stays as it is. Nothing is chosen: the result
// is a function of its arguments and of the seed of n's configuration. Fewer than two images, bad labels and a loss
// that is no longer finite are errors. Cost: o.Steps supervised steps.
func FineTune(ctx context.Context, b compute.Backend, n *Network, train Labeled, test dataset.Images,
	o FineTuning) ([]int32, error) {
	if len(train.Labels) < 2 {
		return nil, usage.Errorf("fine-tuning needs two training images or more, got %d", len(train.Labels))
	}
	for _, images := range []dataset.Images{train.Images, test} {
		if err := n.takes(images); err != nil {
			return nil, err
		}
	}
	c := o.config(n.config, len(train.Labels))
	store := newStore(c)
	defer store.Finalize()

	// The step of pre-training does it, with the objective of labels.
	d := stepData{Images: train.Images, labels: train.Labels, classes: train.Classes, mean: n.mean, std: n.std}
	step, err := newStepper(b, store, c, d, 0)
	if err != nil {
		return nil, err
	}
	defer step.close()
	if err := n.copyEncoder(store); err != nil {
		return nil, err
	}

	// The classifier is new, the encoder starts where pre-training has left it.
	if err := step.fit(ctx, c, len(train.Labels), o.Steps); err != nil {
		return nil, err
	}
	return classifyAll(ctx, b, store, c, d, test)
}

// config is a supervised training of the encoder of c on n images.
func (o FineTuning) config(c Config, n int) Config {
	norm := NormJoint
	if c.Norm == NormGroup {
		norm = NormGroup // the encoder has no running statistics
	}
	rule := o.Optimizer
	if layers, ok := c.Encoder.(Layered); ok && o.LayerDecay != 0 {
		rule.Rule = layerDecay{rule.Rule, layers, o.LayerDecay}
	}
	return Config{
		Norm:      norm,
		Seed:      c.Seed,
		Batch:     min(o.Batch, n),
		Views:     o.Views,
		Encoder:   c.Encoder,
		Objective: objective.Supervised{},
		Optimizer: rule,
		Probe:     Probe{LR: 1e-3},
	}
}

// copyEncoder gives the encoder in store the values of n's.
func (n *Network) copyEncoder(store *model.Store) error {
	for v := range n.store.RootScope().At(encoderScope).IterVariables() {
		if err := copyValue(store.GetVariable(v.Path()), v); err != nil {
			return err
		}
	}
	return nil
}

// fit makes the steps of a fine-tuning on n images, in an order that the seed decides.
func (s *stepper) fit(ctx context.Context, c Config, n, steps int) error {
	random := rand.New(rand.NewPCG(c.Seed, 0))
	schedule := c.Optimizer.Schedule(c.Batch, steps, steps)
	var order []int // images that the current pass has left
	for step := 1; step <= steps; step++ {
		if err := ctx.Err(); err != nil {
			return err
		}

		// The images in a random order, again and again; what is left of one order is dropped.
		if len(order) < c.Batch {
			order = random.Perm(n)
		}
		indices := make([]int32, c.Batch)
		for i := range indices {
			indices[i] = int32(order[i])
		}
		order = order[c.Batch:]

		v := stepValues{indices: indices, stream: augment.Stream(c.Seed, step), lr: schedule.At(step), step: step}
		measures, err := s.run(v)
		if err != nil {
			return fmt.Errorf("fine-tuning step %d failed: %w", step, err)
		}
		for i, v := range measures {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("%s is %v at step %d of fine-tuning", s.measureNames[i], v, step)
			}
		}
	}
	return nil
}

// classifyAll returns the classes that encoder and classifier in store predict for images.
func classifyAll(ctx context.Context, b compute.Backend, store *model.Store, c Config, d stepData,
	images dataset.Images) (predicted []int32, err error) {
	exec, err := model.NewExec(b, store, func(scope *model.Scope, pixels *Node) *Node {
		images := augment.Normalize(augment.FromBytes(pixels), d.mean, d.std) // [batch, height, width, channels]
		c.norm(1, 1).Use(scope, images.Graph())
		h := c.Encoder.Build(scope.At(encoderScope), images, encoder.Eval) // [batch, dim]
		logits := classify(scope.At(classifierScope), []*Node{h}, d.classes)[0]
		return ArgMax(logits, -1, dtypes.Int32) // [batch]
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()

	batch := shapes.Make(dtypes.Uint8, featureBatch, d.Height, d.Width, d.Depth())
	err = inBatches(ctx, exec, batch, images.Pixels, func(_ int, out *tensors.Tensor) error {
		return tensors.ConstFlatData(out, func(classes []int32) { predicted = append(predicted, classes...) })
	}, func() {})
	if err != nil {
		return nil, err
	}
	return predicted[:images.N], nil // the last batch was padded
}
