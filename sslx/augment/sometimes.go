package augment

import (
	"errors"
	"maps"

	. "github.com/gomlx/gomlx/core/graph"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/usage"
)

func init() { Register("sometimes", Sometimes{Probability: 0.5}) }

// errNested is what Check and UnmarshalYAML return for the operation of a Sometimes that is a Sometimes.
var errNested = usage.Errorf("sometimes is the operation of sometimes: multiply the two probabilities instead")

// Sometimes applies an operation that keeps the size of an image with the given probability (torchvision's
// RandomApply, whose default is 0.5). Parameters: "applied" [batch, 1], the draw, below Probability where it applies,
// and the operation's own. It computes the operation for every image. Its random numbers are keyed by the
// operation's name. In YAML, the key "operation" holds the operation as in the list of a [Config].
type Sometimes struct {
	Operation   `yaml:"operation"`
	Probability float64 `yaml:"probability"`
}

// Draw implements [Operation].
func (o Sometimes) Draw(uniform, normal Source, height, width, channels int) Params {
	p := Params{"applied": uniform(1)}
	maps.Copy(p, o.Operation.Draw(uniform, normal, height, width, channels))
	return p
}

// Apply implements [Operation].
func (o Sometimes) Apply(images *Node, p Params) *Node {
	return Where(Applies(p["applied"], o.Probability), o.Operation.Apply(images, p), images)
}

// Describe implements [Describer].
func (o Sometimes) Describe(d Drawn) string {
	if float64(d["applied"]) >= o.Probability {
		return ""
	}
	d = maps.Clone(d)
	delete(d, "applied")
	return Describe(o.Operation, d)
}

// TakesChannels implements [ChannelTaker].
func (o Sometimes) TakesChannels(n int) error { return takesChannels(o.Operation, n) }

// Check returns an error when there is no operation, or one that is not registered, has a parameter out of range or
// changes the size of an image, and for a probability out of range.
func (o Sometimes) Check() error {
	switch o.Operation.(type) {
	case nil:
		return errors.New("there is no operation: set operation to the one that it applies")
	case Sometimes:
		return errNested
	}

	if err := registered.Check(o.Operation); err != nil {
		return err
	}
	if height, width := o.Size(97, 61); height != 97 || width != 61 { // any size would do
		return errors.New("its operation changes the size of an image: choose one that does not")
	}
	return inRange(probabilityLimit(o.Probability))
}

// MarshalYAML implements [yaml.Marshaler].
func (o Sometimes) MarshalYAML() (any, error) {
	operation, err := registered.Encode(o.Operation)
	return struct {
		Operation   *yaml.Node
		Probability float64
	}{operation, o.Probability}, err
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (o *Sometimes) UnmarshalYAML(node *yaml.Node) error {
	fields := struct {
		Operation   yaml.Node
		Probability float64
	}{Probability: o.Probability}
	if err := node.Decode(&fields); err != nil {
		return err
	}

	o.Probability = fields.Probability
	if fields.Operation.IsZero() {
		return nil
	}
	inner := resolved(&fields.Operation)
	if named(inner, NameOf(*o)) {
		return errNested // before it is read: an alias may make it hold itself
	}
	operation, err := registered.Decode(inner, "operation", o.Operation)
	if err == nil {
		o.Operation = operation
	}
	return err
}

// named reports whether a YAML node is the operation of a name.
func named(node *yaml.Node, name string) bool {
	if node.Kind == yaml.ScalarNode {
		return node.Value == name
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == "name" && resolved(node.Content[i+1]).Value == name {
			return true
		}
	}
	return false
}
