package pretrain

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/encoder"
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

// Width returns the number of elements of an image in a layer.
func Width(c Config, layer string) int {
	for i, name := range Layers(c)[1:] {
		if name == layer {
			return c.Projector[i]
		}
	}
	return c.Encoder.Dim()
}

// layers returns the representation [batch, dim] of images and the output of each layer of the projector, in the order
// of Layers, all float32. Encoder and projector compute in the type of the images.
func layers(scope *model.Scope, c Config, images *Node, mode encoder.Mode) []*Node {
	h := c.Encoder.Build(scope.At(encoderScope), images, mode)
	outputs := []*Node{ConvertDType(h, dtypes.Float32)}
	if len(c.Projector) == 0 {
		return outputs
	}
	for _, x := range encoder.Projector(scope.At(projectorScope), ConvertDType(h, images.DType()), c.Projector, mode) {
		outputs = append(outputs, ConvertDType(x, dtypes.Float32))
	}
	return outputs
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
