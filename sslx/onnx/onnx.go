package onnx

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/onnx-gomlx/onnx"
	"github.com/gomlx/onnx-gomlx/onnx/parser"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
)

// File is an ONNX file that was read and checked. It is safe for use by several goroutines.
type File struct {
	path    string
	sum     string // SHA-256 of the file
	content *content

	mu    sync.Mutex // the conversion writes to its model
	model onnx.Model
}

// Open reads an ONNX file. Its data may be in other files of the same folder. A file that is missing is a usage error;
// one that is damaged, hostile, or of a kind that cannot be read is an error of one sentence.
func Open(path string) (*File, error) {
	text, err := atomicfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage.Errorf("there is no ONNX file %s", path)
	}
	if err != nil {
		return nil, err
	}
	return parse(text, path)
}

// parse reads the text of a file that lies at path.
func parse(text []byte, path string) (*File, error) {
	failed := func(err error) error { return fmt.Errorf("ONNX file %s cannot be read: %w", path, oneLine(err)) }
	c, err := readContent(text)
	if err != nil {
		return nil, failed(err)
	}
	if err := c.checkInput(); err != nil {
		return nil, failed(err)
	}
	reader, err := newReader(filepath.Dir(path), c.initializers)
	if err != nil {
		return nil, failed(err)
	}

	sum := sha256.Sum256(text)
	if text, err = adapted(text, c); err != nil {
		return nil, failed(err)
	}
	f := &File{path: path, sum: hex.EncodeToString(sum[:]), content: c}
	err = caught(func() (err error) {
		f.model, err = parser.Parse(text)
		return err
	})
	if err != nil {
		return nil, failed(err)
	}

	// Fused operations are for backends that compute them as such, and none here does.
	f.model.DisableFusion()
	f.model.FreeUnusedVariables()
	f.model.WithExternalDataReader(reader)
	return f, nil
}

// Path returns the path that the file was opened at.
func (f *File) Path() string { return f.path }

// Metadata returns an entry of the file's metadata, "" where it has none of that key.
func (f *File) Metadata(key string) string { return f.content.metadata[key] }

// Size returns the height and width of the images that the file takes, 0 where it leaves them open.
func (f *File) Size() (height, width int) {
	dims := f.content.inputs[0].dims
	return int(max(dims[2], 0)), int(max(dims[3], 0))
}

// checkInput returns an error unless the graph has one input, which can be a batch of RGB images.
func (c *content) checkInput() error {
	var names []string
	for _, v := range c.inputs {
		names = append(names, v.name)
	}
	if len(names) != 1 || len(c.outputs) == 0 {
		return fmt.Errorf("it has %d inputs (%.60s) and %d outputs, and an encoder has one input: images", len(names),
			strings.Join(names, ", "), len(c.outputs))
	}

	in := c.inputs[0]
	switch d := in.dims; {
	case in.element != elementFloat || len(d) != 4:
		return fmt.Errorf("its input %.60q is not float32 of [images, 3, height, width]", in.name)
	case d[1] != 3 && d[1] != -1:
		return fmt.Errorf("its input %.60q has %d channels, and images have 3", in.name, d[1])
	case d[0] > 0:
		return fmt.Errorf("it takes %d images at a time: export it with an open first dimension", d[0])
	case d[2] == 0 || d[3] == 0 || max(d[2], d[3]) > mostSide:
		return fmt.Errorf("its input %.60q is of %dx%d pixels", in.name, d[2], d[3])
	}
	return nil
}

// mostSide is the largest height and width of images.
const mostSide = 4096

// Encoder is an [encoder.Encoder] that computes a value of an ONNX graph. Its variables are the tensors of the file. It
// cannot be trained: its batch normalization uses the statistics of the file in every mode.
type Encoder struct {
	file          *File
	layer         string
	height, width int
	layers        []Layer
	dim           int

	values map[string]*tensors.Tensor // of the variables, by their paths below the encoder's scope
}

// Layer is a value of a graph that can serve as features.
type Layer struct {
	// Name is the value's name in the file.
	Name string
	// Dim is the number of elements of an image: channels of maps, which are averaged over their pixels, and of
	// sequences, which are averaged over their tokens.
	Dim int
	// Shape is the shape of the value for one image, "64x8x8".
	Shape string
}

// Encoder returns the encoder of images of a size that computes the value called layer; "" is the first output of the
// graph. It returns a usage error for a size that the file does not take and for a layer that it does not have.
func (f *File) Encoder(height, width int, layer string) (*Encoder, error) {
	h, w := f.Size()
	if h = cmp.Or(h, height); h != height || cmp.Or(w, width) != width {
		return nil, usage.About("size", "ONNX file %s takes images of %dx%d, not %dx%d", f.path, h, cmp.Or(w, width),
			height, width)
	}
	if height < 1 || width < 1 || max(height, width) > mostSide {
		return nil, usage.About("size", "ONNX file %s takes images of any size: give one, of 1 to %d pixels", f.path,
			mostSide)
	}

	e := &Encoder{file: f, height: height, width: width, layer: cmp.Or(layer, f.content.outputs[0].name)}
	err := caught(func() (err error) {
		e.layers, e.values, err = f.layersFor(height, width)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ONNX file %s cannot be run on images of %dx%d: %w", f.path, height, width, oneLine(err))
	}

	var names []string
	for _, l := range e.layers {
		if names = append(names, l.Name); l.Name == e.layer {
			e.dim = l.Dim
			return e, nil
		}
	}
	if layer == "" {
		return nil, fmt.Errorf("the output %.60q of ONNX file %s is no value with a row for each image", e.layer,
			f.path)
	}
	return nil, usage.Unknown("layer", layer, names)
}

// layersFor builds the graph for two images, with the guard, and returns the values that have a row for each image, and
// the values of the variables.
func (f *File) layersFor(height, width int) ([]Layer, map[string]*tensors.Tensor, error) {
	inner, err := gobackend.New("")
	if err != nil {
		return nil, nil, err
	}
	defer inner.Finalize()
	store := model.NewStore() // is not finalized: its values are returned

	names := f.content.towards()
	const images = 2
	g := NewGraph(&guard{Backend: inner}, "layers")
	defer g.Finalize()
	x := Parameter(g, "images", shapes.Make(dtypes.Float32, images, 3, height, width))
	all := f.call(store.RootScope(), x, names...)

	// What other nodes hold counts too: many values of the largest size would not fit together.
	elements := 0
	for _, n := range g.Nodes() {
		if n.NumOutputs() == 1 {
			elements += n.Shape().Size()
		}
	}
	if elements > 16*mostElements {
		return nil, nil, fmt.Errorf("its graph holds %d numbers for one image", elements/images)
	}

	values := map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		value, err := v.Value()
		if err != nil {
			return nil, nil, err
		}
		values[strings.TrimPrefix(v.Path(), model.RootScopePath)] = value
	}

	var layers []Layer
	for i, n := range all {
		s := n.Shape()
		if s.Rank() < 2 || s.Rank() > 4 || s.Dimensions[0] != images || !s.DType.IsFloat() {
			continue
		}
		shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Dimensions[1:]), " ", "x"), "[]")
		layers = append(layers, Layer{names[i], pooled(n).Shape().Dimensions[1], shape})
	}
	return layers, values, nil
}

// towards returns the values that the outputs of the graph depend on, in the order in which they are made, constants
// left out.
func (c *content) towards() (names []string) {
	fromImages := map[string]bool{c.inputs[0].name: true}
	for _, n := range c.nodes {
		// The shape of a value is a constant of the converted graph.
		depends := n.op != "Shape" && n.op != "Size" && slices.ContainsFunc(n.inputs,
			func(name string) bool { return fromImages[name] })
		for _, name := range n.outputs {
			fromImages[name] = depends && name != ""
		}
	}

	needed := map[string]bool{}
	for _, v := range c.outputs {
		needed[v.name] = true
	}
	for _, n := range slices.Backward(c.nodes) {
		if !slices.ContainsFunc(n.outputs, func(name string) bool { return needed[name] }) {
			continue
		}
		for _, name := range n.inputs {
			needed[name] = true
		}
	}

	for _, n := range c.nodes {
		for _, name := range n.outputs {
			if needed[name] && fromImages[name] {
				names = append(names, name)
			}
		}
	}
	return names
}

// call converts the graph of values from images [batch, 3, height, width] on. Variables live in scope.
func (f *File) call(scope *model.Scope, images *Node, names ...string) []*Node {
	f.mu.Lock()
	defer f.mu.Unlock()

	// Another program with the same variables may have made them.
	loaded := false
	for range scope.At(onnx.ModelScope).IterVariables() {
		loaded = true
		break
	}
	if !loaded {
		if err := f.model.VariablesToScope(scope); err != nil {
			panic(err)
		}
	}
	return f.model.CallGraph(scope, images.Graph(), map[string]*Node{f.content.inputs[0].name: images}, names...)
}

// pooled averages maps [batch, channels, height, width] over their pixels and sequences [batch, tokens, dim] over their
// tokens: [batch, dim].
func pooled(x *Node) *Node {
	switch x.Rank() {
	case 4:
		return ReduceMean(x, 2, 3)
	case 3:
		return ReduceMean(x, 1)
	}
	return x
}

// Build returns the layer [batch, Dim] of images [batch, height, width, 3]; see [encoder.Encoder].
func (e *Encoder) Build(scope *model.Scope, images *Node, _ encoder.Mode) *Node {
	x := TransposeAllAxes(ConvertDType(images, dtypes.Float32), 0, 3, 1, 2) // [batch, 3, height, width]
	out := e.file.call(scope, x, e.layer)[0]
	return ConvertDType(pooled(out), dtypes.Float32)
}

// Dim returns the number of elements of the layer.
func (e *Encoder) Dim() int { return e.dim }

// MinSize returns the smaller side of the images.
func (e *Encoder) MinSize() int { return min(e.height, e.width) }

// Layers returns the values of the graph that can serve as features, in the order in which they are computed.
func (e *Encoder) Layers() []Layer { return slices.Clone(e.layers) }

// Layer returns the name of the value that the encoder computes.
func (e *Encoder) Layer() string { return e.layer }

// Trainable is false: layers that normalize by the statistics of a batch would not.
func (e *Encoder) Trainable() bool { return false }

// String identifies what the encoder computes: the SHA-256 of its file, and the layer.
func (e *Encoder) String() string { return "onnx " + e.file.sum + " " + e.layer }

// caught calls f and returns what it panics with as an error. The conversion reports failures by panics, of the Go
// runtime too where a file is not what it expects.
func caught(f func() error) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case error:
			err = p
		default:
			err = fmt.Errorf("%v", p)
		}
	}()
	return f()
}

// oneLine cuts an error to one line of a bearable length: the conversion adds whole nodes to its messages.
func oneLine(err error) error {
	text, _, _ := strings.Cut(err.Error(), "\n")
	const most = 300
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + " …"
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
