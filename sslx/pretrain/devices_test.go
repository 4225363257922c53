package pretrain

import (
	"flag"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
)

var deviceSteps = flag.Int("device-steps", 0, "compare every method on 1, 2 and 4 devices for so many steps")

// stepped is what one step of a configuration gave: measures, and all variables after it.
type stepped struct {
	measures  map[string]float64
	variables map[string]*tensors.Tensor
}

// steps makes some steps of a configuration, each but the first from the variables that the step before it left in
// from, with the images of each batch in a reversed order if asked.
func steps(t *testing.T, c Config, count int, from []stepped, reversed bool) (made []stepped) {
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
		in := stepValues{stream: augment.Stream(c.Seed, 0), lr: 0.05, ema: 0.9, step: step}
		for i := range c.Batch {
			in.indices = append(in.indices, int32((step*c.Batch+7*i)%d.N))
		}
		if reversed {
			slices.Reverse(in.indices)
		}
		row, err := s.run(in)
		if err != nil {
			t.Fatal(err)
		}
		measures := map[string]float64{}
		for i, name := range s.measureNames {
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

// The global batch decides: loss, gradients (without momentum, the optimizer's state), batch statistics and target are
// the same on several devices as on one. Each step starts from the variables of one device, because steps magnify
// rounding.
//
// In float64 every step has to agree. In float32 a gradient carries the rounding of all layers. Sums in another order
// change the gradient to a single variable by up to 4e-5 of its length, as a batch in another order does on one device.
// And in a few of many steps an activation is so near to 0 that rounding decides whether ReLU passes it, and with it a
// part of the gradient. So most steps have to agree, and the test's log also has the same steps on one device with each
// batch in reverse order.
func TestDevices_TrainAsOneDoes(t *testing.T) {
	if n := testbackend.Open(t).NumDevices(); n < 4 {
		t.Skipf("%s has %d devices", testbackend.Open(t).Name(), n)
	}
	names, count := []string{"simclr", "byol"}, 1
	if *deviceSteps > 0 {
		names, count = objective.Names(), *deviceSteps
	}
	for _, name := range names {
		for precision, typical := range map[string]func([]float64) float64{
			"float32": median,
			"float64": slices.Max[[]float64],
		} {
			t.Run(name+" "+precision, func(t *testing.T) {
				c := tiny()
				c.Objective, c.Predictor, c.Precision = method(name), nil, precision
				if c.Objective.Needs().Predictor {
					c.Predictor = []int{16}
				}
				c.Optimizer.Rule, c.Optimizer.WeightDecay = optimizer.SGD{}, 0
				want := steps(t, c, count, nil, false)
				if *deviceSteps > 0 {
					t.Logf("1 device, reversed: %v", differencesOf(t, steps(t, c, count, want, true), want))
				}
				for _, devices := range []int{2, 4} {
					c.Devices = devices
					d := differencesOf(t, steps(t, c, count, want, false), want)
					t.Logf("%d devices: %v", devices, d)
					for what, c := range map[string]struct{ got, most float64 }{
						"measures":        {slices.Max(d.measures), 1e-5},
						"the gradient":    {typical(d.gradients), 1e-5},
						"parts of it":     {typical(d.parts), 4e-5},
						"other variables": {typical(d.others), 1e-5},
					} {
						if !(c.got <= c.most) {
							t.Errorf("%d devices: %s differ by %.1e, more than rounding", devices, what, c.got)
						}
					}
				}
			})
		}
	}
}

// differences is by how much each of some steps differs from another, as shares of what is compared: the worst measure,
// the gradient, the worst part of it, and the worst of the other variables.
type differences struct{ measures, gradients, parts, others []float64 }

func (d differences) String() string {
	above := 0
	for _, e := range d.gradients {
		if !(e <= 1e-5) {
			above++
		}
	}
	return fmt.Sprintf("measures of %d steps differ by %.1e at most; the gradient by %.1e in the median, in %d steps "+
		"by more than 1e-5, by %.1e at most; its worst part by %.1e in the median, by %.1e at most; other variables "+
		"by %.1e in the median", len(d.measures), slices.Max(d.measures), median(d.gradients), above,
		slices.Max(d.gradients), median(d.parts), slices.Max(d.parts), median(d.others))
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func differencesOf(t *testing.T, got, want []stepped) (d differences) {
	t.Helper()
	for step := range want {
		measure, part, other := 0.0, 0.0, 0.0
		for name, v := range want[step].measures {
			measure = math.Max(measure, math.Abs(got[step].measures[name]-v)/max(1, math.Abs(v)))
		}
		for path, value := range want[step].variables {
			at := &other
			if strings.HasPrefix(path, "/optimizer/") || strings.HasSuffix(path, "offset") { // an offset starts at 0
				at = &part
			}
			*at = math.Max(*at, relative(t, got[step].variables[path], value))
		}
		d.measures, d.parts, d.others = append(d.measures, measure), append(d.parts, part), append(d.others, other)
		d.gradients = append(d.gradients, relativeGradient(t, got[step].variables, want[step].variables))
	}
	return d
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
