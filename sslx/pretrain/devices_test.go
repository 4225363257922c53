package pretrain

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/objective"
)

// steps makes some steps of a configuration and returns the measures of each and all variables after them.
func steps(t *testing.T, c Config, count int) (measures [][]float32, names []string, variables map[string]*tensors.Tensor) {
	t.Helper()
	d, err := trainingData(tinySet(t), c)
	if err != nil {
		t.Fatal(err)
	}
	store := newStore(c)
	t.Cleanup(func() { store.Finalize() })
	s, err := newStepper(testbackend.Open(t), store, c, d, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if err := startTarget(store); err != nil {
		t.Fatal(err)
	}
	for step := 1; step <= count; step++ {
		in := input{stream: augment.Stream(c.Seed, 0), lr: 0.05, ema: 0.9, step: step}
		for i := range c.Batch {
			in.indices = append(in.indices, int32((step*c.Batch+7*i)%d.images()))
		}
		m, err := s.run(in)
		if err != nil {
			t.Fatal(err)
		}
		measures = append(measures, m)
	}
	return measures, s.measures, clones(t, store)
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

// The global batch decides: losses, gradients (the optimizer's momentum after one step), batch statistics and target
// are those of one device. Gradients carry the rounding of all layers, and sums in another order change them by up to
// 1.5e-5 of their length (all ten methods), as a batch in another order does on one device; package objective compares
// the gradients of every loss by itself.
func TestDevicesThatShareABatchTrainAsOneDoes(t *testing.T) {
	if n := testbackend.Open(t).NumDevices(); n < 4 {
		t.Skipf("%s has %d devices", testbackend.Open(t).Name(), n)
	}
	for _, name := range []string{"simclr", "byol"} {
		t.Run(name, func(t *testing.T) {
			c := tiny()
			c.Objective = objective.Config{Name: name}
			c.Predictor = []int{16}
			one, names, want := steps(t, c, 1)
			for _, devices := range []int{2, 4} {
				c.Devices = devices
				several, _, got := steps(t, c, 1)
				for step := range one {
					for i, v := range one[step] {
						if d := math.Abs(float64(several[step][i]-v)) / max(1, math.Abs(float64(v))); !(d <= 1e-5) {
							t.Errorf("%d devices, step %d: %s is %v, and %v on one", devices, step+1, names[i], several[step][i], v)
						}
					}
				}
				for path, value := range want {
					tolerance := 1e-5
					if strings.Contains(path, "momentum") || strings.HasSuffix(path, "offset") { // which is a gradient too
						tolerance = 4e-5
					}
					if e := relative(t, got[path], value); !(e <= tolerance) {
						t.Errorf("%d devices: %s differs by %.1e of its length", devices, path, e)
					}
				}
			}
		})
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
