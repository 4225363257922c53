package pretrain

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
)

func TestRecipes_EveryObjectiveHasOne(t *testing.T) {
	for _, name := range objective.Names() {
		c, err := ReadConfig("cifar10-"+name, nil)
		if err != nil || objective.NameOf(c.Objective) != name {
			t.Errorf("cifar10-%s: objective %q, %v", name, objective.NameOf(c.Objective), err)
		}
	}
	_, err := ReadConfig("cifar10-simclar", nil)
	if !usage.Is(err) || !strings.Contains(err.Error(), `did you mean "cifar10-simclr"?`) {
		t.Errorf("an unknown recipe: %v", err)
	}
}

// narrow returns an encoder with a width of 4, if it has one.
func narrow(e encoder.Encoder) encoder.Encoder {
	if vit, ok := e.(encoder.ViT); ok {
		return vit
	}
	return must(encoder.DecodeJSON([]byte(`{"width": 4}`), "encoder", e))
}

// The networks are made narrow, which changes nothing but how long their initial values take to draw.
func TestRecipes_TheStepOfEachCanBeBuilt(t *testing.T) {
	for _, name := range Recipes() {
		c, err := ReadConfig(name, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c.Encoder, c.Projector = narrow(c.Encoder), []int{16, 8}
		d := blank(1, 10)
		d.streamed = c.Stream
		images := shapes.Make(dtypes.Uint8, 1, 32, 32, 3)
		if c.Stream {
			images.Dimensions[0] = c.Batch
		}
		store := newStore(c)
		g := NewGraph(testbackend.Open(t), name)
		var nodes []*Node
		in := stepInputs[shapes.Shape]{images, batchShapes(shapes.Make(dtypes.Int32, 1), c.Batch)}
		for i, shape := range in.list() {
			nodes = append(nodes, Parameter(g, string(rune('a'+i)), shape))
		}
		inputs, _ := splitStep(nodes)
		s := &stepper{}
		measures := s.stepGraph(store.RootScope(), c, d, c.sizeAt(0), inputs)
		if !slices.Contains(s.measureNames, lossMeasure) || measures.Shape().Size() != len(s.measureNames) {
			t.Errorf("%s measures %v in %s", name, s.measureNames, measures.Shape())
		}
		g.Finalize()
		store.Finalize()
	}
}
