package objective

import (
	"maps"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
)

// Config names an objective and its parameters.
type Config struct {
	// Name is "simclr".
	Name string `yaml:"name" json:"name"`

	// Temperature divides the similarities of a contrastive loss; positive. 0 means the method's own.
	Temperature float64 `yaml:"temperature" json:"temperature"`
}

// Terms is a loss and what it is made of, all scalars.
type Terms struct {
	Loss *Node

	// Parts are the named terms that add up to the loss.
	Parts map[string]*Node

	// Chance is the value of the loss when the embeddings tell nothing: training that stays there learns nothing.
	Chance float64
}

type method struct {
	loss  func(c Config, views []*Node) Terms
	check func(c Config) error
}

var methods = map[string]method{
	"simclr": {simCLR, Config.checkTemperature},
}

// Names returns the known objectives, sorted.
func Names() []string { return slices.Sorted(maps.Keys(methods)) }

// Check returns an error of package usage when the configuration names no objective or a parameter is out of range.
func (c Config) Check() error {
	m, ok := methods[c.Name]
	if !ok {
		return usage.Unknown("objective", c.Name, Names())
	}
	return m.check(c)
}

// Loss builds the loss of the embeddings of two views, each [batch, dim]. The configuration must pass Check.
func (c Config) Loss(views []*Node) Terms { return methods[c.Name].loss(c, views) }

func (c Config) checkTemperature() error {
	if !(c.Temperature >= 0) || math.IsInf(c.Temperature, 1) {
		return usage.Errorf("objective.temperature is %g: it must be positive (0 takes the method's own)", c.Temperature)
	}
	return nil
}
