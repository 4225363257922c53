package augment

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

// BenchmarkViews makes views of 256 CIFAR-10 images with SimCLR's pipeline, from bytes that are on the device to
// normalised pixels.
func BenchmarkViews(b *testing.B) {
	const batch, images = 256, 50000
	pixels := tensors.FromFlatDataAndDimensions(make([]uint8, images*32*32*3), images, 32, 32, 3)
	samples := tensors.FromFlatDataAndDimensions(make([]int32, batch), batch)
	exec := MustNewExec(testbackend.Open(b), func(pixels, samples, stream *Node) *Node {
		x := FromBytes(Gather(pixels, InsertAxes(samples, -1)))
		key := Key{Stream: stream, Samples: ConvertDType(samples, dtypes.Uint32)}
		return Normalize(simCLR().Make(x, key).Images, cifarMean, cifarStd)
	})
	exec.MustCall(pixels, samples, Stream(1, 0)) // compiles
	for b.Loop() {
		finalize(b, exec.MustCall(pixels, samples, Stream(1, 0)))
	}
	b.ReportMetric(float64(batch*b.N)/b.Elapsed().Seconds(), "views/s")
}
