package bench

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"time"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// Step is the benchmark of the training step on views that are there already: encoder, projector, NT-Xent, gradients
// and SGD with momentum. A unit of work is a step on a batch of images with two views each.
type Step struct {
	Encoder string `json:"encoder"` // "convnet" or "resnet18"
	Width   int    `json:"width"`   // channels of its first stage; 0 in NewStep takes the encoder's own
	Size    int    `json:"size"`    // height and width of a view, from 8 to 512
	Batch   int    `json:"batch"`   // images, from 2 to 4096
	Views   int    `json:"views"`   // of each image
	Cores   int    `json:"cores"`

	Projector   []int   `json:"projector"`
	Temperature float64 `json:"temperature"`
	LR          float64 `json:"lr"`
	Momentum    float64 `json:"momentum"`
	WeightDecay float64 `json:"weight_decay"`
	Parameters  int     `json:"parameters"` // the number of trained ones, which peers compare with theirs
}

// batches are those that the targets of this project name.
var batches = map[string]int{"convnet": 128, "resnet18": 64}

// widths are the encoders' own.
var widths = map[string]int{"convnet": 32, "resnet18": 64}

// Encoders returns the names of the encoders that the peers have too, sorted.
func Encoders() []string { return slices.Sorted(maps.Keys(batches)) }

// What peers have too, whatever our own defaults are.
const (
	temperature = 0.5
	momentum    = 0.9
)

// NewStep returns the benchmark of an encoder; a width or batch of 0 is its own. All else is as in training by default.
func NewStep(name string, width, batch int) Step {
	c := pretrain.Default()
	s := Step{Encoder: name, Width: width, Size: 32, Batch: batch, Views: 2, Cores: runtime.NumCPU(),
		Projector: c.Projector, Temperature: temperature, LR: 0.03,
		Momentum: momentum, WeightDecay: c.Optimizer.WeightDecay}
	if width == 0 {
		s.Width = widths[name]
	}
	if batch == 0 {
		s.Batch = batches[name]
	}
	return s
}

func (s Step) check() error {
	if _, known := batches[s.Encoder]; !known {
		return usage.Unknown("encoder", s.Encoder, Encoders())
	}
	switch {
	case s.Width < 1 || s.Width > 1024:
		return usage.Errorf("a width of %d channels is out of range: it must be from 1 to 1024", s.Width)
	case s.Size < 8 || s.Size > 512:
		return usage.Errorf("views of %d pixels are out of range: the size must be from 8 to 512", s.Size)
	case s.Batch < 2 || s.Batch > 4096:
		return usage.Errorf("a batch of %d images is out of range: it must be from 2 to 4096", s.Batch)
	}
	return nil
}

// Check returns an error of package usage when a value of the benchmark or of the options is out of range.
func (s Step) Check(opt Options) error { return firstError(s.check(), opt.check("step")) }

// Run measures images a second, and which share of a matrix product's rate that is.
func (s Step) Run(ctx context.Context, h *backend.Handle, opt Options) (Result, error) {
	if err := s.Check(opt); err != nil {
		return Result{}, err
	}
	opt.report("compile", 0, 0)
	began := time.Now()
	ours, err := newStepper(h, s)
	if err != nil {
		return Result{}, err
	}
	defer ours.close()
	if _, err := ours.Run(ctx, 1); err != nil {
		return Result{}, err
	}
	return s.compare(ctx, h, ours, time.Since(began).Seconds(), opt)
}

// compare measures a step that is warm.
func (s Step) compare(ctx context.Context, h *backend.Handle, ours *stepper, first float64,
	opt Options) (Result, error) {
	s.Parameters = parameters(ours.store)
	product, err := newProduct(h)
	if err != nil {
		return Result{}, err
	}
	defer product.close()
	image, err := s.gflop(ours.store)
	if err != nil {
		return Result{}, err
	}
	return measure(ctx, h, benchmark{what: "step", unit: "images/s", config: s, items: float64(s.Batch), ours: ours,
		first: first, product: product, image: image}, opt)
}

// loss returns NT-Xent of views [views·batch, size, size, 3].
func (s Step) loss(embed func(*Node) *Node, views *Node) *Node {
	z := embed(views)
	parts := make([]*Node, s.Views)
	for i := range parts {
		parts[i] = SliceAxis(z, 0, AxisRange(i*s.Batch, (i+1)*s.Batch))
	}
	return objective.Loss(objective.SimCLR{Temperature: s.Temperature}, objective.Inputs{Views: parts}).Loss
}

func (s Step) optimizer() optimizer.Config {
	return optimizer.Config{Rule: optimizer.SGD{Momentum: s.Momentum}, LR: s.LR, Scale: "none", WeightDecay: s.WeightDecay}
}
