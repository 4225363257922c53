package pretrain

import (
	"context"
	"flag"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/objective"
)

// chunkedTiny is a batch of 32 in chunks of 8, without weight decay: the momentum after the first step is the gradient.
func chunkedTiny(o objective.Objective) Config {
	c := tiny()
	c.Chunk, c.Objective, c.Optimizer.WeightDecay = 8, o, 0
	c.Views = augment.Views{{Size: 8, Flip: 0.5}, {Size: 8, Flip: 0.5}}
	if o.Needs().Predictor {
		c.Predictor = []int{16}
	}
	return c
}

// ghostGraph is the step of c that plain autodiff differentiates whole: every chunk goes through the networks for
// itself, and the loss sees all of them.
func ghostGraph(s *stepper, c Config, d stepData) func(*model.Scope, []*Node) *Node {
	return func(scope *model.Scope, inputs []*Node) *Node {
		in, _ := splitStep(inputs)
		var all [][]*Node
		for start := 0; start < c.Batch; start += c.Chunk {
			chunk := in
			chunk.indices = Slice(in.indices, AxisRange(start, start+c.Chunk))
			all = append(all, encode(scope, c, normalizedViews(c, d, 0, newBatch(d, chunk))).nodes())
		}
		joined := make([]*Node, len(all[0]))
		for i := range joined {
			var parts []*Node
			for _, nodes := range all {
				parts = append(parts, nodes[i])
			}
			joined[i] = Concatenate(parts, 0)
		}

		out, b := outputsOf(c, joined), newBatch(d, in)
		terms := objective.Loss(c.Objective, out.objectiveInputs(scope, c, d, b))
		applyGradients(scope.At("optimizer"), c.Optimizer, terms.Loss, b.lr, b.step, scope.At(encoderScope),
			scope.At(projectorScope), scope.At(predictorScope), scope.At(classifierScope), scope.At(prototypesScope))
		scalePrototypes(scope, terms.Loss)
		if c.Objective.Needs().Target {
			updateTarget(scope, b.ema)
		}
		return s.measures(scope, c, d, b, out, terms)
	}
}

// ghostStepper runs ghostGraph.
func ghostStepper(t *testing.T, b compute.Backend, store *model.Store, c Config, d stepData) *stepper {
	t.Helper()
	s := &stepper{devices: 1}
	if err := s.load(b, d); err != nil {
		t.Fatal(err)
	}
	s.exec = model.MustNewExec(b, store, ghostGraph(s, c, d))
	labels := s.data[0].labels.Shape()
	in := stepInputs[shapes.Shape]{s.data[0].pixels.Shape(), batchShapes(labels, c.Batch)}
	if _, err := s.exec.Compile(in.list()...); err != nil {
		t.Fatal(err)
	}
	return s
}

// firstStep makes a step of c on set, as ghostStepper does or not, and returns its measures by name and all variables.
func firstStep(t *testing.T, b compute.Backend, set *dataset.Set, c Config, ghost bool) (map[string]float64,
	map[string]*tensors.Tensor) {
	t.Helper()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	d, err := trainingData(set, c)
	if err != nil {
		t.Fatal(err)
	}
	store := newStore(c)
	t.Cleanup(func() { store.Finalize() })
	var s *stepper
	if ghost {
		s = ghostStepper(t, b, store, c, d)
	} else if s, err = newStepper(b, store, c, d, 0); err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := startTarget(store); err != nil {
		t.Fatal(err)
	}
	row, err := s.run(firstValues(c, d))
	if err != nil {
		t.Fatal(err)
	}
	measures := map[string]float64{}
	for i, name := range s.measureNames {
		measures[name] = float64(row[i])
	}
	return measures, clones(t, store)
}

func firstValues(c Config, d stepData) stepValues {
	in := stepValues{stream: augment.Stream(c.Seed, 0), lr: 0.05, ema: 0.9, step: 1}
	for i := range c.Batch {
		index := 7 * i % d.N
		in.indices = append(in.indices, int32(index))
		if d.streamed {
			in.pixels = append(in.pixels, d.At(index)...)
		}
	}
	return in
}

// All that a step changes is compared: with the gradient, running statistics, predictor, classifier, target, probes
// and their optimizer's state.
func TestChunkedStep_IsPlainAutodiffOfTheWholeBatch(t *testing.T) {
	set, b := tinySet(t), sequential(t)
	methods := map[string]objective.Objective{
		"random-k":  objective.SimCLR{Temperature: 0.5, Negatives: objective.Negatives{Kind: "random-k"}},
		"crop-same": objective.SimCLR{Temperature: 0.5, Negatives: objective.Negatives{Kind: "crop-same"}},
	}
	for _, name := range objective.Names() {
		methods[name] = method(name)
	}
	for name, o := range methods {
		t.Run(name, func(t *testing.T) {
			c := chunkedTiny(o)
			wanted, want := firstStep(t, b, set, c, true)
			measures, got := firstStep(t, b, set, c, false)
			mustAgree(t, measures, wanted, got, want, 1e-5)
		})
	}
	t.Run("streamed", func(t *testing.T) {
		c := chunkedTiny(method("vicreg"))
		wanted, want := firstStep(t, b, set, c, true)
		c.Stream = true
		measures, got := firstStep(t, b, set, c, false)
		mustAgree(t, measures, wanted, got, want, 1e-5)
		c.Chunk = 0
		_, got = firstStep(t, b, set, c, false)
		if e := relativeGradient(t, got, want); e < 1e-2 {
			t.Errorf("with the statistics of the whole batch, the gradient differs by %.1e only: the test shows "+
				"nothing", e)
		}
	})
}

// The compiled program joins chunks in another way than the pure-Go one, and draws in a loop. XLA rounds sums over
// another number of images differently, as TestDevices_TrainAsOneDoes says.
func TestChunkedStep_CompiledIsPlainAutodiffOfTheWholeBatch(t *testing.T) {
	set, b := tinySet(t), testbackend.Open(t)
	c := chunkedTiny(objective.MoCo{Temperature: 0.2, EMA: 0.99, Queue: 64})
	c.Chunk = 16
	wanted, want := firstStep(t, b, set, c, true)
	measures, got := firstStep(t, b, set, c, false)
	mustAgree(t, measures, wanted, got, want, 1e-4)
}

var wholeBatch = flag.Bool("batch4096", false, "compare batches of 4096 images in chunks with plain autodiff")

// Sums over 4096 images in another order round differently, as on several devices.
func TestChunkedStep_Of4096ImagesIsPlainAutodiffOfTheWholeBatch(t *testing.T) {
	if !*wholeBatch {
		t.Skip("takes a minute and 3 GiB a method: -batch4096 runs it")
	}
	set := opened(t, dataset.FactorsOptions{Train: 4096, Test: 64})
	for _, name := range []string{"simclr", "vicreg", "barlow"} {
		t.Run(name, func(t *testing.T) {
			c := chunkedTiny(method(name))
			c.Batch, c.Chunk = 4096, 256
			wanted, want := firstStep(t, testbackend.Open(t), set, c, true)
			measures, got := firstStep(t, testbackend.Open(t), set, c, false)
			mustAgree(t, measures, wanted, got, want, 1e-4)
			if e := relativeGradient(t, got, want); !(e <= 1e-5) {
				t.Errorf("the gradient differs by %.1e of its length", e)
			}
		})
	}
}

// sequential is the pure-Go backend, which compiles in no time, with one operation at once: several wait for each other
// for ever now and then (compute v0.1.2).
func sequential(t *testing.T) compute.Backend {
	t.Helper()
	testbackend.PureGo(t)
	b, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// mustAgree fails the test where a measure or a variable differs by more than a share of its length.
func mustAgree(t *testing.T, measures, wanted map[string]float64, got, want map[string]*tensors.Tensor,
	tolerance float64) {
	t.Helper()
	if len(got) != len(want) || len(measures) != len(wanted) {
		t.Errorf("%d measures and %d variables, want %d and %d", len(measures), len(got), len(wanted), len(want))
	}
	for name, v := range wanted {
		if d := math.Abs(measures[name]-v) / max(1, math.Abs(v)); !(d <= tolerance) {
			t.Errorf("%s is %v, want %v", name, measures[name], v)
		}
	}
	for path, value := range want {
		if e := relative(t, got[path], value); !(e <= tolerance) {
			t.Errorf("%s differs by %.1e of its length", path, e)
		}
	}
	t.Logf("the gradient differs by %.1e of its length", relativeGradient(t, got, want))
}

// relativeGradient returns the distance of two gradients to all variables that the loss trains, as a share of the
// length of the second.
func relativeGradient(t *testing.T, got, want map[string]*tensors.Tensor) float64 {
	t.Helper()
	var a, b []float32
	for path := range want {
		if strings.HasPrefix(path, "/optimizer/") {
			a = append(a, tensors.MustCopyFlatData[float32](got[path])...)
			b = append(b, tensors.MustCopyFlatData[float32](want[path])...)
		}
	}
	if len(b) == 0 {
		t.Fatal("there is no gradient")
	}
	return relative(t, tensors.FromFlatDataAndDimensions(a, len(a)), tensors.FromFlatDataAndDimensions(b, len(b)))
}

func TestChunkedStep_ResumesExactly(t *testing.T) {
	c := chunkedTiny(method("byol"))
	c.Epochs, c.Chunk = 2, 16
	whole := &training{set: tinySet(t), config: c, backend: sequential(t)}
	if _, err := whole.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	resumed := (&training{set: whole.set, config: c, backend: whole.backend}).interrupt(t, 5)
	if _, err := resumed.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	resumed.equals(t, whole)
}
