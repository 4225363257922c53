package objective_test

import (
	"math"
	"testing"

	"github.com/gomlx/compute/distributed"

	"github.com/sslx-go/lab/internal/testbackend"
)

// share returns the tensors of a batch that one of several devices holds: its rows of what has a row for each image,
// and all of the queue and of the fixed patch.
func (b batch) share(device, devices int) []any {
	part := b
	rows := func(m matrix) matrix { return m[device*b.n/devices : (device+1)*b.n/devices] }
	part.n /= devices
	part.draws, part.labels = rows(b.draws), b.labels[device*part.n:(device+1)*part.n]
	for _, group := range []*[]matrix{&part.embeddings, &part.predictions, &part.targets, &part.negatives,
		&part.logits} {
		own := make([]matrix, len(*group))
		for i, m := range *group {
			own[i] = rows(m)
		}
		*group = own
	}
	return append([]any{float32(2)}, part.tensors()...) // 2 is the inverse temperature
}

// specs say of each tensor of a batch whether devices share its rows.
func (b batch) specs(t *testing.T, devices int) (mesh *distributed.DeviceMesh, specs []*distributed.ShardingSpec) {
	t.Helper()
	mesh, spread := testbackend.SharedBatch(t, devices)
	for range b.share(0, devices) {
		specs = append(specs, spread)
	}
	specs[0], specs[2], specs[3] = nil, nil, nil // temperature, queue and fixed patch

	// Directions, state, both prototypes and the second view's queue come after the negatives.
	for i := range 5 {
		specs[5+extraNegatives+i] = nil
	}
	return mesh, specs
}

func TestLosses_OnDevicesThatShareABatchAreThoseOfOne(t *testing.T) {
	backend := testbackend.Open(t)
	if n := backend.NumDevices(); n < 4 {
		t.Skipf("%s has %d devices", backend.Name(), n)
	}
	b := randomBatch(32, 16, 2, 1, 1)
	want := methodsProgram().compute(t, b, 0.5)
	for _, devices := range []int{2, 4} {
		mesh, specs := b.specs(t, devices)
		p := newProgram(everyMethod())
		p.exec.AutoSharding(mesh).WithInputShardingSpecs(specs...).
			WithOutputShardingSpecs(distributed.NewReplicatedShardingSpec(mesh))
		var args []any
		for device := range devices {
			args = append(args, b.share(device, devices)...)
		}
		for i, got := range p.call(t, b, 0.5, args) {
			if got.loss == 0 || len(got.gradient) != len(want[i].gradient) {
				t.Fatalf("%s: nothing was computed", got)
			}
			scale := 0.0
			for _, v := range want[i].gradient {
				scale = math.Max(scale, math.Abs(v))
			}
			worst := math.Abs(got.loss-want[i].loss) / math.Abs(want[i].loss)
			for k, v := range want[i].gradient {
				worst = math.Max(worst, math.Abs(got.gradient[k]-v)/scale)
			}
			if !(worst <= 1e-5) {
				t.Errorf("%d devices: %s differs by %.1e", devices, got, worst)
			}
		}
		p.exec.Finalize()
	}
}
