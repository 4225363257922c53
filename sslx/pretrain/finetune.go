package pretrain

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// The fixed choices of fine-tuning: short enough for a laptop, the same for every task, and none is tuned. Crops keep
// half of the image at least; there is no flip, since tasks such as digits do not allow it.
const (
	fineTuneSteps = 400
	fineTuneBatch = 32 // images, each with two views
	fineTuneLR    = 1e-3
	fineTuneCrop  = 0.5
)

// FineTuneProtocol is the name of the protocol of FineTune.
var FineTuneProtocol = fmt.Sprintf("fine-tune/adamw/b%d/s%d@encoder", fineTuneBatch, fineTuneSteps)

// Labeled is images with labels: uint8 [N, height, width, 3], labels in 0..Classes-1.
type Labeled struct {
	Pixels        []byte
	Height, Width int
	Labels        []int32
	Classes       int
}

// FineTune trains a copy of the encoder of n and a new linear classifier on its output together on train, and returns
// the classes that the pair predicts for the test images, uint8 [m, height, width, 3]. AdamW makes 400 steps of 32
// images, from a learning rate of 0.001 by a cosine to 0, on two random crops of half of each image or more. Nothing is
// chosen, and n stays as it is. The result is a function of the seed of the network's configuration. Errors are those
// of bad labels and of a loss that is no longer finite. Cost: that of 400 supervised steps.
func FineTune(ctx context.Context, b compute.Backend, n *Network, train Labeled, test []byte) ([]int32, error) {
	c := fineTuneConfig(n.config, len(train.Labels))
	if len(train.Labels) < 2 {
		return nil, usage.Errorf("fine-tuning needs two training images or more, got %d", len(train.Labels))
	}
	store := newStore(c)
	defer store.Finalize()
	d := stepData{pixels: train.Pixels, height: train.Height, width: train.Width, labels: train.Labels,
		classes: train.Classes, mean: n.mean, std: n.std}
	step, err := newStepper(b, store, c, d, 0)
	if err != nil {
		return nil, err
	}
	defer step.close()
	if err := n.copyEncoder(store); err != nil {
		return nil, err
	}
	if err := step.fit(ctx, c, len(train.Labels)); err != nil {
		return nil, err
	}
	return classifyAll(ctx, b, store, c, d, test)
}

// fineTuneConfig is a supervised training of the encoder of c on n images.
func fineTuneConfig(c Config, n int) Config {
	crop := augment.Config{CropScale: fineTuneCrop}
	return Config{Seed: c.Seed, Batch: min(fineTuneBatch, n), Views: augment.Views{crop, crop}, Encoder: c.Encoder,
		Objective: objective.Config{Name: "supervised"},
		Optimizer: optimizer.Config{Name: "adamw", LR: fineTuneLR, Scale: "none", WeightDecay: 5e-4}, Probe: Probe{LR: 1e-3}}
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
func (s *stepper) fit(ctx context.Context, c Config, n int) error {
	random := rand.New(rand.NewPCG(c.Seed, 0))
	schedule := c.Optimizer.Schedule(c.Batch, fineTuneSteps, fineTuneSteps)
	var order []int
	for step := 1; step <= fineTuneSteps; step++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(order) < c.Batch {
			order = random.Perm(n)
		}
		indices := make([]int32, c.Batch)
		for i := range indices {
			indices[i] = int32(order[i])
		}
		order = order[c.Batch:]
		measures, err := s.run(stepValues{indices: indices, stream: augment.Stream(c.Seed, step), lr: schedule.At(step), step: step})
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
	pixels []byte) (predicted []int32, err error) {
	exec, err := model.NewExec(b, store, func(scope *model.Scope, pixels *Node) *Node {
		images := augment.Normalize(augment.FromBytes(pixels), d.mean, d.std)
		h := c.Encoder.Build(scope.At(encoderScope), images, encoder.Eval)
		return ArgMax(classify(scope.At(classifierScope), []*Node{h}, d.classes)[0], -1, dtypes.Int32)
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	image := shapes.Make(dtypes.Uint8, featureBatch, d.height, d.width, 3)
	count := len(pixels) * featureBatch / image.Size()
	err = inBatches(ctx, exec, image, pixels, func(_ int, out *tensors.Tensor) error {
		return tensors.ConstFlatData(out, func(classes []int32) { predicted = append(predicted, classes...) })
	}, func() {})
	if err != nil {
		return nil, err
	}
	return predicted[:count], nil
}
