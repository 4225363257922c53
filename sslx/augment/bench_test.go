package augment

import (
	"fmt"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

// BenchmarkViews makes views of a batch with the first view of a preset, from bytes that are on the device to
// normalized pixels.
func BenchmarkViews(b *testing.B) {
	for _, c := range []struct {
		preset      string
		size, batch int
	}{{"simclr-cifar", 32, 256}, {"simclr", 64, 128}, {"simclr", 224, 32}} {
		b.Run(fmt.Sprintf("%s-%d", c.preset, c.size), func(b *testing.B) {
			views, err := Preset(c.preset)
			if err != nil {
				b.Fatal(err)
			}
			benchmark(b, views[0].Pipeline(c.size, c.size), c.size, c.batch)
		})
	}
}

// BenchmarkOperations makes views of 256 images of 32 x 32 with one operation.
func BenchmarkOperations(b *testing.B) {
	for name, op := range operations() {
		b.Run(name, func(b *testing.B) { benchmark(b, Pipeline{op}, 32, 256) })
	}
}

func benchmark(b *testing.B, p Pipeline, size, batch int) {
	images := 4 * batch
	pixels := tensors.FromFlatDataAndDimensions(make([]uint8, images*size*size*3), images, size, size, 3)
	samples := tensors.FromFlatDataAndDimensions(make([]int32, batch), batch)
	exec := MustNewExec(testbackend.Open(b), func(pixels, samples, stream *Node) *Node {
		x := Gather(pixels, InsertAxes(samples, -1))
		key := Key{Stream: stream, Samples: ConvertDType(samples, dtypes.Uint32)}
		return Normalize(p.Make(x, key).Images, cifarMean, cifarStd)
	})
	defer exec.Finalize()
	finalize(b, exec.MustCall(pixels, samples, Stream(1, 0))) // compiles
	for b.Loop() {
		finalize(b, exec.MustCall(pixels, samples, Stream(1, 0)))
	}
	b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "views/s")
}
