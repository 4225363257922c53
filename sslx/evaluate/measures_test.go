package evaluate

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/dataset/corrupt"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

func TestScore_GivesTheMeasuresThatTellSomething(t *testing.T) {
	labels := make([]int32, 240)
	predicted, ranked := make([]int32, 240), probe.Ranking{K: ranks}
	for i := range labels {
		labels[i], predicted[i] = int32(i/20), int32(i/20)
		if i%2 == 1 {
			predicted[i] = 0
		}
		ranked.Classes = append(ranked.Classes, predicted[i], 1, 2, 3, labels[i])
	}
	even := Task{Name: "set/class", Classes: 12, test: labels, names: []string{"a", "b", "c"}}
	uneven := even
	uneven.test = append(slices.Clone(labels[:225]), make([]int32, 15)...)
	few := Task{Name: "set/class", Classes: 2, test: []int32{0, 1}}

	for name, c := range map[string]struct {
		task Task
		o    Outcome
		want map[string]float64
	}{
		"even": {even, Outcome{Predicted: [][]int32{predicted}, Ranking: ranked},
			map[string]float64{record.MetricAccuracy: 13. / 24, record.MetricTop5: 1}},
		"uneven": {uneven, Outcome{Predicted: [][]int32{predicted}},
			// Class 11 keeps five images, three of them right; class 0 has 35, 28 of them right.
			map[string]float64{record.MetricAccuracy: 131. / 240,
				record.MetricBalanced: (28./35 + 3./5 + 10*0.5) / 12}},
		"two classes": {few, Outcome{Predicted: [][]int32{{0, 0}},
			Ranking: probe.Ranking{K: 2, Classes: []int32{0, 1, 0, 1}}},
			map[string]float64{record.MetricAccuracy: 0.5}},
		"a measure of its own": {few, Outcome{score: func(test []int32) ([]scored, error) {
			return []scored{{metric: record.MetricNMI, value: float64(test[1]), n: 2}}, nil
		}}, map[string]float64{record.MetricNMI: 1}},
	} {
		test := part{name: "test", Images: dataset.Images{N: len(c.task.test)}}
		s, g := &session{}, group{tasks: []Task{c.task}, test: test}
		c.o.Task = c.task.Name
		all, err := s.score(record.Result{Model: "simclr"}, named{name: ProtocolKNN}, Input{}, g, c.o)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, r := range all {
			got[r.Metric] = r.Value

			// Guessing is right once in as many times as there are classes, five times with five guesses.
			guessing := map[string]float64{record.MetricAccuracy: 1, record.MetricBalanced: 1, record.MetricTop5: 5}
			if want := guessing[r.Metric] / float64(c.task.Classes); math.Abs(r.Chance-want) > 1e-12 {
				t.Errorf("%s: chance of %s is %v, want %v", name, r.Metric, r.Chance, want)
			}
		}
		for metric, want := range c.want {
			if math.Abs(got[metric]-want) > 1e-12 {
				t.Errorf("%s: %s is %v, want %v", name, metric, got[metric], want)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: got %v", name, got)
		}
		if counted := len(s.confusions) == 1; counted != (c.o.score == nil) {
			t.Errorf("%s: %d counts by class", name, len(s.confusions))
		} else if counted && len(s.confusions[0].Classes) != c.task.Classes {
			t.Errorf("%s: classes %q", name, s.confusions[0].Classes)
		}
	}
}

// fake encodes images without a network: by the mean of each channel in the upper and in the lower half.
func fake(_ context.Context, images dataset.Images) (probe.Features, error) {
	f := probe.Features{N: images.N, D: 6, X: make([]float32, 6*images.N), Layer: "encoder"}
	for i := range images.N {
		pixels := images.At(i)
		for k, v := range pixels {
			f.X[6*i+k%3+3*(2*k/len(pixels))] += float32(v) / float32(len(pixels)/6)
		}
	}
	return f, nil
}

// makeNow derives features without a cache.
func makeNow(_ context.Context, _ string, make func() (probe.Features, error)) (probe.Features, error) {
	return make()
}

func TestPatches_AverageAnImage(t *testing.T) {
	const side = 8
	images := dataset.Images{N: 2, Height: side, Width: side, Channels: 3, Pixels: make([]byte, 2*side*side*3)}
	for i := range images.At(1) {
		images.At(1)[i] = byte(10 * (i / 3 / side)) // rows get brighter
	}
	patches := patchesOf(images)
	if patches.N != 18 || patches.Height != side || len(patches.Pixels) != 18*side*side*3 {
		t.Fatalf("%d patches of %d pixels", patches.N, patches.Height)
	}

	// The first row of patches covers rows 0 to 3, the last 4 to 7: enlarged twice, from center to center.
	for patch, want := range map[int][2]byte{9: {0, 30}, 12: {20, 50}, 15: {40, 70}} {
		p := patches.At(patch)
		if p[0] != want[0] || p[len(p)-1] != want[1] {
			t.Errorf("patch %d goes from %d to %d, want %v", patch, p[0], p[len(p)-1], want)
		}
	}

	in := Input{Train: probe.Features{D: 6, Layer: "encoder"}, encode: fake}
	bags, err := bagsOf(t.Context(), in, images)
	if err != nil {
		t.Fatal(err)
	}
	if black := bags.Row(0); slices.Max(black) != 0 {
		t.Errorf("a black image has %v", black)
	}
	if row := bags.Row(1); math.Abs(float64(row[0]+row[3])-70) > 1 { // means of the halves are 35 on average
		t.Errorf("got %v", row)
	}
}

func TestCorruptions_AreScoredByCorruptionAndSeverity(t *testing.T) {
	// Two classes that brightness tells: dark and bright images.
	const side, n = 8, 40
	images := dataset.Images{N: n, Height: side, Width: side, Channels: 3, Pixels: make([]byte, n*side*side*3)}
	task := Task{Name: "set/class", Classes: 2}
	in := Input{encode: fake, derived: makeNow, Warnf: t.Logf, TrainImages: images, TestImages: images}
	for i := range n {
		task.Labels = append(task.Labels, int32(i%2))
		for k := range images.At(i) {
			images.At(i)[k] = byte(60 + i%7 + 100*(i%2) + k%5)
		}
		if i%5 == 0 {
			in.Held = append(in.Held, i)
		} else {
			in.Fit = append(in.Fit, i)
		}
	}
	task.test, in.Tasks = task.Labels, []Task{task}
	in.Train, _ = fake(t.Context(), images)
	in.Test = in.Train
	var err error
	if in.Programs, err = probe.NewPrograms(testbackend.PureGo(t)); err != nil {
		t.Fatal(err)
	}
	defer in.Programs.Close()

	outcomes, err := Corruptions{}.Measure(t.Context(), in)
	if err != nil || len(outcomes) != 1 || outcomes[0].Chosen["l2"] == 0 {
		t.Fatalf("got %+v (%v)", outcomes, err)
	}
	all, err := outcomes[0].score(task.test)
	if err != nil || len(all) != len(corrupt.Names())+1 {
		t.Fatalf("%d results (%v)", len(all), err)
	}
	sum := 0.0
	for i, name := range corrupt.Names() {
		one := all[i]
		sum += one.value
		want := "corruptions/" + name + "/n2000/linear/lbfgs/l2-val"
		if one.protocol.String() != want || len(one.parts) != 5 || one.n != n {
			t.Errorf("%+v", one)
		}
		if name == "gaussian-blur" && one.value != 1 { // it leaves the mean of an image
			t.Errorf("blur takes brightness away: %+v", one)
		}
	}
	mean := all[len(all)-1]
	if math.Abs(mean.value-sum/float64(len(corrupt.Names()))) > 1e-12 || mean.value == 1 {
		t.Errorf("the mean is %v", mean)
	}
}

func TestBestTuning_ChoosesRateThenFlips(t *testing.T) {
	for name, c := range map[string]struct {
		better func(tuning) float64
		decays []float64
		want   tuning
	}{
		"the first of equal ones": {func(tuning) float64 { return 0.5 }, []float64{1}, tuning{1e-3, 1, false}},
		"a small rate with flips": {func(c tuning) float64 {
			if c.flip {
				return 0.9 - c.rate
			}
			return 0.8 - c.rate
		}, []float64{1}, tuning{3e-4, 1, true}},
		"flips hurt": {func(c tuning) float64 {
			if c.flip {
				return 0
			}
			return c.rate
		}, []float64{1}, tuning{3e-3, 1, false}},
		"a layer decay": {func(c tuning) float64 { return 1 - c.decay/10 }, []float64{0.75, 1},
			tuning{1e-3, 0.75, false}},
	} {
		tries := 0
		got, err := bestTuning(c.decays, func(x tuning) (float64, error) { tries++; return c.better(x), nil })
		if err != nil || got != c.want || tries != len(c.decays)*len(tuneRates)+1 {
			t.Errorf("%s: got %+v after %d trainings (%v), want %+v", name, got, tries, err, c.want)
		}
	}
	failed := errors.New("no")
	if _, err := bestTuning([]float64{1}, func(tuning) (float64, error) { return 0, failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}
