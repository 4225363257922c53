package probe

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
)

// curveProbe is LinearSGD or MLPProbe with options that make it quick.
type curveProbe func(train Features, labels []int32, test Features, classes int, seed uint64) (CurveResult, error)

var curveProbes = map[string]curveProbe{
	"sgd": func(train Features, labels []int32, test Features, classes int, seed uint64) (CurveResult, error) {
		return LinearSGD(backend, train, labels, test, classes, SGDOptions{Batch: 32, Epochs: 4, Seed: seed})
	},
	"mlp": func(train Features, labels []int32, test Features, classes int, seed uint64) (CurveResult, error) {
		return MLPProbe(backend, train, labels, test, classes, MLPOptions{Width: 16, Batch: 32, Epochs: 4, Seed: seed})
	},
}

func sameCurve(a, b CurveResult) bool {
	return slices.Equal(a.TrainLoss, b.TrainLoss) && slices.Equal(a.TrainAccuracy, b.TrainAccuracy) &&
		slices.EqualFunc(a.PredictedAt, b.PredictedAt, slices.Equal)
}

func TestCurveProbes_FollowTheirSeedAndNothingElse(t *testing.T) {
	train, labels := encoderLike(150, 8, 3, 1)
	test, _ := encoderLike(40, 8, 3, 2)
	poisoned := Features{N: 43, D: 8, X: append(slices.Clone(test.X), slices.Repeat([]float32{1e6}, 24)...)}
	for name, probe := range curveProbes {
		t.Run(name, func(t *testing.T) {
			fit := func(test Features, seed uint64) CurveResult {
				got, err := probe(train, labels, test, 3, seed)
				if err != nil {
					t.Fatal(err)
				}
				return got
			}
			first, other, with := fit(test, 1), fit(test, 2), fit(poisoned, 1)
			if slices.Equal(first.TrainLoss, other.TrainLoss) {
				t.Error("two seeds give the same losses")
			}
			for i := range with.PredictedAt {
				with.PredictedAt[i] = with.PredictedAt[i][:40]
			}
			if !sameCurve(first, with) {
				t.Errorf("with more test images one seed gives losses %v, then %v", first.TrainLoss, with.TrainLoss)
			}
			if len(first.PredictedAt) != 4 || len(first.TrainLoss) != 4 ||
				!slices.Equal(first.Predicted, first.PredictedAt[3]) {
				t.Errorf("%d epochs of predictions, %d of losses, want 4; the last must be the result",
					len(first.PredictedAt), len(first.TrainLoss))
			}
			if !(first.TrainLoss[3] < first.TrainLoss[0]) {
				t.Errorf("train losses %v do not fall", first.TrainLoss)
			}
		})
	}
}

func TestTrainer_CompilesOnceAndDropsTheLastPartialBatch(t *testing.T) {
	for _, c := range []struct{ images, batch, size int }{{50, 16, 16}, {50, 64, 50}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			train, labels := encoderLike(c.images, 4, 3, 1)
			var built []int // rows of each network that was built
			probe := trainer{
				name: "probe",
				network: func(scope *model.Scope, x *Node) *Node {
					built = append(built, x.Shape().Dimensions[0])
					return encoder.Dense(scope, x, 3, 0, true)
				},
				update: nesterov,
				lr:     func(int) float64 { return 0.1 },
				batch:  c.batch, epochs: 3,
			}
			if _, err := probe.fit(backend, train, labels, gaussian(7, 4, 2), 3); err != nil {
				t.Fatal(err)
			}
			if want := []int{c.size, 7}; !slices.Equal(built, want) {
				t.Errorf("networks of %v rows were compiled, want %v: one for the steps, one for test", built, want)
			}
		})
	}
}

func TestMLPProbe_SolvesTheExclusiveOrThatLinearSGDCannot(t *testing.T) {
	quadrants := func(n int, seed uint64) (f Features, sides, crosses []int32) {
		f = gaussian(n, 2, seed)
		bit := func(x *float32) int32 { // apart from 0, so that nothing is near the border
			if *x < 0 {
				*x--
				return 0
			}
			*x++
			return 1
		}
		for i := range n {
			a, b := bit(&f.X[2*i]), bit(&f.X[2*i+1])
			sides, crosses = append(sides, a), append(crosses, a^b)
		}
		return f, sides, crosses
	}
	train, trainSides, trainCrosses := quadrants(600, 1)
	test, testSides, testCrosses := quadrants(200, 2)
	probe := map[string]func(labels []int32) (CurveResult, error){
		"sgd": func(labels []int32) (CurveResult, error) {
			return LinearSGD(backend, train, labels, test, 2, SGDOptions{Epochs: 10})
		},
		"mlp": func(labels []int32) (CurveResult, error) {
			return MLPProbe(backend, train, labels, test, 2, MLPOptions{Width: 64, Batch: 64, Epochs: 20, LR: 0.01})
		},
	}
	for _, c := range []struct {
		probe, task string
		train, test []int32
		low, high   float64
	}{
		{"sgd", "sides", trainSides, testSides, 0.99, 1},
		{"sgd", "exclusive or", trainCrosses, testCrosses, 0.3, 0.7},
		{"mlp", "exclusive or", trainCrosses, testCrosses, 0.99, 1},
	} {
		got, err := probe[c.probe](c.train)
		if err != nil {
			t.Fatal(err)
		}
		if a := mustAccuracy(t, got.Predicted, c.test, 2); a < c.low || a > c.high {
			t.Errorf("%s on %s: accuracy %v, want %v to %v", c.probe, c.task, a, c.low, c.high)
		}
	}
}

func TestCurveProbes_RefuseWhatTheyCannotMeasure(t *testing.T) {
	train, labels := encoderLike(40, 4, 3, 1)
	bad := Features{N: 40, D: 4, X: slices.Clone(train.X)}
	bad.X[9] = float32(math.NaN())
	small := Features{N: 40, D: 4, X: slices.Clone(train.X)}
	for i := range small.X {
		small.X[i] /= 1024
	}
	huge := gaussian(3, 4, 1)
	huge.X[5] = math.MaxFloat32
	for name, probe := range curveProbes {
		check := func(train Features, labels []int32, test Features, classes int) error {
			_, err := probe(train, labels, test, classes, 0)
			return err
		}
		for _, c := range []struct {
			err   error
			usage bool
			want  string
		}{
			{check(train, make([]int32, 40), train, 3), true, "all 40 train labels are class 0"},
			{check(train, labels, train, 2), true, "is not in 0..1"},
			{check(train, labels, train, 1), true, "at least two"},
			{check(train, labels[1:], train, 3), true, "39 train labels for 40 images"},
			{check(train, labels, gaussian(5, 3, 1), 3), true, "test features 3"},
			{check(bad, labels, train, 3), false, "train features are not finite: image 2"},
			{check(train, labels, bad, 3), false, "test features are not finite: image 2"},
			{check(small, labels, huge, 3), false, "test features: image 1"},
		} {
			if c.err == nil || usage.Is(c.err) != c.usage || !strings.Contains(c.err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q, of usage: %t", name, c.err, c.want, c.usage)
			}
		}
	}
	sgd := func(o SGDOptions) error { _, err := LinearSGD(backend, train, labels, train, 3, o); return err }
	mlp := func(o MLPOptions) error { _, err := MLPProbe(backend, train, labels, train, 3, o); return err }
	for want, err := range map[string]error{
		"linear SGD probe needs batches and epochs of at least 1, got -1 and 90": sgd(SGDOptions{Batch: -1}),
		"MLP probe needs batches and epochs of at least 1, got 256 and -2":       mlp(MLPOptions{Epochs: -2}),
		"linear SGD probe needs a learning rate above 0, got -1":                 sgd(SGDOptions{LR: -1}),
		"MLP probe needs a learning rate above 0, got NaN":                       mlp(MLPOptions{LR: math.NaN()}),
		"MLP probe needs a hidden layer of at least 1, got -3":                   mlp(MLPOptions{Width: -3}),
	} {
		if !usage.Is(err) || err.Error() != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	err := mlp(MLPOptions{Width: 4, LR: 1e30})
	if err == nil || !strings.Contains(err.Error(), "try a smaller learning rate") {
		t.Errorf("a fit that diverges gave %v", err)
	}
}

func TestCurveProbes_OptionsShowInTheName(t *testing.T) {
	for want, o := range map[string]SGDOptions{
		"linear/sgd/b256/e90":       {},
		"linear/sgd/b256/e90/lr1":   {LR: 1},
		"linear/sgd/b64/e10/lr0.01": {Batch: 64, Epochs: 10, LR: 0.01, Seed: 3},
	} {
		if got := o.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for want, o := range map[string]MLPOptions{
		"mlp/adamw/h512/e30":          {},
		"mlp/adamw/h512/e30/b1024":    {Batch: 1024, Seed: 1},
		"mlp/adamw/h64/e5/b32/lr0.01": {Width: 64, Epochs: 5, Batch: 32, LR: 0.01},
	} {
		if got := o.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestMLPProbe_RunsInPureGo(t *testing.T) {
	train, labels := encoderLike(60, 4, 3, 1)
	opt := MLPOptions{Width: 8, Batch: 20, Epochs: 3}
	want, err := MLPProbe(backend, train, labels, train, 3, opt)
	if err != nil {
		t.Fatal(err)
	}
	got, err := MLPProbe(testbackend.PureGo(t), train, labels, train, 3, opt)
	mustBeWithin(t, "loss", got.TrainLoss, want.TrainLoss, 1e-5, err)
}
