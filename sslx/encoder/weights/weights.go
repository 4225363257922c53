// Package weights reads encoders from files of weights, and writes them. Files are safetensors with the names of
// torchvision, timm or lightly: networks of the ResNet family and vision transformers. [Read] recognizes the network by
// names and shapes, and refuses a file in which a tensor is missing, unknown or of another shape.
//
// A checkpoint of PyTorch (.pth) is converted by one line of Python:
//
//	python -c "import sys, torch, safetensors.torch as s; d = torch.load(sys.argv[1], map_location='cpu',
//	weights_only=True); d = d.get('state_dict', d.get('model', d)); s.save_file({k: v.contiguous().clone()
//	for k, v in d.items()}, sys.argv[2])" weights.pth weights.safetensors
package weights

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
)

// Ending is the ending of the names of files that Read reads.
const Ending = ".safetensors"

// Weights are an encoder and the values of its variables.
type Weights struct {
	Path        string
	Name        string // the file's name without its ending, which results call the model by
	Fingerprint string // SHA-256 of the file, in hexadecimal

	Encoder encoder.Encoder
	Values  map[string]*tensors.Tensor // float32, by the path of the variable below the encoder's scope: stem/kernel

	// Input is what the encoder takes; what the file does not say and nobody set is zero (see Complete).
	Input Input

	// Prefix is what the names of the encoder's tensors begin with in the file, such as "module.encoder_q.".
	Prefix string

	// LeftOut are the tensors of the file that are not the encoder's, sorted: classifier heads, projectors, other
	// networks, counters of batches.
	LeftOut []string
}

// Input is the images that an encoder was trained on.
type Input struct {
	Channels  int       // of an image; the file decides
	Size      int       // height and width; 0 is unknown
	Mean, Std []float64 // on [0, 1], by channel; nil is unknown
}

// Options say what a file does not. What is set wins over the file.
type Options struct {
	// Encoder is the network that the file holds; nil recognizes it.
	Encoder encoder.Encoder

	// Size, Mean and Std are used as in Input.
	Size      int
	Mean, Std []float64
}

// Complete returns a usage error that asks for what is not known of the input: nothing is guessed.
func (w *Weights) Complete() error {
	in := w.Input
	switch {
	case in.Size == 0:
		return usage.About("size", "%s does not say for which size of images it is: give the height and width of an "+
			"image, in pixels", w.Path)
	case in.Mean == nil:
		return usage.About("mean", "%s does not say how images are normalized: give the mean of each channel on "+
			"[0, 1], such as 0.485,0.456,0.406", w.Path)
	case in.Std == nil:
		return usage.About("std", "%s does not say how images are normalized: give the standard deviation of each "+
			"channel on [0, 1], such as 0.229,0.224,0.225", w.Path)
	}
	return nil
}

// Apply sets what the options say, and checks the input as a whole.
func (in *Input) Apply(opt Options) error {
	if opt.Size != 0 {
		in.Size = opt.Size
	}
	if opt.Mean != nil {
		in.Mean = opt.Mean
	}
	if opt.Std != nil {
		in.Std = opt.Std
	}

	// The file and the options may each give half of the input, so that it is checked only now.
	if in.Size < 0 || in.Size > maxSize {
		return usage.About("size", "the size of images is %d: it must be from 1 to %d", in.Size, maxSize)
	}
	for _, list := range []struct {
		name   string
		values []float64
		least  float64
	}{{"mean", in.Mean, 0}, {"std", in.Std, math.SmallestNonzeroFloat32}} {
		if list.values != nil && len(list.values) != in.Channels {
			return usage.About(list.name, "%s has %d values, and the encoder takes images of %d channels", list.name,
				len(list.values), in.Channels)
		}
		for _, v := range list.values {
			if !(v >= list.least && v <= 1) {
				return usage.About(list.name, "%s has value %g: it must be in [0, 1], for pixels that are in [0, 1]",
					list.name, v)
			}
		}
	}
	return nil
}

// maxSize bounds the height and width of images.
const maxSize = 1 << 14

// nameOf returns a file's name without its ending.
func nameOf(path string) string { return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)) }

// listed returns the first of a list of texts, and how many more there are.
func listed(list []string) string {
	const most = 8
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
