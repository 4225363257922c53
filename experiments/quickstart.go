package experiments

import (
	"context"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// QuickstartOptions says what the quickstart runs on.
type QuickstartOptions struct {
	Data string // what to train on: "" is the built-in set
	Seed uint64
	sslx.Options
}

// QuickstartConfig returns the configuration of the quickstart: SimCLR for some 300 steps, two to three minutes on two
// cores. Crops keep more of an image than the default's, and grayscale is more frequent: the encoder then learns shape
// and texture, where color alone would tell the images apart as well.
func QuickstartConfig(data string, seed uint64) sslx.Config {
	c := sslx.Default()
	c.Epochs = 2
	if data != "" && data != c.Data {
		c.Data, c.Epochs = data, 1
	}
	c.Seed = seed
	c.Batch = 128
	c.Objective = objective.SimCLR{Temperature: 0.2}
	c.Optimizer.LR = 0.6
	for i := range c.Views {
		c.Views[i].CropScale, c.Views[i].Gray = 0.4, 0.4
	}
	return c.Resolved()
}

// Quickstart trains a small encoder in the run folder dir, which must be absent or empty, and measures it, the untrained
// encoder and raw pixels by kNN on every task.
func Quickstart(ctx context.Context, dir string, opt QuickstartOptions) ([]record.Result, error) {
	if _, err := sslx.Pretrain(ctx, dir, QuickstartConfig(opt.Data, opt.Seed), opt.Options); err != nil {
		return nil, err
	}
	return sslx.Evaluate(ctx, dir, sslx.EvaluateOptions{Protocols: []string{evaluate.ProtocolKNN}, Floors: true,
		Options: opt.Options})
}
