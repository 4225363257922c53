package pretrain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/inference"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/encoder/weights"
)

// featureBatch is the number of images that are encoded at once.
const featureBatch = 500

// Network is an encoder and its projector with their variables, compiled for images of one size in evaluation mode.
type Network struct {
	config    Config
	layers    []string  // whose outputs are the features
	mean, std []float64 // of each channel
	store     *model.Store
	exec      *model.Exec
	batch     shapes.Shape       // of pixels
	kernels   *inference.Network // nil where features come from exec
}

// Untrained returns the network of a configuration with the initial values of its seed: the state before the first
// step. Mean and std are the statistics of the data on [0, 1], one number for each channel of an image; height and
// width are its size. Its features are the outputs of the named layers (see Layers), or of the encoder when none is
// named.
func Untrained(b compute.Backend, c Config, mean, std []float64, height, width int,
	layers ...string) (*Network, error) {
	return newNetwork(b, c, mean, std, []int{featureBatch, height, width}, layers)
}

// newNetwork is Untrained for batches [images, height, width].
func newNetwork(b compute.Backend, c Config, mean, std []float64, batch []int, layers []string) (*Network, error) {
	if len(layers) == 0 {
		layers = []string{LayerEncoder}
	}
	for _, name := range layers {
		if !slices.Contains(Layers(c), name) {
			return nil, usage.Unknown("layer", name, Layers(c))
		}
	}

	// Compiled once, for one size of batch: images are [images, height, width, channels] bytes.
	n := &Network{
		config: c,
		layers: layers,
		mean:   mean,
		std:    std,
		store:  newStore(c),
		batch:  shapes.Make(dtypes.Uint8, append(slices.Clone(batch), len(mean))...),
	}
	if err := n.compile(b); err != nil {
		n.Close()
		return nil, fmt.Errorf("cannot compile the encoder: %w", err)
	}
	return n, nil
}

// Load returns the network of a configuration with the values of the checkpoint at path, as Untrained does. A
// checkpoint that is missing, damaged or of another network is an error.
func Load(b compute.Backend, c Config, path string, height, width int, layers ...string) (*Network, error) {
	return load(b, c, path, []int{featureBatch, height, width}, layers)
}

// load is Load for batches [images, height, width].
func load(b compute.Backend, c Config, path string, batch []int, layers []string) (*Network, error) {
	saved, err := loadCheckpoint(path)
	if err != nil {
		return nil, err
	}

	// The statistics are the training's: the encoder sees images as it saw them then.
	n, err := newNetwork(b, c, saved.state.Mean, saved.state.Std, batch, layers)
	if err != nil {
		return nil, err
	}
	if err := saved.restore(n.store); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// LoadWeights returns the network of an encoder from a file of weights, as Untrained does; it has no projector. It is a
// usage error when the weights do not say what their input is (see [weights.Weights.Complete]).
func LoadWeights(b compute.Backend, w *weights.Weights, height, width int) (*Network, error) {
	return loadWeights(b, w, []int{featureBatch, height, width})
}

// loadWeights is LoadWeights for batches [images, height, width].
func loadWeights(b compute.Backend, w *weights.Weights, batch []int) (*Network, error) {
	if err := w.Complete(); err != nil {
		return nil, err
	}
	n, err := newNetwork(b, WeightsConfig(w), w.Input.Mean, w.Input.Std, batch, nil)
	if err != nil {
		return nil, err
	}
	if err := restoreEncoder(n.store, w); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// WeightsConfig returns the configuration that stands for an encoder from a file of weights: the default one with that
// encoder and without a projector.
func WeightsConfig(w *weights.Weights) Config {
	c := Default()
	c.Encoder, c.Projector = w.Encoder, nil
	return c.Resolved()
}

// restoreEncoder gives the variables of the encoder the values of w.
func restoreEncoder(store *model.Store, w *weights.Weights) error {
	for v := range store.RootScope().At(encoderScope).IterVariables() {
		path := strings.TrimPrefix(v.Path(), model.RootScopePath+encoderScope+model.ScopeSeparator)
		value := w.Values[path]
		if value == nil || !value.Shape().Equal(v.Shape()) {
			return usage.Errorf("%s is of another network: it has no variable %s of shape %s", w.Path, path, v.Shape())
		}

		// A copy: the weights may be loaded into several networks.
		value, err := value.LocalClone()
		if err != nil {
			return err
		}
		if err := v.SetValue(value); err != nil {
			return err
		}
	}
	return nil
}

func (n *Network) compile(b compute.Backend) (err error) {
	n.exec, err = model.NewExec(b, n.store, func(scope *model.Scope, pixels *Node) (outputs []*Node) {
		// All layers are built, and XLA drops those that are not returned.
		images := augment.Normalize(augment.FromBytes(pixels), n.mean, n.std) // [batch, height, width, channels]
		all := n.outputs(scope, images, encoder.Eval)
		for _, name := range n.layers {
			outputs = append(outputs, all[slices.Index(Layers(n.config), name)])
		}
		return outputs
	})
	if err == nil {
		_, err = n.exec.Compile(n.batch)
	}
	return err
}

// outputs leaves the projector out when only the encoder is wanted: the network then has no variables of it.
func (n *Network) outputs(scope *model.Scope, images *Node, mode encoder.Mode) layerOutputs {
	c := n.config
	if slices.Equal(n.layers, []string{LayerEncoder}) {
		c.Projector = nil
	}
	c.norm(1, 1).Use(scope, images.Graph())
	return network(scope, c, images, mode)
}

// Close releases the compiled program and the variables.
func (n *Network) Close() {
	if n.exec != nil {
		n.exec.Finalize()
	}
	n.store.Finalize()
}

// Layers returns the names of the layers whose outputs are the features.
func (n *Network) Layers() []string { return n.layers }

// Width returns the number of elements of an image in a layer.
func (n *Network) Width(layer string) int { return layerWidth(n.config, layer) }

// Stats returns the mean and standard deviation by channel, on [0, 1], by which images are normalized.
func (n *Network) Stats() (mean, std []float64) { return n.mean, n.std }

// Variables returns the variables of the network by path, the running statistics of batch normalization included.
func (n *Network) Variables() (map[string]*tensors.Tensor, error) {
	values := map[string]*tensors.Tensor{}
	for v := range n.store.IterVariables() {
		if !ofNetwork(v.Path()) {
			continue
		}
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		values[v.Path()] = value
	}
	return values, nil
}

// Features returns the features of images for each layer, [N, Width(layer)], row-major. The images have the size that
// the network was compiled for. Report is called with the number of images done; it may be nil.
func (n *Network) Features(ctx context.Context, images dataset.Images, report func(done int)) ([][]float32, error) {
	if err := n.takes(images); err != nil {
		return nil, err
	}
	return n.featuresOf(ctx, images, report)
}

// ViewFeatures is Features for views of any size that the encoder takes, such as those of its training. A program is
// compiled at the first use of a size.
func (n *Network) ViewFeatures(ctx context.Context, views dataset.Images) ([][]float32, error) {
	if side := min(views.Height, views.Width); side < n.config.Encoder.MinSize() {
		return nil, usage.Errorf("the views are %d pixels wide: the encoder %s needs %d or more", side,
			encoder.NameOf(n.config.Encoder), n.config.Encoder.MinSize())
	}
	return n.featuresOf(ctx, views, nil)
}

// featuresOf returns the features of images of any size.
func (n *Network) featuresOf(ctx context.Context, images dataset.Images, report func(done int)) ([][]float32, error) {
	batch := n.batch.Clone()
	batch.Dimensions[1], batch.Dimensions[2] = images.Height, images.Width
	features := make([][]float32, len(n.layers))
	for i, layer := range n.layers {
		features[i] = make([]float32, 0, images.N*n.Width(layer))
	}

	done := 0
	err := inBatches(ctx, n.exec, batch, images.Pixels, func(layer int, out *tensors.Tensor) error {
		f := &features[layer]
		return tensors.ConstFlatData(out, func(flat []float32) {
			left := cap(*f) - len(*f) // less than a batch when the last one was padded
			*f = append(*f, flat[:min(len(flat), left)]...)
		})
	}, func() {
		if done = min(done+featureBatch, images.N); report != nil {
			report(done)
		}
	})
	if err != nil {
		return nil, err
	}
	return features, nil
}

// takes returns a usage error when images are not what the network was compiled for.
func (n *Network) takes(images dataset.Images) error {
	height, width := n.batch.Dimensions[1], n.batch.Dimensions[2]
	if images.Height != height || images.Width != width {
		return usage.Errorf("the images are %dx%d pixels, and the network takes %dx%d: open it for the size of the "+
			"images", images.Height, images.Width, height, width)
	}
	if channels := n.batch.Dimensions[3]; images.Depth() != channels {
		return usage.Errorf("the images have %d channels, and the network was trained on images of %d", images.Depth(),
			channels)
	}
	return images.Check()
}

// inBatches runs a program on images, uint8 in the shape of a batch, the last one padded with black images. It calls
// take with output i of each batch, and ended after each batch.
func inBatches(ctx context.Context, exec *model.Exec, shape shapes.Shape, pixels []byte,
	take func(i int, out *tensors.Tensor) error, ended func()) error {
	for start := 0; start < len(pixels); start += shape.Size() {
		if err := ctx.Err(); err != nil {
			return err
		}

		batch := make([]byte, shape.Size()) // the program takes whole batches
		copy(batch, pixels[start:])
		outputs, err := exec.Call(tensors.FromFlatDataAndDimensions(batch, shape.Dimensions...))
		if err != nil {
			return err
		}
		for i, out := range outputs {
			if err := errors.Join(take(i, out), out.FinalizeAll()); err != nil {
				return err
			}
		}
		ended()
	}
	return nil
}
