package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/safetensors"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
)

// The metadata of a file: what Write puts there.
const (
	formatKey     = "format"       // "pt", which transformers asks for
	encoderKey    = "sslx_encoder" // the encoder, as in configurations, in JSON
	inputSizeKey  = "input_size"   // [channels, height, width], as timm has it
	meanKey       = "mean"         // [...], as timm has it
	stdKey        = "std"
	checkpointKey = "sslx" // a checkpoint of a run has its state there
)

// Read reads a file of weights. An error of package usage says in one sentence what is wrong with the file.
func Read(path string, opt Options) (w *Weights, err error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if file.Metadata[checkpointKey] != "" {
		return nil, usage.Errorf("%s is the checkpoint of a run: name its folder instead", path)
	}

	w = &Weights{Path: path, Name: nameOf(path)}
	all := inventory(file)
	if err := w.recognize(file, all, opt); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := w.input(file); err != nil {
		return nil, err
	}

	// The shapes come from the network: what is read now is no larger.
	wanted, err := w.match(all)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := w.Input.Apply(opt); err != nil {
		return nil, err
	}
	w.Values = map[string]*tensors.Tensor{}
	for _, t := range wanted {
		values, err := file.Floats(all.original(t.Name))
		if err != nil {
			return nil, err
		}
		w.Values[t.Variable] = tensors.FromFlatDataAndDimensions(t.Import(values), t.Shape...)
	}
	w.Fingerprint, err = file.Fingerprint()
	return w, err
}

// recognize finds the encoder and its tensors: the options name it, or the metadata, or the tensors themselves.
func (w *Weights) recognize(file *safetensors.File, all *tensorsOf, opt Options) (err error) {
	w.Encoder = opt.Encoder
	if text := file.Metadata[encoderKey]; w.Encoder == nil && text != "" {
		if w.Encoder, err = encoder.DecodeJSON([]byte(text), "encoder", nil); err != nil {
			return fmt.Errorf("its metadata name an encoder that is not known here: %w", err)
		}
	}
	if w.Encoder != nil {
		if err := encoder.Check(w.Encoder); err != nil {
			return err
		}
	}

	w.Prefix = all.normalize()
	if w.Encoder == nil {
		w.Encoder, err = all.encoder()
	}
	return err
}

// input takes from the metadata what they say of the input.
func (w *Weights) input(file *safetensors.File) error {
	m := file.Metadata
	var size []int
	for _, value := range []struct {
		key  string
		into any
	}{{inputSizeKey, &size}, {meanKey, &w.Input.Mean}, {stdKey, &w.Input.Std}} {
		if text := m[value.key]; text != "" && json.Unmarshal([]byte(text), value.into) != nil {
			return usage.Errorf("%s has metadata %s that are no list of numbers", w.Path, value.key)
		}
	}

	switch {
	case size == nil:
	case len(size) != 3 || size[1] != size[2] || size[1] < 1:
		return usage.Errorf("%s has metadata %s %v: channels, height and width are needed, of a square image", w.Path,
			inputSizeKey, size)
	default:
		w.Input.Channels, w.Input.Size = size[0], size[1]
	}
	return nil
}

// match compares the tensors of the file with the encoder's. It lists what is missing, unknown or of another
// shape.
func (w *Weights) match(all *tensorsOf) (wanted []encoder.Tensor, err error) {
	if wanted, err = w.wanted(all); err != nil {
		return nil, err
	}

	// Every fault is collected before any is reported: one look at the list tells which network the file is of.
	var missing, misshapen []string
	known := map[string]bool{}
	for _, t := range wanted {
		known[t.Name] = true
		switch info, ok := all.named[t.Name]; {
		case !ok:
			missing = append(missing, fmt.Sprintf("%s %v", t.Name, t.Dims))
		case !slices.Equal(info.Shape, t.Dims):
			misshapen = append(misshapen, fmt.Sprintf("%s has shape %v and not %v", t.Name, info.Shape, t.Dims))
		}
	}

	// Classifiers and projectors are expected to be in such files; other strangers mean another network.
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(all.named)) {
		switch {
		case known[name]:
		case isLeftOut(name):
			w.LeftOut = append(w.LeftOut, all.original(name))
		default:
			unknown = append(unknown, name)
		}
	}
	w.LeftOut = append(w.LeftOut, all.others...)
	slices.Sort(w.LeftOut)

	// The three kinds of faults make one sentence.
	var faults []string
	for _, kind := range []struct {
		what string
		list []string
	}{{"missing", missing}, {"of another shape", misshapen}, {"not of this network", unknown}} {
		if len(kind.list) > 0 {
			faults = append(faults, fmt.Sprintf("%s: %s", kind.what, listed(kind.list)))
		}
	}
	if len(faults) > 0 {
		return nil, usage.Errorf("the tensors are not those of %s; %s", encoder.NameOf(w.Encoder),
			strings.Join(faults, "; "))
	}
	return wanted, nil
}

// wanted returns the tensors that the encoder needs, and sets the number of channels of its images.
func (w *Weights) wanted(all *tensorsOf) (own []encoder.Tensor, err error) {
	// The first tensor sees the images; other channels than it has show up as a shape that is wrong.
	if portable, ok := w.Encoder.(encoder.Portable); ok {
		w.Input.Channels = all.channels(portable)
		return portable.Tensors(w.Input.Channels), nil
	}

	// An encoder that no library has names for was written by Write: its tensors are its variables. Their shapes are
	// compared when the network is built.
	if w.Input.Channels == 0 {
		return nil, usage.Errorf("encoder %s has no names in another library: only files that this program wrote can "+
			"be read for it", encoder.NameOf(w.Encoder))
	}
	for _, name := range slices.Sorted(maps.Keys(all.named)) {
		dims := all.shape(name)
		own = append(own, encoder.Tensor{Variable: name, Shape: dims, Name: name, Dims: dims})
	}
	return own, nil
}

// isLeftOut reports whether a tensor of a network is none of its encoder: its classifier, or how many batches its
// statistics have seen.
func isLeftOut(name string) bool {
	if strings.HasSuffix(name, ".num_batches_tracked") {
		return true
	}
	first, _, _ := strings.Cut(name, ".")
	return slices.Contains([]string{"fc", "linear", "head", "heads", "head_dist", "classifier"}, first)
}
