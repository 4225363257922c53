package pretrain

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// Things as another module would bring them, each with a parameter and with all that a run keeps for it. They are
// registered in child processes only: other tests list what is registered.

// sticky is an objective with everything that Needs can ask for but a queue.
type sticky struct {
	Pull float64 `yaml:"pull"`
}

func (o sticky) Needs() objective.Needs {
	return objective.Needs{
		Predictor: true, Target: true, Labels: true, Logits: true, Random: true,
		TargetViews: 1, OutputNorm: true, Prototypes: 5, Directions: 4, State: map[string]int{"center": 5},
		TargetMomentum: func(progress float64) float64 { return 0.5 + 0.4*progress },
		Negatives: objective.ExtraViews{Count: 1, View: func(anchor augment.Config) augment.Config {
			return augment.Config{Size: anchor.Size, Noise: 0.1}
		}},
	}
}

func (o sticky) Loss(in objective.Inputs) objective.Terms {
	pull := ReduceAllMean(Square(Sub(in.Predictions[1], in.Targets[0])))
	push := ReduceAllMean(Mul(in.Views[0], in.Negatives[0]))
	noise := ReduceAllMean(Mul(in.Random(1), ReduceAndKeep(in.Logits[0], ReduceMean, -1)))

	// Prototypes of both networks, directions, and a state that follows the scores.
	scores := ReduceMean(Dot(in.Views[0], in.Prototypes).EinsumAxes([][2]int{{1, 1}}, nil), 0)         // [5]
	wanted := ReduceMean(Dot(in.Targets[0], in.TargetPrototypes).EinsumAxes([][2]int{{1, 1}}, nil), 0) // [5]
	drawn := ReduceMean(Dot(in.Views[1], in.Directions).EinsumAxes([][2]int{{1, 1}}, nil), 0)          // [4]
	center := in.State["center"]
	pull = Add(pull, ReduceAllMean(Square(Sub(scores, Add(wanted, center)))))
	push = Add(push, ReduceAllMean(Square(drawn)))

	loss := Add(Add(MulScalar(pull, o.Pull), push), noise)
	return objective.Terms{
		Loss:  loss,
		Parts: map[string]*Node{"pull": pull, "push": push, "noise": noise},
		State: map[string]*Node{"center": Add(MulScalar(center, 0.9), MulScalar(wanted, 0.1))},
	}
}

// counting is an encoder with a variable that training moves without a gradient.
type counting struct {
	Features int `yaml:"features"`
}

func (e counting) Build(scope *model.Scope, images *Node, mode encoder.Mode) *Node {
	steps := scope.GetVariable("steps")
	if steps == nil {
		steps = scope.VariableWithValue("steps", float32(0)).SetTrainable(false)
	}
	if mode == encoder.Train {
		steps.SetNodeValue(AddScalar(steps.NodeValue(images), 1))
	}

	batch := images.Shape().Dimensions[0]
	h := encoder.Dense(scope, Reshape(images, batch, -1), e.Features, 2, true) // [batch, features]
	return Add(h, MulScalar(steps.NodeValue(images), 1e-3))
}

func (e counting) Dim() int   { return e.Features }
func (counting) MinSize() int { return 4 }

// signed is a rule with a state (Lion without weight decay).
type signed struct {
	Beta float64 `yaml:"beta"`
}

func (signed) Slots() []string { return []string{"average"} }

func (r signed) Update(p optimizer.State) (*Node, []*Node) {
	average := Add(MulScalar(p.Slots[0], r.Beta), MulScalar(p.Gradient, 1-r.Beta))
	return Sub(p.Value, Mul(p.LR, Sign(average))), []*Node{average}
}

// dimmed is an operation that draws.
type dimmed struct {
	augment.SameSize
	Least float64 `yaml:"least"`
}

func (dimmed) Name() string { return "dimmed" }

func (o dimmed) Draw(uniform, _ augment.Source, _, _, _ int) augment.Params {
	return augment.Params{"factor": augment.Between(uniform(1), o.Least, 1)}
}

func (dimmed) Apply(images *Node, p augment.Params) *Node {
	return Mul(images, augment.PerImage(p["factor"]))
}

// registerOwn registers them.
func registerOwn() {
	objective.Register("sticky", sticky{Pull: 1})
	encoder.Register("counting", counting{Features: 8})
	optimizer.Register("signed", signed{Beta: 0.5})
	augment.Register("dimmed", dimmed{Least: 0.9})
}

// ownConfig names them, each with a parameter that is not the default.
const ownConfig = `
seed: 3
epochs: 6
batch: 32
log_steps: 3
views:
- {size: 8, flip: 0.5, operations: [{name: dimmed, least: 0.5}]}
- {size: 8, flip: 0.5, operations: [{name: dimmed, least: 0.5}]}
encoder: {name: counting, features: 12}
projector: [16, 8]
predictor: [16]
objective: {name: sticky, pull: 2}
optimizer: {name: signed, lr: 0.001, beta: 0.9}
`

func TestTrain_ResumesThingsOfAnotherModuleExactly(t *testing.T) {
	testbackend.PureGo(t) // skips where it cannot run
	set := tinySet(t)
	folder := t.TempDir()
	config := filepath.Join(folder, "own.yaml")
	if err := os.WriteFile(config, []byte(ownConfig), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv(childConfig, config)

	whole := &training{set: set, dir: filepath.Join(folder, "whole")}
	trainKilled(t, whole.dir, set.Path(), 0, nil)
	killed := &training{set: set, dir: filepath.Join(folder, "killed")}
	last := trainKilled(t, killed.dir, set.Path(), 6, func() {})
	t.Logf("killed after %q", last)
	trainKilled(t, killed.dir, set.Path(), 0, nil)

	killed.equals(t, whole)
	bits := whole.bits(t)
	slot := "/optimizer/" + model.EscapeScopeName("encoder/kernel") + "/average"
	for _, variable := range []string{"/encoder/steps", "/target/encoder/kernel", slot, "/projector/output/mean",
		"/prototypes/vectors", "/target/prototypes/vectors", "/state/center"} {
		if bits[variable] == "" {
			t.Errorf("%s is not kept", variable)
		}
	}
	written, err := os.ReadFile(filepath.Join(whole.dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"name: sticky", "pull: 2",
		"name: counting", "features: 12",
		"name: signed", "beta: 0.9",
		"name: dimmed", "least: 0.5",
	} {
		if !strings.Contains(string(written), text) {
			t.Errorf("the run's configuration lacks %q:\n%s", text, written)
		}
	}
}

// misnamed is an objective whose part would hide another measure.
type misnamed struct{ sticky }

func (misnamed) Needs() objective.Needs { return objective.Needs{} }

func (misnamed) Loss(in objective.Inputs) objective.Terms {
	loss := ReduceAllMean(Square(Sub(in.Views[0], in.Views[1])))
	return objective.Terms{Loss: loss, Parts: map[string]*Node{rankMeasure: loss}}
}

func TestStepGraph_RefusesAPartWithTheNameOfAMeasure(t *testing.T) {
	c := tiny()
	c.Objective = misnamed{}
	store := newStore(c)
	defer store.Finalize()
	_, err := newStepper(sequential(t), store, c, blank(64, 4), 0)
	if err == nil || !strings.Contains(err.Error(), `part of the loss named "rank"`) {
		t.Errorf("got %v", err)
	}
}
