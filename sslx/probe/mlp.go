package probe

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// The protocol's own values, common ones of small classifiers; no paper fixes them.
const (
	mlpWidth       = 512
	mlpBatch       = 256
	mlpEpochs      = 30
	mlpLR          = 1e-3
	mlpWeightDecay = 1e-4
)

// MLPOptions configures [MLPProbe]. The zero value means the defaults.
type MLPOptions struct {
	Width  int     // of the hidden layer; 0 means 512
	Batch  int     // images a step; 0 means 256. Fewer train images are one batch of all
	Epochs int     // 0 means 30
	LR     float64 // learning rate at the first step, whatever the batch; 0 means 0.001
	Seed   uint64  // of initial values and of the order of images; not part of the protocol's name
}

func (o MLPOptions) withDefaults() MLPOptions {
	if o.Width == 0 {
		o.Width = mlpWidth
	}
	if o.Batch == 0 {
		o.Batch = mlpBatch
	}
	if o.Epochs == 0 {
		o.Epochs = mlpEpochs
	}
	if o.LR == 0 {
		o.LR = mlpLR
	}
	return o
}

// String returns the name of the protocol without its layer, "mlp/adamw/h512/e30" by default. A batch or a learning
// rate that is not the default is part of it, as in "mlp/adamw/h512/e30/b64/lr0.01".
func (o MLPOptions) String() string {
	o = o.withDefaults()
	name := fmt.Sprintf("mlp/adamw/h%d/e%d", o.Width, o.Epochs)
	if o.Batch != mlpBatch {
		name += fmt.Sprintf("/b%d", o.Batch)
	}
	if o.LR != mlpLR {
		name += fmt.Sprintf("/lr%g", o.LR)
	}
	return name
}

// MLPProbe trains a classifier of one hidden layer on frozen features and predicts the test images after each epoch:
// what a representation holds that a linear classifier cannot read (the non-linear probe of Bordes, Balestriero,
// Vincent, "Towards Democratizing Joint-Embedding Self-Supervised Learning", 2023, https://arxiv.org/abs/2303.01986).
//
// Logits are W2·relu(W1·x + b1) + b2 for x standardized with the train statistics, without dropout or normalization. W1
// is normal with variance 2/D, W2 with 1/width, biases are zero at first. AdamW (learning rate 0.001, betas 0.9 and
// 0.999, weight decay 0.0001 on W1 and W2) minimizes mean cross-entropy over batches of 256, the learning rate falling
// by a half cosine to 0; each epoch has a new order and drops its last partial batch. Nothing is chosen, and the last
// epoch counts.
//
// Labels are in 0..classes-1. It fails as [LinearProbe] does, and with an ordinary error when the loss is no longer
// finite. The same seed gives the same result on the same machine and backend. Cost: 6*N*width*(D+C) operations an
// epoch in N/batch calls of the device, which holds the features (4*N*D bytes, train and test), and 2*M*width*(D+C) for
// the M test images.
func MLPProbe(b compute.Backend, train Features, trainLabels []int32, test Features, classes int, opt MLPOptions,
) (CurveResult, error) {
	opt = opt.withDefaults()
	t := trainer{
		name: "MLP probe",
		network: func(scope *model.Scope, x *Node) *Node {
			// [batch, D] -> [batch, width] -> [batch, classes]
			hidden := MaxScalar(encoder.Dense(scope.At("hidden"), x, opt.Width, 2, true), 0.0)
			return encoder.Dense(scope.At("output"), hidden, classes, 1, true)
		},
		update: optimizer.Config{Rule: optimizer.AdamW{}, WeightDecay: mlpWeightDecay}.Update,
		lr:     func(int) float64 { return opt.LR },
		batch:  opt.Batch, epochs: opt.Epochs, seed: opt.Seed,
	}

	if err := t.check(opt.LR); err != nil {
		return CurveResult{}, err
	}
	if opt.Width < 1 {
		return CurveResult{}, usage.Errorf("MLP probe needs a hidden layer of at least 1, got %d", opt.Width)
	}
	return t.fit(b, train, trainLabels, test, classes)
}
