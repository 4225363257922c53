package encoder

import (
	"maps"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/usage"
)

// Config names an encoder.
type Config struct {
	// Name is "convnet", "resnet18" or "resnet50".
	Name string `yaml:"name" json:"name"`

	// Width is the number of channels of the first stage; 0 means the architecture's own (32, 64, 64).
	Width int `yaml:"width" json:"width"`
}

// architecture is one way to build an encoder.
type architecture struct {
	build  func(scope *model.Scope, images featureMaps, width int, mode Mode) *Node
	width  int // channels of the first stage
	widths int // elements of a representation for each of them
}

var architectures = map[string]architecture{
	"convnet":  {convNet, 32, 8},
	"resnet18": {resNet18, 64, 8},
	"resnet50": {resNet50, 64, 32},
}

// Names returns the known encoders, sorted.
func Names() []string { return slices.Sorted(maps.Keys(architectures)) }

// Check returns an error of package usage when the configuration names no encoder or has a negative width.
func (c Config) Check() error {
	if _, ok := architectures[c.Name]; !ok {
		return usage.Unknown("encoder", c.Name, Names())
	}
	if c.Width < 0 {
		return usage.Errorf("encoder.width is %d: it must be 0 (the encoder's own) or positive", c.Width)
	}
	return nil
}

// Dim returns the number of elements of a representation.
func (c Config) Dim() int { return architectures[c.Name].widths * c.width() }

func (c Config) width() int {
	if c.Width == 0 {
		return architectures[c.Name].width
	}
	return c.Width
}

// Build returns the representation [batch, Dim] of images [batch, height, width, 3], normalised by channel. Height
// and width are at least 8. The configuration must pass Check.
//
// Convolutions are computed and activations kept in the type of the images: float32, float64 or bfloat16. For bfloat16, statistics of
// batches, sums of products and the representation are float32. Variables are float32 always.
func (c Config) Build(scope *model.Scope, images *Node, mode Mode) *Node {
	return architectures[c.Name].build(scope, featureMaps{x: images}, c.width(), mode)
}
