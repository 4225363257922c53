package encoder

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
)

// BenchmarkForward encodes 256 images of 32x32 with the default convnet.
func BenchmarkForward(b *testing.B) {
	const batch = 256
	exec, err := model.NewExec(testbackend.Open(b), model.NewStore(), func(scope *model.Scope, x *Node) *Node {
		return Config{Name: "convnet"}.Build(scope, x, Eval)
	})
	if err != nil {
		b.Fatal(err)
	}
	defer exec.Finalize()
	images := normal(1, 0, 1, batch, 32, 32, 3)
	step := func() {
		h, err := exec.Call1(images)
		if err != nil {
			b.Fatal(err)
		}
		if err := h.FinalizeAll(); err != nil {
			b.Fatal(err)
		}
	}
	step() // compiles
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "images/s")
}
