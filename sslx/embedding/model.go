package embedding

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"slices"
	"sync"

	"github.com/gomlx/compute"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/onnx"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/progress"
	"github.com/sslx-go/lab/sslx/record"
)

// Options say how a model is opened. The zero value takes the encoder's output, and what the file says of its input.
type Options struct {
	// Layer is whose output the features are: of a run "encoder", which is the default, or "projector0",
	// "projector1", …; of an ONNX file any value of its graph, by default the first output.
	Layer string

	// Size is the height and width of the images, where the file leaves it open. A run embeds images of other sizes
	// than it was trained on, if that is asked for.
	Size int

	// Mean and Std normalize images by channel, on [0, 1]; they are for files that do not say how their images are to
	// be normalized. A run has its own.
	Mean, Std []float64

	// Backend is what to compute on: "xla:cpu", "xla:cuda", "go", or "" for the automatic choice: XLA where the program
	// was built with cgo, pure Go elsewhere, and pure Go where there is no GPU and it has kernels for the encoder.
	Backend string

	progress.Options
}

// Model turns images into features. It is safe for use by several goroutines, whose images are computed one call after
// another: each call uses all processors.
type Model struct {
	handle  *backend.Handle
	network *pretrain.Network
	layer   string
	layers  []string

	name          string
	identity      string
	height, width int
	hasKernels    bool
	most          int // images in a batch

	mu     sync.Mutex
	closed bool
}

// Load opens the encoder of a finished run, by its folder, or of a file of weights: safetensors with the names of
// torchvision or timm (see package weights), or ONNX (see package onnx). It returns a usage error for a path that is
// none of these, for a layer that there is not, and for an input that neither the file nor the options describe.
func Load(ctx context.Context, path string, opt Options) (m *Model, err error) {
	source, err := sourceOf(path, opt)
	if err != nil {
		return nil, err
	}

	m = &Model{}
	m.handle, err = openBackend(ctx, opt, source.hasKernels)
	if err != nil {
		return nil, err
	}
	on := m.handle.Backend
	// The pure-Go backend is fastest at matrix products: convolutions are unfolded into them.
	if m.handle.Name == "go" {
		on = unfolding{on}
	}
	if err := source.open(m, on); err != nil {
		m.handle.Close()
		return nil, err
	}
	if err := m.identify(); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if m.hasKernels = source.hasKernels && m.handle.Name == "go"; m.hasKernels {
		if err := m.network.UseKernels(); err != nil {
			return nil, errors.Join(err, m.Close())
		}
	}
	m.most = mostIn(m.height*m.width, m.handle.Name == "go" && !m.hasKernels)
	return m, nil
}

// openBackend opens what to compute on. Pure Go is the choice where XLA was left out of the program, and where its
// kernels for the encoder are faster than XLA on this processor.
func openBackend(ctx context.Context, opt Options, hasKernels bool) (*backend.Handle, error) {
	config := opt.Backend
	if config == "" && os.Getenv(backend.ConfigEnv) == "" &&
		(!backend.BuiltWithXLA() || hasKernels && !backend.HasGPU()) {
		config = "go"
	}
	return backend.Open(ctx, backend.Options{
		Config: config,
		Warn:   func(sentence string) { opt.Warnf("%s", sentence) },
		Progress: func(item string, done, total int64) {
			opt.Report("install "+item, done, total, "")
		},
	})
}

// source is what a model is loaded from.
type source struct {
	hasKernels bool // on pure Go; see [pretrain.Config.HasKernels]
	open       func(*Model, compute.Backend) error
}

// sourceOf reads what a path leads to.
func sourceOf(path string, opt Options) (source, error) {
	switch info, err := os.Stat(path); {
	case err != nil:
		return source{}, usage.About("run", "there is no run and no file of weights %s", path)
	case info.IsDir():
		return runSource(path, opt)
	}
	return weightsSource(path, opt)
}

// runSource opens a run for images of the size that it was trained on, unless another is asked for.
func runSource(dir string, opt Options) (s source, err error) {
	run, err := pretrain.ReadFinishedRun(dir)
	if err != nil {
		return s, err
	}
	if opt.Mean != nil || opt.Std != nil {
		return s, usage.Errorf("run %s has the mean and standard deviation that it was trained with: leave others "+
			"out", dir)
	}

	height, width := run.Height, run.Width
	if opt.Size != 0 {
		height, width = opt.Size, opt.Size
	}
	// Runs of version 0.1 did not record the size of their images, but may have asked for one.
	if height == 0 {
		height, width = run.Config.Size, run.Config.Size
	}
	if height == 0 {
		return s, usage.About("size", "run %s is of a version that did not record the size of its images: give it",
			dir)
	}

	layer := opt.Layer
	if layer == "" {
		layer = record.LayerEncoder
	}
	if known := pretrain.Layers(run.Config); !slices.Contains(known, layer) {
		return s, usage.Unknown("layer", layer, known)
	}
	s.hasKernels = run.Config.HasKernels(layer, height, width)
	s.open = func(m *Model, b compute.Backend) (err error) {
		m.name, m.height, m.width = record.Name(dir), height, width
		m.layer, m.layers = layer, pretrain.Layers(run.Config)
		m.network, err = run.ForEmbedding(b, height, width, layer)
		return err
	}
	return s, nil
}

// weightsSource opens a file of weights.
func weightsSource(path string, opt Options) (s source, err error) {
	w, err := pretrain.ReadWeights(path, opt.Layer, weights.Options{Size: opt.Size, Mean: opt.Mean, Std: opt.Std})
	if err != nil {
		return s, err
	}
	if err := w.Complete(); err != nil {
		return s, err
	}

	size := w.Input.Size
	s.hasKernels = pretrain.WeightsConfig(w).HasKernels(record.LayerEncoder, size, size)
	s.open = func(m *Model, b compute.Backend) (err error) {
		m.name, m.height, m.width = w.Name, size, size
		m.layer, m.layers = record.LayerEncoder, []string{record.LayerEncoder}
		if e, ok := w.Encoder.(*onnx.Encoder); ok {
			m.layer, m.layers = e.Layer(), nil
			for _, l := range e.Layers() {
				m.layers = append(m.layers, l.Name)
			}
		}
		m.network, err = pretrain.WeightsForEmbedding(b, w, size, size)
		return err
	}
	return s, nil
}

// identify sets what tells models apart whose features must not be mixed.
func (m *Model) identify() error {
	variables, err := m.network.Variables()
	if err != nil {
		return err
	}
	hash, err := probe.HashVariables(variables)
	if err != nil {
		return err
	}
	mean, std := m.Normalization()
	m.identity = probe.CacheKey("embedding 1", hash, m.Layer(), fmt.Sprint(mean, std), fmt.Sprint(m.height, m.width))
	return nil
}

// mostIn returns the largest batch for images of some pixels. Large ones fill the processors; graphs in pure Go need
// memory for what XLA computes in place.
func mostIn(pixels int, graphInGo bool) int {
	const most, least = 256, 8
	most32 := most
	if graphInGo {
		most32 = 32
	}
	// As many pixels as most32 images of 32x32 have.
	return max(least, min(most, most32*32*32/pixels))
}

// Name returns the name of the run or of the file, without its ending.
func (m *Model) Name() string { return m.name }

// Dim returns the number of features of an image.
func (m *Model) Dim() int { return m.network.Width(m.network.Layers()[0]) }

// Layer returns the name of the layer whose output the features are.
func (m *Model) Layer() string { return m.layer }

// Layers returns the names that Options.Layer can have.
func (m *Model) Layers() []string { return slices.Clone(m.layers) }

// Size returns the height and width that images are brought to.
func (m *Model) Size() (height, width int) { return m.height, m.width }

// Normalization returns the mean and standard deviation by channel, on [0, 1], by which images are normalized.
func (m *Model) Normalization() (mean, std []float64) { return m.network.Stats() }

// Identity is a hash of everything that decides the features: variables, layer, size and normalization. Features of
// models with different identities cannot be compared.
func (m *Model) Identity() string { return m.identity }

// Backend returns the name of what computes: "xla:cpu", "xla:cuda" or "go".
func (m *Model) Backend() string { return m.handle.Name }

// HasKernels reports whether features are computed by kernels that were written for this processor, on the backend
// "go", and not by a compiled graph.
func (m *Model) HasKernels() bool { return m.hasKernels }

// Close releases the network and the backend. Closing twice does nothing.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.closed = true
		m.network.Close()
		m.handle.Close()
	}
	return nil
}

// Embed returns the features of images of any size, one list for each. They are brought to the model's size as an
// import does: the short side is scaled, and the center square cut out.
func (m *Model) Embed(ctx context.Context, images ...image.Image) ([][]float32, error) {
	mean, _ := m.Normalization()
	if len(mean) != 3 {
		return nil, usage.Errorf("%s takes images of %d channels: give them as dataset.Images", m.name, len(mean))
	}
	if m.height != m.width {
		return nil, usage.Errorf("%s takes images of %dx%d, which are not square: embed a data set of that size",
			m.name, m.height, m.width)
	}
	fitted, err := dataset.FitImages(ctx, images, m.height)
	if err != nil {
		return nil, err
	}
	f, err := m.EmbedImages(ctx, fitted)
	if err != nil {
		return nil, err
	}

	list := make([][]float32, f.N)
	for i := range list {
		list[i] = f.Row(i)
	}
	return list, nil
}

// EmbedImages returns the features of images of the model's size, [N, Dim].
func (m *Model) EmbedImages(ctx context.Context, images dataset.Images) (probe.Features, error) {
	f := probe.Features{N: images.N, D: m.Dim(), Layer: m.Layer()}
	for start := 0; start < images.N; start += m.most {
		part := images.Slice(start, min(start+m.most, images.N))
		x, err := m.embedBatch(ctx, part)
		if err != nil {
			return probe.Features{}, err
		}
		f.X = append(f.X, x...)
	}
	return f, nil
}

// batchSizes are the sizes of batches that programs are compiled for, but for the largest: one image, a few, many.
var batchSizes = []int{1, 8, 64}

// embedBatch returns the features of at most m.most images.
func (m *Model) embedBatch(ctx context.Context, images dataset.Images) ([]float32, error) {
	if images.N == 0 {
		return nil, nil
	}
	size := m.most
	// The smallest size that holds them: the rest of a batch is filled up, and each size is compiled once.
	for _, s := range slices.Backward(batchSizes) {
		if s >= images.N && s < m.most {
			size = s
		}
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, usage.Errorf("model %s is closed", m.name)
	}
	return m.network.Embed(ctx, images, size)
}
