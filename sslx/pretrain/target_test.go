package pretrain

import (
	"context"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/objective"
)

// A target network, views that grow, and images that come from the host: none of them changes that a run is a function
// of its configuration and resumes as if it had not stopped. A streamed step is another program than one whose images
// lie on the device: only the optimized ones round alike.
func TestTrain_ResumesTargetsResolutionsAndStreamsExactly(t *testing.T) {
	if !testbackend.Optimized(t) {
		return
	}
	c := tiny()
	c.Epochs, c.Predictor, c.Objective = 2, []int{16}, method("byol")
	for i := range c.Views {
		c.Views[i].Size = 0
	}
	c.Resolutions = []Resolution{{0, 8}, {1, 16}}
	whole := &training{set: tinySet(t), config: c}
	if _, err := whole.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	c.Stream = true
	streamed := (&training{set: whole.set, config: c}).interrupt(t, 11)
	if _, err := streamed.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	streamed.equals(t, whole)
	c.Resolutions[1].Size = 8
	other := (&training{set: whole.set, config: c}).interrupt(t, 12)
	a, b := other.log(t), whole.log(t) // a line every 3 steps, 8 steps an epoch
	if a[1].Loss != b[1].Loss || a[3].Loss == b[3].Loss {
		t.Error("a resolution must change the steps from its epoch on, and no others")
	}
}

func TestTarget_StartsAsACopyAndFollows(t *testing.T) {
	c := tiny()
	c.Predictor, c.Objective = []int{16}, method("byol")
	store := newStore(c)
	defer store.Finalize()
	set := tinySet(t)
	d, err := trainingData(set, c)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newStepper(testbackend.Open(t), store, c, d, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := startTarget(store); err != nil {
		t.Fatal(err)
	}
	value := func(path string) []float32 {
		v, err := store.GetVariable(path).Value()
		if err != nil {
			t.Fatal(err)
		}
		return tensors.MustCopyFlatData[float32](v)
	}
	const online, target = "/encoder/stem/kernel", "/target/encoder/stem/kernel"
	start := value(online)
	if !slices.Equal(value(target), start) {
		t.Fatal("the target does not start as a copy")
	}
	in := stepValues{stream: []uint32{1, 2}, lr: 0.1, ema: 0.75, step: 1}
	for i := range c.Batch {
		in.indices = append(in.indices, int32(i))
	}
	if _, err := s.run(in); err != nil {
		t.Fatal(err)
	}
	trained, followed := value(online), value(target)
	for i := range start {
		if want := 0.75*start[i] + 0.25*trained[i]; abs(followed[i]-want) > 1e-6 || trained[i] == start[i] {
			t.Fatalf("number %d went from %v to %v, and its target to %v, want %v", i, start[i], trained[i],
				followed[i], want)
		}
	}
}

func abs(x float32) float32 { return max(x, -x) }

func TestEnqueue_ReplacesTheOldestKeys(t *testing.T) {
	store := model.NewStore()
	defer store.Finalize()
	exec, err := model.NewExec(testbackend.Open(t), store, func(scope *model.Scope, z, step *Node) *Node {
		queue := directions(scope, "keys", 1, 4, z).SetTrainable(false)
		enqueue(queue, objective.Normalize(z), step)
		return queue.NodeValue(z)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	var rows [][]float32
	for step := 1; step <= 3; step++ {
		size := float32(step)
		out, err := exec.Call1([][]float32{{size, 0}, {0, -size}}, size)
		if err != nil {
			t.Fatal(err)
		}
		rows = out.Value().([][]float32)
		if step == 1 && (!slices.Equal(rows[0], []float32{1, 0}) || !slices.Equal(rows[1], []float32{0, -1})) {
			t.Errorf("the first keys are %v, want their directions", rows[:2])
		}
		for i, row := range rows {
			if length := row[0]*row[0] + row[1]*row[1]; abs(length-1) > 1e-6 {
				t.Errorf("step %d: key %d has the squared length %v", step, i, length)
			}
		}
	}
	if !slices.Equal(rows[2], []float32{1, 0}) || !slices.Equal(rows[3], []float32{0, -1}) {
		t.Errorf("after two steps the second half is %v", rows[2:])
	}
}
