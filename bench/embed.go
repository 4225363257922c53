package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/embedding"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// Embed is the benchmark of embedding: features of images in bytes, by an encoder from a file of weights in evaluation
// mode. A unit of work is a batch of images.
type Embed struct {
	Encoder string    `json:"encoder"` // a built-in one with its default parameters
	Width   int       `json:"width"`   // channels of its first stage where peers have it, else 0
	Size    int       `json:"size"`    // height and width of an image, up to 512
	Batch   int       `json:"batch"`   // images
	Kernels bool      `json:"kernels"` // features come from kernels for the processor
	Cores   int       `json:"cores"`
	Mean    []float64 `json:"mean"`
	Std     []float64 `json:"std"`
	Dim     int       `json:"dim"` // of the features, which peers compare with theirs
}

// NewEmbed returns the benchmark of an encoder on images of a size.
func NewEmbed(name string, size int) *Embed {
	r := newRecipe()
	return &Embed{Encoder: name, Width: networks[name].width, Size: size, Cores: runtime.NumCPU(), Mean: r.Mean,
		Std: r.Std}
}

// Check returns an error of package usage when a value of the benchmark or of the options is out of range.
func (e *Embed) Check(opt Options) error {
	own, err := encoder.Named(e.Encoder)
	if err != nil {
		return err
	}
	named := len(opt.Peers) > 0 && opt.Peers[0] != NoPeers
	switch {
	case e.Size < own.MinSize() || e.Size > 512:
		return usage.Errorf("images of %d pixels are out of range: the size must be from %d to 512", e.Size,
			own.MinSize())
	case named && e.Width == 0:
		return usage.Errorf("no peer has the encoder %s: peers have %s", e.Encoder, strings.Join(Encoders(), " and "))
	}
	return opt.check("embed")
}

// Run measures images a second on the backend that GOMLX_BACKEND names. By default it is the one that embeds fastest on
// the CPU, whatever the backend h is.
func (e *Embed) Run(ctx context.Context, h *backend.Handle, opt Options) (result Result, err error) {
	if err := e.Check(opt); err != nil {
		return result, err
	}
	if e.Width == 0 {
		opt.Peers = []string{NoPeers}
	}

	// The first unit is timed from the file on.
	opt.report("compile", 0, 0)
	folder, err := os.MkdirTemp("", "sslx-bench-")
	if err != nil {
		return result, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "encoder"+weights.Ending)
	if err := e.write(path, h); err != nil {
		return result, err
	}
	config := h.Name
	if os.Getenv(backend.ConfigEnv) == "" && !backend.HasGPU() { // peers have no GPU
		config = ""
	}
	began := time.Now()
	m, err := embedding.Load(ctx, path, embedding.Options{Backend: config})
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	if m.Backend() != h.Name {
		h = &backend.Handle{Name: m.Backend(), Device: h.Device}
	}

	// As large as fills the processors; a graph in pure Go takes a second for a few images.
	e.Dim, e.Kernels, e.Batch = m.Dim(), m.HasKernels(), 256
	if m.Backend() == "go" && !e.Kernels {
		e.Batch = 8
	}
	ours := &embedder{m, e.images()}
	if _, err := ours.Run(ctx, 1); err != nil {
		return result, err
	}
	return measure(ctx, h, benchmark{what: "embed", unit: "images/s", config: e, items: float64(e.Batch), ours: ours,
		first: time.Since(began).Seconds()}, opt)
}

// write writes the encoder with its initial values.
func (e *Embed) write(path string, h *backend.Handle) error {
	own, err := encoder.Named(e.Encoder)
	if err != nil {
		return err
	}
	c := pretrain.Default()
	c.Encoder, c.Projector = own, nil
	n, err := pretrain.Untrained(h.Backend, c.Resolved(), e.Mean, e.Std, e.Size, e.Size)
	if err != nil {
		return fmt.Errorf("cannot build the encoder: %w", err)
	}
	defer n.Close()
	values, err := n.Variables()
	if err != nil {
		return err
	}

	// Names are those below the encoder's scope.
	w := &weights.Weights{Encoder: c.Resolved().Encoder, Values: map[string]*tensors.Tensor{},
		Input: weights.Input{Channels: 3, Size: e.Size, Mean: e.Mean, Std: e.Std}}
	for name, value := range values {
		w.Values[strings.TrimPrefix(name, "/encoder/")] = value
	}
	return weights.Write(path, w)
}

// images returns a batch of random images.
func (e *Embed) images() dataset.Images {
	images := dataset.Images{N: e.Batch, Height: e.Size, Width: e.Size}
	images.Pixels = make([]byte, e.Batch*images.Stride())
	random := rand.New(rand.NewPCG(1, 1))
	for i := range images.Pixels {
		images.Pixels[i] = byte(random.Uint32())
	}
	return images
}

// embedder embeds the same images again and again.
type embedder struct {
	model  *embedding.Model
	images dataset.Images
}

// Run implements [runner].
func (e *embedder) Run(ctx context.Context, n int) (float64, error) {
	began := time.Now()
	for range n {
		if _, err := e.model.EmbedImages(ctx, e.images); err != nil {
			return 0, fmt.Errorf("cannot embed: %w", err)
		}
	}
	return time.Since(began).Seconds(), nil
}
