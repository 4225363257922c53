package probe

import (
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

func encoderVariables() map[string]*tensors.Tensor {
	return map[string]*tensors.Tensor{
		"/encoder/conv/weights":    tensors.FromValue([][]float32{{1, 2}, {3, 4}}),
		"/encoder/norm/mean":       tensors.FromValue([]float32{0.5, -0.5}),
		"/encoder/norm/variance":   tensors.FromValue([]float32{1, 1}),
		"/encoder/norm/batchcount": tensors.FromValue(int64(7)),
	}
}

func TestFrozenCheck_NamesTheVariableThatChanged(t *testing.T) {
	for _, c := range []struct {
		name string
		leak func(map[string]*tensors.Tensor)
		want string
	}{
		{"nothing", func(map[string]*tensors.Tensor) {}, ""},
		{"one running statistic by one unit in the last place", func(v map[string]*tensors.Tensor) {
			tensors.MustMutableFlatData(v["/encoder/norm/mean"], func(x []float32) { x[1] = -0.50000006 })
		}, `"/encoder/norm/mean" changed`},
		{"another type", func(v map[string]*tensors.Tensor) {
			v["/encoder/norm/batchcount"] = tensors.FromValue(uint64(7))
		}, `"/encoder/norm/batchcount" changed`},
		{"another shape", func(v map[string]*tensors.Tensor) {
			v["/encoder/conv/weights"] = tensors.FromValue([]float32{1, 2, 3, 4})
		}, `"/encoder/conv/weights" changed`},
		{"gone", func(v map[string]*tensors.Tensor) {
			delete(v, "/encoder/norm/variance")
		}, `"/encoder/norm/variance" is gone`},
		{"new", func(v map[string]*tensors.Tensor) { v["/probe"] = tensors.FromValue(int32(1)) }, `"/probe" is new`},
		{"freed", func(v map[string]*tensors.Tensor) {
			v["/encoder/norm/mean"].MustFinalizeAll()
		}, `reading variable "/encoder/norm/mean"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			variables := encoderVariables()
			check, err := NewFrozenCheck(variables)
			if err != nil {
				t.Fatal(err)
			}
			c.leak(variables)
			err = check.Verify(variables)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestFrozenCheck_HashesNamesAndContentWhereverTheTensorLies(t *testing.T) {
	want, err := HashVariables(encoderVariables())
	if err != nil || len(want) != 64 {
		t.Fatal(want, err)
	}
	onDevice := encoderVariables()
	for _, v := range onDevice {
		if err := v.ToDevice(backend, 0); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := HashVariables(onDevice); err != nil || got != want {
		t.Errorf("on the device %q, %v; on the host %q", got, err, want)
	}
	renamed := encoderVariables()
	renamed["/other"] = renamed["/encoder/norm/mean"]
	delete(renamed, "/encoder/norm/mean")
	if got, _ := HashVariables(renamed); got == want {
		t.Error("a renamed variable left the hash as it was")
	}
}
