package pretrain

import (
	"context"
	"fmt"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
)

// featureBatch is the number of images that are encoded at once.
const featureBatch = 500

// Network is an encoder with its variables, compiled for images of one size in evaluation mode.
type Network struct {
	config encoder.Config
	store  *model.Store
	exec   *model.Exec
	image  shapes.Shape // of a batch of pixels
}

// Untrained returns the encoder of a configuration with the initial values of its seed: the state before the first
// step. Mean and std are those of the data on [0, 1], by channel; height and width are those of the images.
func Untrained(b compute.Backend, c Config, mean, std [3]float64, height, width int) (*Network, error) {
	return newNetwork(b, c, mean, std, height, width)
}

// Load returns the encoder of a configuration with the values of the checkpoint at path, for images of the given
// height and width. A checkpoint that is missing, damaged or of another encoder is an error.
func Load(b compute.Backend, c Config, path string, height, width int) (*Network, error) {
	saved, err := loadCheckpoint(path)
	if err != nil {
		return nil, err
	}
	n, err := newNetwork(b, c, saved.progress.Mean, saved.progress.Std, height, width)
	if err != nil {
		return nil, err
	}
	if err := saved.restore(n.store); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

func newStore(c Config) *model.Store {
	store := model.NewStore()
	store.RootScope().SetParam(encoder.ParamSeed, c.Seed)
	return store
}

func newNetwork(b compute.Backend, c Config, mean, std [3]float64, height, width int) (*Network, error) {
	store := newStore(c)
	exec, err := model.NewExec(b, store, func(scope *model.Scope, pixels *Node) *Node {
		images := augment.Normalize(augment.FromBytes(pixels), mean, std)
		return c.Encoder.Build(scope.At(encoderScope), images, encoder.Eval)
	})
	if err != nil {
		return nil, err
	}
	n := &Network{c.Encoder, store, exec, shapes.Make(dtypes.Uint8, featureBatch, height, width, 3)}
	if _, err := exec.Compile(n.image); err != nil {
		n.Close()
		return nil, fmt.Errorf("cannot compile the encoder: %w", err)
	}
	return n, nil
}

// Close releases the compiled program and the variables.
func (n *Network) Close() {
	n.exec.Finalize()
	n.store.Finalize()
}

// Dim returns the number of elements of a representation.
func (n *Network) Dim() int { return n.config.Dim() }

// Variables returns the encoder's variables by path, the running statistics of batch normalisation included.
func (n *Network) Variables() (map[string]*tensors.Tensor, error) {
	values := map[string]*tensors.Tensor{}
	for v := range n.store.IterVariables() {
		if !strings.HasPrefix(v.Path(), model.RootScopePath+encoderScope+model.ScopeSeparator) {
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

// Features returns the representations [n, Dim] of n images, row-major. Pixels are uint8 [n, height, width, 3]. Report
// is called with the number of images done; it may be nil.
func (n *Network) Features(ctx context.Context, pixels []byte, report func(done int)) ([]float32, error) {
	bytes := n.image.Size()
	count := len(pixels) * featureBatch / bytes
	features := make([]float32, 0, count*n.Dim())
	for start := 0; start < len(pixels); start += bytes {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch := make([]byte, bytes) // the last one is padded with black images
		copy(batch, pixels[start:])
		out, err := n.exec.Call1(tensors.FromFlatDataAndDimensions(batch, n.image.Dimensions...))
		if err != nil {
			return nil, err
		}
		if err := tensors.ConstFlatData(out, func(flat []float32) { features = append(features, flat...) }); err != nil {
			return nil, err
		}
		if err := out.FinalizeAll(); err != nil {
			return nil, err
		}
		features = features[:min(len(features), count*n.Dim())]
		if report != nil {
			report(len(features) / n.Dim())
		}
	}
	return features, nil
}
