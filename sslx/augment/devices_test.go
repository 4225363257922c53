package augment

import (
	"testing"

	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/testbackend"
)

func TestPipeline_TwoDevicesMakeTheBytesOfOne(t *testing.T) {
	backend := testbackend.Open(t)
	if n := backend.NumDevices(); n < 2 {
		t.Skipf("%s has %d devices", backend.Name(), n)
	}

	pipelines := []Pipeline{simCLR(), {GaussianNoise{Sigma: 0.1}},
		{NewGaussianBlur(5, 0.5), Rotation{Degrees: 30}}}
	graph := func(images, samples, stream *Node) (views []*Node) {
		x := Gather(images, InsertAxes(samples, -1))
		for i, p := range pipelines {
			key := Key{Stream: stream, Samples: ConvertDType(samples, dtypes.Uint32), View: i}
			views = append(views, p.Make(x, key).Images)
		}
		return views
	}

	mesh, spread := testbackend.SharedBatch(t, 2)
	one := MustNewExec(backend, graph)
	defer one.Finalize()
	two := MustNewExec(backend, graph).AutoSharding(mesh).WithInputShardingSpecs(nil, spread, nil).
		WithOutputShardingSpecs(distributed.NewReplicatedShardingSpec(mesh))
	defer two.Finalize()
	images, stream, samples := randomImages(allSamples, 16, 16), Stream(3, 1), ascending(allSamples)
	want, err := one.Call(images, samples, stream)
	if err != nil {
		t.Fatal(err)
	}

	half := allSamples / 2
	got, err := two.Call(images, samples[:half], stream, randomImages(allSamples, 16, 16), samples[half:], stream)
	if err != nil {
		t.Fatal(err)
	}

	a, b := float32s(t, want), float32s(t, got)
	for i, p := range pipelines {
		if d := largestDifference(a[i], b[i]); d != 0 {
			t.Errorf("%s: two devices differ from one by %g", p.names(), d)
		}
	}
}
