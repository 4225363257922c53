package pretrain

import (
	"context"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/inference"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/onnx"
	"github.com/sslx-go/lab/sslx/record"
)

// ReadWeights reads a file of weights: an ONNX file, by its ending, or a safetensors file (see [weights.Read]). Layer
// is for ONNX files, whose encoder can be any value of the graph (see [onnx.File.Weights]); it is "" for the output.
func ReadWeights(path, layer string, opt weights.Options) (*weights.Weights, error) {
	if onnx.IsFile(path) {
		f, err := onnx.Open(path)
		if err != nil {
			return nil, err
		}
		return f.Weights(layer, opt)
	}
	if layer != "" && layer != LayerEncoder {
		return nil, usage.Unknown("layer", layer, []string{LayerEncoder})
	}
	return weights.Read(path, opt)
}

// ForEmbedding returns the network of a finished run for [Network.Embed], whose features are the output of a layer. It
// is Load without a program for Features.
func (r FinishedRun) ForEmbedding(b compute.Backend, height, width int, layer string) (*Network, error) {
	return load(b, r.Config, record.CheckpointPath(r.Dir), []int{1, height, width}, []string{layer})
}

// WeightsForEmbedding returns the network of weights for [Network.Embed]. It is LoadWeights without a program for
// Features.
func WeightsForEmbedding(b compute.Backend, w *weights.Weights, height, width int) (*Network, error) {
	return loadWeights(b, w, []int{1, height, width})
}

// HasKernels reports whether a network of c can [Network.UseKernels] for the features of a layer: with convolutional
// encoders, on processors with AVX-512.
func (c Config) HasKernels(layer string, height, width int) bool {
	in := inference.Input{Height: height, Width: width, Mean: make([]float64, 3)} // any number of channels
	return layer == LayerEncoder && !c.norm(1, 1).Group && inference.Supports(c.Encoder, in) == nil
}

// UseKernels lets [Network.Embed] compute with kernels for the processor, in place of a program of the backend.
// Features differ in their last digits.
func (n *Network) UseKernels() (err error) {
	values := map[string][]float32{} // by their paths below the encoder's scope
	for v := range n.store.RootScope().At(encoderScope).IterVariables() {
		value, err := v.Value()
		if err != nil {
			return err
		}
		if values[strings.TrimPrefix(v.Path(), encoderPath)], err = tensors.CopyFlatData[float32](value); err != nil {
			return err
		}
	}
	n.kernels, err = inference.New(n.config.Encoder, values, inference.Input{Height: n.batch.Dimensions[1],
		Width: n.batch.Dimensions[2], Mean: n.mean, Std: n.std})
	return err
}

// Embed returns the features of images for the network's first layer, [N, Width], row-major, computed batch images at a
// time. A program is compiled at the first use of a size of batch, unless there are kernels. Embed must not run twice
// at once.
func (n *Network) Embed(ctx context.Context, images dataset.Images, batch int) ([]float32, error) {
	if err := n.takes(images); err != nil {
		return nil, err
	}
	if n.kernels != nil {
		return n.kernels.Embed(ctx, images.Pixels, images.N)
	}
	shape := n.batch.Clone()
	shape.Dimensions[0] = batch

	all := images.N * n.Width(n.layers[0])
	features := make([]float32, 0, all)
	err := inBatches(ctx, n.exec, shape, images.Pixels, func(layer int, out *tensors.Tensor) error {
		if layer > 0 {
			return nil
		}
		return tensors.ConstFlatData(out, func(flat []float32) {
			features = append(features, flat[:min(len(flat), all-len(features))]...)
		})
	}, func() {})
	return features, err
}

// Trainable reports whether the encoder can be trained further, as fine-tuning does. One from an ONNX file cannot, and
// it has no initial values: untrained, it is what it is in the file.
func (n *Network) Trainable() bool {
	fixed, ok := n.config.Encoder.(interface{ Trainable() bool })
	return !ok || fixed.Trainable()
}
