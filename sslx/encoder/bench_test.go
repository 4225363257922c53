package encoder

import (
	"errors"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/testbackend"
)

// BenchmarkForward encodes 256 images of 32x32.
func BenchmarkForward(b *testing.B) {
	perEncoder(b, func(e Encoder, scope *model.Scope, x *Node) []*Node { return []*Node{e.Build(scope, x, Eval)} })
}

// BenchmarkGradient also has batch statistics and the gradient of a scalar to all trainable variables.
func BenchmarkGradient(b *testing.B) {
	perEncoder(b, gradient)
}

func perEncoder(b *testing.B, graph func(e Encoder, scope *model.Scope, x *Node) []*Node) {
	for name, batch := range map[string]int{"convnet": 256, "resnet18": 32} {
		b.Run(name, func(b *testing.B) {
			build := func(scope *model.Scope, x *Node) []*Node { return graph(named(name), scope, x) }
			exec, err := model.NewExec(testbackend.Open(b), model.NewStore(), build)
			if err != nil {
				b.Fatal(err)
			}
			defer exec.Finalize()
			images := normal(1, 0, 1, batch, 32, 32, 3)
			call(b, exec, images) // compiles
			for b.Loop() {
				call(b, exec, images)
			}
			b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

func call(b *testing.B, exec *model.Exec, images *tensors.Tensor) {
	outputs, err := exec.Call(images)
	for _, out := range outputs {
		err = errors.Join(err, out.FinalizeAll())
	}
	if err != nil {
		b.Fatal(err)
	}
}
