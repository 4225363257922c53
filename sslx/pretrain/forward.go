package pretrain

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// LayerEncoder is the name of the encoder's output, the representation.
const LayerEncoder = record.LayerEncoder

// Layers returns the names of what can be probed: "encoder", and "projector0", "projector1", … for the output of each
// layer of the projector, the embedding last.
func Layers(c Config) []string {
	names := []string{LayerEncoder}
	for i := range c.Projector {
		names = append(names, fmt.Sprintf("projector%d", i))
	}
	return names
}

// layerWidth returns the number of elements of an image in a layer.
func layerWidth(c Config, layer string) int {
	for i, name := range Layers(c)[1:] {
		if name == layer {
			return c.Projector[i]
		}
	}
	return c.Encoder.Dim()
}

// precisions are the values of Config.Precision, the default first.
var precisions = []string{"float32", "bfloat16", "float64"}

// rounded returns the input of a network in the type in which the network computes while it is trained.
func (c Config) rounded(x *Node) *Node {
	switch c.Precision {
	case "bfloat16":
		return ConvertDType(x, dtypes.BFloat16)
	case "float64":
		return ConvertDType(x, dtypes.Float64)
	}
	return x
}

// ofNetwork reports whether a variable belongs to the encoder or the projector.
func ofNetwork(path string) bool {
	for _, scope := range []string{encoderScope, projectorScope} {
		if strings.HasPrefix(path, model.RootScopePath+scope+model.ScopeSeparator) {
			return true
		}
	}
	return false
}

// networkVariables returns the variables of encoder and projector that are trainable or not, sorted by path.
func networkVariables(root *model.Scope, trainable bool) []*model.Variable {
	return variablesOf(trainable, root.At(encoderScope), root.At(projectorScope))
}

// layerOutputs is the output of each layer of encoder and projector for one view, in the order of Layers: the
// representations h first, the embeddings z last, each float32 [batch, width].
type layerOutputs []*Node

func (o layerOutputs) h() *Node { return o[0] }

func (o layerOutputs) z() *Node { return o[len(o)-1] }

// embeddings returns z of each view.
func embeddings(views []layerOutputs) []*Node {
	z := make([]*Node, len(views))
	for i, o := range views {
		z[i] = o.z()
	}
	return z
}

// representations returns h of each view.
func representations(views []layerOutputs) []*Node {
	h := make([]*Node, len(views))
	for i, o := range views {
		h[i] = o.h()
	}
	return h
}

// network runs encoder and projector on images. They compute in the type of the images.
func network(scope *model.Scope, c Config, images *Node, mode encoder.Mode) layerOutputs {
	// The encoder's output stays in its own type for the projector; losses and probes take float32.
	h := c.Encoder.Build(scope.At(encoderScope), images, mode) // [batch, dim]
	outputs := layerOutputs{ConvertDType(h, dtypes.Float32)}
	if len(c.Projector) == 0 {
		return outputs
	}

	projector := scope.At(projectorScope)
	layers := encoder.Projector(projector, ConvertDType(h, images.DType()), c.Projector, mode)
	if last := len(layers) - 1; c.Objective.Needs().OutputNorm {
		layers[last] = encoder.Standardize(projector.At("output"), layers[last], mode)
	}
	for _, x := range layers {
		outputs = append(outputs, ConvertDType(x, dtypes.Float32)) // [batch, width]
	}
	return outputs
}

// forward trains encoder and projector on views, each [batch, height, width, 3], and returns the outputs of each.
// Neighbors of one size go through together: they are one batch, which normalization takes as norm says.
func forward(scope *model.Scope, c Config, views []*Node, norm normalization) (outputs []layerOutputs) {
	for len(views) > 0 {
		// How many of the views that are left have the size of the first of them.
		same := 1
		for same < len(views) && slices.Equal(views[same].Shape().Dimensions[1:], views[0].Shape().Dimensions[1:]) {
			same++
		}

		// Together through the network, and apart again.
		norm.use(scope, c, views[:same])
		joined := c.rounded(augment.Join(views[:same], 0)) // [same*batch, height, width, 3]
		each := make([]layerOutputs, same)
		for _, layer := range network(scope, c, joined, norm.mode) {
			for i, x := range partsLike(layer, views[:same]) {
				each[i] = append(each[i], x) // [batch, width]
			}
		}

		outputs = append(outputs, each...)
		views = views[same:]
	}
	return outputs
}

// normalization is what forward needs to know of normalization besides the configuration.
type normalization struct {
	mode        encoder.Mode
	still       bool // running statistics stay as they are
	interleaved bool // see encoder.Norm
}

// use makes it that of the layers that are built next, for views of one size.
func (n normalization) use(scope *model.Scope, c Config, views []*Node) {
	norm := c.norm(len(views), views[0].Shape().Dimensions[0])
	norm.Still, norm.Interleaved = n.still, n.interleaved
	norm.Use(scope, views[0].Graph())
}

// partsLike cuts the first axis of x into parts as long as the first axes of wholes.
func partsLike(x *Node, wholes []*Node) []*Node {
	parts, start := make([]*Node, len(wholes)), 0
	for i, whole := range wholes {
		size := whole.Shape().Dimensions[0]
		parts[i] = SliceAxis(x, 0, AxisRange(start, start+size))
		start += size
	}
	return parts
}

// outputs is what the networks make of a batch.
type outputs struct {
	online    []layerOutputs // of each view
	negatives []*Node        // embeddings of the views that are negatives only
	targets   []*Node        // embeddings by the target network, if there is one, of each view that it sees
}

// encode runs all networks on the views that normalizedViews returns.
func encode(scope *model.Scope, c Config, views []*Node) outputs {
	out := encodeOnline(scope, c, views)
	if needs := c.Objective.Needs(); needs.Target {
		seen := len(c.Views)
		if needs.TargetViews > 0 {
			seen = min(seen, needs.TargetViews)
		}
		out.targets = targets(scope.At(targetScope), c, views[:seen])
	}
	return out
}

// encodeOnline leaves the target network out.
func encodeOnline(scope *model.Scope, c Config, views []*Node) outputs {
	n := len(c.Views)
	if !c.negativesApart() {
		all := forward(scope, c, views, normalization{})
		return outputs{online: all[:n], negatives: embeddings(all[n:])}
	}

	// Negatives are no part of the batch that anchors are normalized in. One image alone has no statistics of a batch.
	norm := normalization{still: true}
	if c.Objective.Needs().Negatives.OneImage {
		norm.mode = encoder.Eval
	}
	online := forward(scope, c, views[:n], normalization{})
	return outputs{online: online, negatives: embeddings(forward(scope, c, views[n:], norm))}
}

// nodes returns all nodes in an order that outputsOf knows.
func (out outputs) nodes() (nodes []*Node) {
	for _, view := range out.online {
		nodes = append(nodes, view...)
	}
	return slices.Concat(nodes, out.negatives, out.targets)
}

// outputsOf is the inverse of nodes.
func outputsOf(c Config, nodes []*Node) (out outputs) {
	// As many of each kind as nodes has put there.
	take := func(n int) (taken []*Node) {
		taken, nodes = nodes[:n], nodes[n:]
		return taken
	}
	for range c.Views {
		out.online = append(out.online, take(len(Layers(c))))
	}
	out.negatives = take(c.Objective.Needs().Negatives.Count)
	out.targets = nodes
	return out
}

// lossInputs returns those nodes of the trained network that the loss depends on.
func (out outputs) lossInputs(c Config) []*Node {
	if c.Objective.Needs().Logits {
		return representations(out.online) // the classifier is on the encoder's output
	}
	return slices.Concat(embeddings(out.online), out.negatives)
}

// objectiveInputs returns what the objective needs, and runs predictor and classifier for it.
func (out outputs) objectiveInputs(scope *model.Scope, c Config, d stepData, b batch) objective.Inputs {
	needs := c.Objective.Needs()
	// What every objective gets.
	in := objective.Inputs{
		Views:     embeddings(out.online),
		Negatives: out.negatives,
		Targets:   out.targets,
		Random:    b.random,
	}

	// What this one asks for.
	if needs.Predictor {
		in.Predictions = predict(scope.At(predictorScope), c, in.Views)
	}
	z := in.Views[0]
	if needs.Queue > 0 {
		in.Queues = valuesOf(queues(scope, c, z), z)
		in.Queue = in.Queues[0]
	}
	if needs.Prototypes > 0 {
		in.Prototypes = prototypes(scope, c, z).NodeValue(z)
	}
	if needs.Prototypes > 0 && needs.Target {
		in.TargetPrototypes = StopGradient(prototypes(scope.At(targetScope), c, z).NodeValue(z))
	}
	if needs.Directions > 0 {
		in.Directions = b.directions(needs.Directions, z.Shape().Dimensions[1])
	}
	if len(needs.State) > 0 {
		in.State = map[string]*Node{}
		for name, length := range needs.State {
			in.State[name] = stateOf(scope, name, length).NodeValue(z)
		}
	}
	if needs.Labels {
		in.Labels = b.labels
	}
	if needs.Logits {
		in.Logits = classify(scope.At(classifierScope), representations(out.online), d.classes)
	}
	return in
}

// predict returns the outputs [batch, dim] of the predictor for the embeddings z of each view: a projector back to the
// width of the embeddings.
func predict(scope *model.Scope, c Config, z []*Node) []*Node {
	normalization{}.use(scope, c, z)
	widths := append(slices.Clone(c.Predictor), z[0].Shape().Dimensions[1])
	layers := encoder.Projector(scope, c.rounded(Concatenate(z, 0)), widths, encoder.Train) // [views*batch, width]
	return partsLike(ConvertDType(layers[len(layers)-1], dtypes.Float32), z)
}

// classify returns the logits [batch, classes] of a linear classifier for the representations h of each view.
func classify(scope *model.Scope, h []*Node, classes int) []*Node {
	return partsLike(encoder.Dense(scope, Concatenate(h, 0), classes, 1, true), h)
}
