package pretrain

import (
	"flag"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
)

var deviceSteps = flag.Int("device-steps", 0, "compare every method on 1, 2 and 4 devices for so many steps")

// stepped is what one step of a configuration gave: measures, and all variables after it.
type stepped struct {
	measures  map[string]float64
	variables map[string]*tensors.Tensor
}

// steps makes some steps of a configuration, each but the first from the variables that the step before it left in from.
func steps(t *testing.T, c Config, count int, from []stepped) (made []stepped) {
	t.Helper()
	d, err := trainingData(tinySet(t), c)
	if err != nil {
		t.Fatal(err)
	}
	store := newStore(c)
	defer store.Finalize()
	s, err := newStepper(testbackend.Open(t), store, c, d, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := startTarget(store); err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= count; step++ {
		if step > 1 && from != nil {
			restore(t, store, from[step-2].variables)
		}
		in := input{stream: augment.Stream(c.Seed, 0), lr: 0.05, ema: 0.9, step: step}
		for i := range c.Batch {
			in.indices = append(in.indices, int32((step*c.Batch+7*i)%d.images()))
		}
		row, err := s.run(in)
		if err != nil {
			t.Fatal(err)
		}
		measures := map[string]float64{}
		for i, name := range s.measures {
			measures[name] = float64(row[i])
		}
		made = append(made, stepped{measures, clones(t, store)})
	}
	return made
}

func restore(t *testing.T, store *model.Store, variables map[string]*tensors.Tensor) {
	t.Helper()
	for v := range store.IterVariables() {
		value, err := variables[v.Path()].LocalClone()
		if err != nil {
			t.Fatal(err)
		}
		if err := v.SetValue(value); err != nil {
			t.Fatal(err)
		}
	}
}

// clones returns copies of all variables by path.
func clones(t *testing.T, store *model.Store) map[string]*tensors.Tensor {
	t.Helper()
	variables := map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		value, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		if variables[v.Path()], err = value.LocalClone(); err != nil {
			t.Fatal(err)
		}
	}
	return variables
}

// The global batch decides: losses, gradients (without momentum, what the optimizer keeps), batch statistics and target are
// those of one device. A gradient carries the rounding of all layers, and sums in another order change that to a single
// variable by up to 4e-5 of its length, as a batch in another order does on one device; package objective compares the
// gradients of every loss by itself. Each step starts from what one device had made, because steps magnify rounding.
func TestDevicesThatShareABatchTrainAsOneDoes(t *testing.T) {
	if n := testbackend.Open(t).NumDevices(); n < 4 {
		t.Skipf("%s has %d devices", testbackend.Open(t).Name(), n)
	}
	names, count := []string{"simclr", "byol"}, 1
	if *deviceSteps > 0 {
		names, count = objective.Names(), *deviceSteps
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			c := tiny()
			c.Objective, c.Predictor = objective.Config{Name: name}, nil
			if c.Objective.Needs().Predictor {
				c.Predictor = []int{16}
			}
			c.Optimizer.Momentum, c.Optimizer.WeightDecay = 0, 0
			want := steps(t, c, count, nil)
			for _, devices := range []int{2, 4} {
				c.Devices = devices
				worst := sharing{}
				for step, got := range steps(t, c, count, want) {
					worst.compare(t, got, want[step])
				}
				t.Logf("%d devices, %d steps: measures differ by %.1e at most, the gradient by %.1e, its worst variable by %.1e, "+
					"other variables by %.1e", devices, count, worst.measure, worst.gradient, worst.gradientOf, worst.variable)
				if !(max(worst.measure, worst.gradient, worst.variable) <= 1e-5 && worst.gradientOf <= 4e-5) {
					t.Errorf("%d devices differ from one by more than rounding: %+v", devices, worst)
				}
			}
		})
	}
}

// sharing is by how much steps on several devices differ from those on one, as shares of what is compared.
type sharing struct{ measure, gradient, gradientOf, variable float64 }

func (w *sharing) compare(t *testing.T, got, want stepped) {
	t.Helper()
	for name, v := range want.measures {
		w.measure = math.Max(w.measure, math.Abs(got.measures[name]-v)/max(1, math.Abs(v)))
	}
	w.gradient = math.Max(w.gradient, relativeGradient(t, got.variables, want.variables))
	for path, value := range want.variables {
		at := &w.variable
		if strings.HasPrefix(path, "/optimizer/") || strings.HasSuffix(path, "offset") { // an offset starts at 0
			at = &w.gradientOf
		}
		*at = math.Max(*at, relative(t, got.variables[path], value))
	}
}

// relative returns the distance of a and b as a share of the length of b.
func relative(t *testing.T, a, b *tensors.Tensor) float64 {
	t.Helper()
	x, y := tensors.MustCopyFlatData[float32](a), tensors.MustCopyFlatData[float32](b)
	length, distance := 0.0, 0.0
	for i := range y {
		length = math.Hypot(length, float64(y[i]))
		distance = math.Hypot(distance, float64(x[i])-float64(y[i]))
	}
	if length == 0 {
		return distance
	}
	return distance / length
}
