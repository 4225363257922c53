package bench

import (
	"cmp"
	"context"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// Step is the benchmark of the training step on views that are there already: encoder, projector, NT-Xent, gradients
// and SGD with momentum. A unit of work is a step on a batch of images with two views each.
type Step struct {
	Encoder string `json:"encoder"` // "convnet" or "resnet18"
	Width   int    `json:"width"`   // channels of its first stage; 0 in NewStep takes the encoder's own

	// Features is the number of channels of a convnet's last map, 0 for its own.
	Features int `json:"features,omitempty"`

	Size   int    `json:"size"`  // height and width of a view, from 8 to 512
	Batch  int    `json:"batch"` // images, from 2 to 4096
	Views  int    `json:"views"` // of each image
	Cores  int    `json:"cores"`
	Device string `json:"device,omitempty"` // "cuda" where Run found it to compute on a GPU

	// Precision is what the network computes in: "float32", which is "" too, or "bfloat16". The same in float32 then
	// takes turns with it.
	Precision string `json:"precision,omitempty"`

	Projector   []int   `json:"projector"`
	Temperature float64 `json:"temperature"`
	LR          float64 `json:"lr"`
	Momentum    float64 `json:"momentum"`
	WeightDecay float64 `json:"weight_decay"`
	Parameters  int     `json:"parameters"` // the number of trained ones, which peers compare with theirs
}

// network is an encoder that the peers have too, and the size of its benchmarks.
type network struct {
	build    func(width, features int) encoder.Encoder
	width    int // its own, by default
	batch    int // that the targets of this project name
	logSteps int // as many as take a few seconds
	// scale says by how much the layers are smaller than the image, by the first part of their scope.
	scale map[string]int
}

var networks = map[string]network{
	"convnet": {
		build: func(width, features int) encoder.Encoder { return encoder.ConvNet{Width: width, Features: features} },
		width: 32, batch: 128, logSteps: 10,
		scale: map[string]int{"stem": 2, "down1": 4, "block1": 4, "down2": 8, "block2": 8, "last": 8},
	},
	"resnet18": {
		build: func(width, _ int) encoder.Encoder { return encoder.ResNet{Layers: 18, Width: width} },
		width: 64, batch: 64, logSteps: 2,
		scale: map[string]int{"stem": 1, "stage0": 1, "stage1": 2, "stage2": 4, "stage3": 8},
	},
}

// Encoders returns the names of the encoders that the peers have too, sorted.
func Encoders() []string { return slices.Sorted(maps.Keys(networks)) }

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
		s.Width = networks[name].width
	}
	if batch == 0 {
		s.Batch = networks[name].batch
	}
	return s
}

// The values of Step.Precision.
const (
	float32Precision  = "float32"
	bfloat16Precision = "bfloat16"
)

var precisions = []string{float32Precision, bfloat16Precision}

// dtype is the type of the network's products.
func (s Step) dtype() dtypes.DType {
	if s.Precision == bfloat16Precision {
		return dtypes.BFloat16
	}
	return dtypes.Float32
}

func (s Step) check() error {
	if _, known := networks[s.Encoder]; !known {
		return usage.Unknown("encoder", s.Encoder, Encoders())
	}

	switch {
	case !slices.Contains(precisions, cmp.Or(s.Precision, float32Precision)):
		return usage.Unknown("precision", s.Precision, precisions)
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
	s.Device = peerDevice(h)

	// The first step is timed from nothing: what a user waits for.
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

	// The yardstick takes turns too: the machine is not equally fast all the time.
	product, err := newProduct(h, s.dtype())
	if err != nil {
		return Result{}, err
	}
	defer product.close()
	image, err := s.gflop(ours.store)
	if err != nil {
		return Result{}, err
	}

	b := benchmark{what: "step", unit: "images/s", config: s, items: float64(s.Batch), ours: ours,
		first: first, product: product, image: image}
	if s.dtype() == dtypes.Float32 {
		return measure(ctx, h, b, opt)
	}

	// In another type, the same step in float32 takes turns with it, warm as well.
	plain := s
	plain.Precision = float32Precision
	inFloat32, err := newStepper(h, plain)
	if err != nil {
		return Result{}, err
	}
	defer inFloat32.close()
	if _, err := inFloat32.Run(ctx, 1); err != nil {
		return Result{}, err
	}
	b.float32 = inFloat32
	return measure(ctx, h, b, opt)
}

// loss returns NT-Xent of views [views·batch, size, size, 3].
func (s Step) loss(embed func(*Node) *Node, views *Node) *Node {
	z := embed(views) // [views·batch, width]

	parts := make([]*Node, s.Views)
	for i := range parts {
		parts[i] = SliceAxis(z, 0, AxisRange(i*s.Batch, (i+1)*s.Batch)) // [batch, width]
	}
	return objective.Loss(objective.SimCLR{Temperature: s.Temperature}, objective.Inputs{Views: parts}).Loss
}

func (s Step) optimizer() optimizer.Config {
	return optimizer.Config{Rule: optimizer.SGD{Momentum: s.Momentum}, LR: s.LR, Scale: "none",
		WeightDecay: s.WeightDecay}
}
