package encoder

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/registry"
	"github.com/sslx-go/lab/internal/usage"
)

// Encoder maps images to representations. An encoder is a struct whose exported fields, with yaml tags, are its
// parameters; it may have a method Check() error.
type Encoder interface {
	// Build returns the representations [batch, Dim] of images [batch, height, width, channels], normalized by channel,
	// whose height and width are at least MinSize. The encoder must pass Check. Variables live in scope.
	//
	// Convolutions are computed and activations kept in the type of the images: float32, float64 or bfloat16. For
	// bfloat16, statistics of batches, sums of products and the representation are float32, and so are activations of
	// convnets and ResNets on a processor with products of bfloat16. Variables always are float32.
	Build(scope *model.Scope, images *Node, mode Mode) *Node

	// Dim returns the number of elements of a representation.
	Dim() int

	// MinSize returns the smallest height and width of an image.
	MinSize() int
}

var encoders = registry.New[Encoder]("encoder")

func init() {
	Register("convnet", ConvNet{Width: 32})
	for _, layers := range []int{18, 34, 50, 101} {
		r := ResNet{Layers: layers, Width: 64}
		Register(r.Name(), r)
	}
	for _, kind := range []string{"tiny", "small", "base"} {
		v := ViT{Kind: kind, Patch: 4, ImageSize: 32, Pool: PoolToken, Positions: PositionsLearned}
		Register(v.Name(), v)
	}
	for _, layers := range []int{20, 32, 44, 56} {
		r := CIFARResNet{Layers: layers, Width: 16}
		Register(r.Name(), r)
	}
}

// Register gives an encoder its name. Defaults is a struct value whose fields are the defaults of the parameters.
// Register panics when the name is taken, and when defaults is not a struct.
func Register(name string, defaults Encoder) { encoders.Register(name, defaults) }

// Names returns the names of all encoders, sorted.
func Names() []string { return encoders.Names() }

// Named returns the encoder of a name with its default parameters, or an error of package usage.
func Named(name string) (Encoder, error) { return encoders.Named(name) }

// NameOf returns the name of an encoder, "" for nil and for one that is not registered.
func NameOf(e Encoder) string { return encoders.NameOf(e) }

// Check returns an error of package usage when there is no encoder, or one of its parameters is out of range.
func Check(e Encoder) error { return encoders.Check(e) }

// Keys returns the parameters of all encoders, and "name".
func Keys() []string { return encoders.Keys() }

// Encode returns an encoder as a YAML mapping of its name and all its parameters.
func Encode(e Encoder) (*yaml.Node, error) { return encoders.Encode(e) }

// EncodeJSON is Encode for JSON.
func EncodeJSON(e Encoder) ([]byte, error) { return encoders.EncodeJSON(e) }

// Decode returns the encoder that a YAML mapping describes, which is found at the key prefix. Parameters that are not
// set keep their values when the name is the same, and get the defaults otherwise.
func Decode(node *yaml.Node, prefix string, before Encoder) (Encoder, error) {
	return encoders.Decode(written(node, before), prefix, before)
}

// DecodeJSON is Decode for JSON.
func DecodeJSON(text []byte, prefix string, before Encoder) (Encoder, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil || len(node.Content) == 0 {
		return before, usage.Errorf("%q is no encoder: %v", prefix, err)
	}
	return Decode(node.Content[0], prefix, before)
}

// written returns the mapping of a record: what is read where no encoder was before. In records of 2026 and earlier a
// width of 0 is the encoder's own.
func written(node *yaml.Node, before Encoder) *yaml.Node {
	if before != nil {
		return node
	}
	return registry.Without(node, func(key string, v *yaml.Node) bool { return key == "width" && v.Value == "0" })
}

// smallestImage is the height and width of the smallest images that the encoders of this package take.
const smallestImage = 8

func checkWidth(width int) error {
	if width < 1 {
		return usage.Errorf("encoder.width is %d: it must be positive", width)
	}
	return nil
}
