package pretrain

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// knnEntry is a row of the queue.
type knnEntry struct {
	feature      []float32
	label, image int32
}

// The queue holds 8 of 10 batches of 64, so that it wraps, and batches share images.
func TestOnlineKNN_VotesAsTheProtocol(t *testing.T) {
	const batch, dim, classes, images, rows = 64, 6, 3, 150, 512
	for name, b := range map[string]compute.Backend{"compiled": testbackend.Open(t), "pure Go": sequential(t)} {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			store := model.NewStore()
			defer store.Finalize()
			d := stepData{classes: classes, knnRows: rows}
			exec := model.MustNewExec(b, store, func(scope *model.Scope, h, labels, indices, step *Node) *Node {
				return onlineKNN(scope, d, h, batchOf(labels, indices, step))
			})
			defer exec.Finalize()

			var queue []knnEntry
			for step := 1; step <= 10; step++ {
				features := make([]float32, 0, batch*dim)
				var labels, indices []int32
				for _, image := range random.Perm(images)[:batch] {
					label := int32(image % classes)
					feature := make([]float32, dim)
					for i := range feature {
						feature[i] = 3 * float32(random.NormFloat64())
					}
					feature[label] += 3
					features = append(features, feature...)
					labels, indices = append(labels, label), append(indices, int32(image))
					queue = append(queue, knnEntry{feature, label, int32(image)})
				}
				queue = queue[max(0, len(queue)-rows):]

				got, err := exec.Call1(tensors.FromFlatDataAndDimensions(features, batch, dim), labels, indices,
					float32(step))
				if err != nil {
					t.Fatal(err)
				}
				want := votedAccuracy(t, queue, queue[len(queue)-batch:], classes)
				if got := tensors.ToScalar[float32](got); got != want || want == 0 || want == 1 {
					t.Errorf("step %d: the accuracy is %v, want %v", step, got, want)
				}
			}
		})
	}
}

func batchOf(labels, indices, step *Node) batch {
	return batch{labels: labels, indices: indices, step: step}
}

// votedAccuracy is the accuracy on one in four images of a batch of the votes of a queue, by package probe.
func votedAccuracy(t *testing.T, queue, batch []knnEntry, classes int) float32 {
	t.Helper()
	var right, all float32
	for i := 0; i < len(batch); i += 4 {
		type neighbor struct {
			similarity float32
			index      int32
		}
		var near []neighbor
		var labels []int32
		query := probe.Features{N: 1, D: len(batch[i].feature), X: batch[i].feature}.Normalized()
		for index, e := range queue {
			labels = append(labels, e.label)
			if e.image == batch[i].image {
				continue
			}
			cosine := float32(0)
			for k, v := range (probe.Features{N: 1, D: len(e.feature), X: e.feature}).Normalized().X {
				cosine += v * query.X[k]
			}
			near = append(near, neighbor{cosine, int32(index)})
		}

		slices.SortFunc(near, func(a, b neighbor) int { return cmp.Compare(b.similarity, a.similarity) })
		neighbors := probe.Neighbors{N: 1, K: 20}
		for _, n := range near[:20] {
			neighbors.Index = append(neighbors.Index, n.index)
			neighbors.Similarity = append(neighbors.Similarity, n.similarity)
		}
		voted, err := neighbors.Vote(labels, classes, 0.07)
		if err != nil {
			t.Fatal(err)
		}
		if all++; voted[0] == batch[i].label {
			right++
		}
	}
	return right / all
}

func TestOnlineKNN_ChangesNoOtherBit(t *testing.T) {
	// XLA's compiler without optimization rounds the same instructions differently in a larger program.
	b := sequential(t)
	run := func(rows int) (map[string]string, map[string]float32) {
		d, err := trainingData(tinySet(t), tiny())
		if err != nil {
			t.Fatal(err)
		}
		if d.knnRows != 256 {
			t.Fatalf("the queue has %d rows", d.knnRows)
		}
		d.knnRows = rows
		store := newStore(tiny())
		defer store.Finalize()
		s, err := newStepper(b, store, tiny(), d, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer s.close()

		measures := map[string]float32{}
		for step := 1; step <= 4; step++ {
			in := firstValues(tiny(), d)
			in.step, in.stream = step, augment.Stream(7, step)
			row, err := s.run(in)
			if err != nil {
				t.Fatal(err)
			}
			for i, name := range s.measureNames {
				measures[name] = row[i]
			}
		}
		return bitsOf(t, clones(t, store)), measures
	}

	with, measures := run(256)
	without, want := run(0)
	for path, bits := range without {
		if with[path] != bits {
			t.Errorf("%s has other bits", path)
		}
	}
	if len(with) != len(without)+2 || len(measures) != len(want)+1 {
		t.Errorf("%d variables and %d measures, %d and %d without", len(with), len(measures), len(without), len(want))
	}
	for name, value := range want {
		if measures[name] != value {
			t.Errorf("%s is %v, and %v without", name, measures[name], value)
		}
	}
}

// Version 0.1 had no online kNN: its checkpoints have neither a queue nor a sum of the measure since the last line.
func TestTrain_ResumesARunWithoutOnlineKNN(t *testing.T) {
	c := tiny()
	c.Epochs = 2
	tr := (&training{set: tinySet(t), config: c, backend: sequential(t)}).interrupt(t, 7) // lines of steps 1, 3 and 6
	line := tr.log(t)[2]
	measures := []string{lossMeasure, spreadMeasure, rankMeasure, knnMeasure, probeMeasure}
	measures = slices.AppendSeq(measures, maps.Keys(line.Parts))
	for layer := range line.ProbeLayers {
		measures = append(measures, probeName(layer))
	}
	slices.Sort(measures)

	path := record.CheckpointPath(tr.dir)
	saved, err := loadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(saved.values, func(path string, _ *tensors.Tensor) bool { return strings.HasPrefix(path, "/knn/") })
	at := slices.Index(measures, knnMeasure)
	saved.state.Window = slices.Delete(saved.state.Window, at, at+1)
	state, err := json.Marshal(saved.state)
	if err != nil {
		t.Fatal(err)
	}
	if err := saveTensors(path, saved.values, map[string]string{stateKey: string(state)}); err != nil {
		t.Fatal(err)
	}
	if _, err := tr.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}

	// All but the online kNN is that of a run that was never stopped.
	whole := &training{set: tr.set, config: c, backend: tr.backend}
	if _, err := whole.run(t, context.Background()); err != nil {
		t.Fatal(err)
	}
	want, log := whole.bits(t), whole.log(t)
	maps.DeleteFunc(want, func(path, _ string) bool { return strings.HasPrefix(path, "/knn/") })
	if got := tr.bits(t); !maps.Equal(got, want) {
		t.Errorf("the variables differ: %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for i := range log {
		if log[i].KNNAccuracy == nil {
			t.Errorf("line %d of a new run has no online kNN", i)
		}
		if log[i].Step > 7 {
			log[i].KNNAccuracy = nil
		}
	}
	if got := tr.log(t); !reflect.DeepEqual(got, log) {
		t.Errorf("the log is\n%+v\nwant\n%+v", got, log)
	}
}
