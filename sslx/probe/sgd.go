package probe

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/encoder"
)

// The linear evaluation of SimCLR (Chen et al. 2020, appendices B.5 and B.6, https://arxiv.org/abs/2002.05709).
const (
	sgdBatch    = 256 // theirs is 4096, with the learning rate in proportion
	sgdEpochs   = 90
	sgdLR       = 0.1 // for a batch of 256
	sgdMomentum = 0.9
)

// SGDOptions configures [LinearSGD]. The zero value means the defaults.
type SGDOptions struct {
	Batch  int     // images a step; 0 means 256. Fewer train images are one batch of all
	Epochs int     // 0 means 90
	LR     float64 // learning rate at the first step for a batch of 256, in proportion for others; 0 means 0.1
	Seed   uint64  // of the order of images; not part of the protocol's name
}

func (o SGDOptions) withDefaults() SGDOptions {
	if o.Batch == 0 {
		o.Batch = sgdBatch
	}
	if o.Epochs == 0 {
		o.Epochs = sgdEpochs
	}
	if o.LR == 0 {
		o.LR = sgdLR
	}
	return o
}

// String returns the name of the protocol without its layer, "linear/sgd/b256/e90" by default. A learning rate that is
// not the default is part of it, as in "linear/sgd/b256/e90/lr0.01".
func (o SGDOptions) String() string {
	o = o.withDefaults()
	name := fmt.Sprintf("linear/sgd/b%d/e%d", o.Batch, o.Epochs)
	if o.LR != sgdLR {
		name += fmt.Sprintf("/lr%g", o.LR)
	}
	return name
}

// LinearSGD trains a linear classifier on frozen features as SimCLR's linear evaluation does, without augmentation, and
// predicts the test images after each epoch: stochastic gradient descent with Nesterov momentum 0.9, 90 epochs,
// learning rate 0.1·batch/256, no weight decay and no other regularization (Chen et al., "A Simple Framework for
// Contrastive Learning of Visual Representations", 2020, appendix B.6, https://arxiv.org/abs/2002.05709). The appendix
// names no schedule: as in its code (https://github.com/google-research/simclr, learning_rate_schedule and the README's
// commands) the learning rate falls by a half cosine to 0, without warm-up, from weights of zero.
//
// It differs from the paper in three points: the features are fixed, where the paper crops and flips each time;
// they are standardized with the train statistics; the batch is 256 in place of 4096. A batch is drawn without
// replacement from an order that is new in each epoch; the last partial one is dropped. Nothing is chosen, so that it
// needs no validation images; [LinearProbe] finds the optimum itself and has no learning rate to be wrong.
//
// Labels are in 0..classes-1. It fails as LinearProbe does, and with an ordinary error when the loss is no longer
// finite. The result is the same each time on the same machine and backend. Cost: 6*N*D*C operations an epoch in
// N/batch calls of the device, which holds the features (4*N*D bytes, train and test), and 2*M*D*C for the M test
// images.
func LinearSGD(b compute.Backend, train Features, trainLabels []int32, test Features, classes int, opt SGDOptions,
) (CurveResult, error) {
	opt = opt.withDefaults()
	t := trainer{
		name: "linear SGD probe",
		network: func(scope *model.Scope, x *Node) *Node {
			return encoder.Dense(scope.At("linear"), x, classes, 0, true) // gain 0: all weights are zero at first
		},
		update: nesterov,
		lr:     func(batch int) float64 { return opt.LR * float64(batch) / sgdBatch },
		batch:  opt.Batch, epochs: opt.Epochs, seed: opt.Seed,
	}

	if err := t.check(opt.LR); err != nil {
		return CurveResult{}, err
	}
	return t.fit(b, train, trainLabels, test, classes)
}

// nesterov is stochastic gradient descent with Nesterov momentum as TensorFlow and PyTorch have it (Sutskever et al.
// 2013 with the learning rate outside the velocity): v ← µ·v + g, w ← w - lr·(g + µ·v).
func nesterov(scope *model.Scope, variables []*model.Variable, gradients []*Node, lr, _ *Node) {
	for i, v := range variables {
		// The velocity of a variable, zero at first.
		own := scope.At("%s", model.EscapeScopeName(v.Path()[1:]))
		slot := own.GetVariable("momentum")
		if slot == nil {
			slot = own.VariableWithValue("momentum", tensors.FromShape(v.Shape())).SetTrainable(false)
		}

		velocity := Add(MulScalar(slot.NodeValue(lr), sgdMomentum), gradients[i])
		slot.SetNodeValue(velocity)
		v.SetNodeValue(Sub(v.NodeValue(lr), Mul(Add(gradients[i], MulScalar(velocity, sgdMomentum)), lr)))
	}
}
