package pretrain

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/blame"
	"github.com/sslx-go/lab/internal/usage"
)

// stepper runs the compiled training step.
type stepper struct {
	exec    *model.Exec  // nil where the batch is taken in chunks
	chunks  *chunkedStep // nil where it is taken at once
	devices int
	data    []deviceData // of each device
	batch   shapes.Shape // of the pixels of one device's share of what is taken at once

	measureNames []string // of what a step returns
	chance       float64  // the loss of embeddings that tell nothing about the images
}

// deviceData is what stays on a device: the labels and, unless they are streamed, the pixels of all training images.
type deviceData struct{ labels, pixels *tensors.Tensor }

// newStepper compiles the step for views of a size (0 is the size of the images), which makes the variables in store,
// and brings the data to the devices.
func newStepper(b compute.Backend, store *model.Store, c Config, d stepData, size int) (*stepper, error) {
	if err := FitsDevices(b, c); err != nil {
		return nil, err
	}

	// A program takes a device's share of the batch, or a chunk.
	s := &stepper{devices: max(1, c.Devices)}
	s.batch = shapes.Make(dtypes.Uint8, c.Batch/s.devices, d.Height, d.Width, d.Depth())
	if c.chunked() {
		s.batch.Dimensions[0] = c.Chunk
	}
	if err := s.load(b, d); err != nil {
		s.close()
		return nil, fmt.Errorf("cannot bring the data to the device: %w", err)
	}
	if err := s.compile(b, store, c, d, size); err != nil {
		s.close()

		// What failed in a part is said in one sentence, without the programs around it.
		if at := (*blame.Error)(nil); errors.As(err, &at) {
			err = at
		}
		return nil, fmt.Errorf("cannot compile the training step: %w", err)
	}
	return s, nil
}

// FitsDevices returns an error of package usage when c asks for more devices than b has.
func FitsDevices(b compute.Backend, c Config) error {
	if n := b.NumDevices(); c.Devices > n {
		return usage.Errorf("devices is %d, but %s has %d: choose %d or fewer", c.Devices, b.Name(), n, n)
	}
	return nil
}

// load brings labels, and pixels that are not streamed, to each device.
func (s *stepper) load(b compute.Backend, d stepData) error {
	labels := d.labels
	if labels == nil {
		labels = []int32{0} // a program has a labels input, whether it reads it or not
	}

	for device := range s.devices {
		on := deviceData{labels: tensors.FromFlatDataAndDimensions(labels, len(labels))}
		err := on.labels.ToDevice(b, compute.DeviceNum(device))
		if err == nil && !d.streamed {
			on.pixels = tensors.FromFlatDataAndDimensions(d.Pixels, d.N, d.Height, d.Width, d.Depth())
			err = on.pixels.ToDevice(b, compute.DeviceNum(device))
		}

		s.data = append(s.data, on) // close releases it, after an error as well
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *stepper) compile(b compute.Backend, store *model.Store, c Config, d stepData, size int) (err error) {
	if c.chunked() {
		s.chunks, err = newChunkedStep(b, store, s, c, d, size)
		return err
	}

	s.exec, err = model.NewExec(b, store, func(scope *model.Scope, inputs []*Node) *Node {
		in, _ := splitStep(inputs)
		return s.stepGraph(scope, c, d, size, in)
	})
	if err != nil {
		return err
	}
	if err := s.shard(d); err != nil {
		return err
	}

	var all []shapes.Shape // of the inputs of each device
	for _, data := range s.data {
		in := stepInputs[shapes.Shape]{s.pixelShape(d), batchShapes(data.labels.Shape(), c.Batch/s.devices)}
		all = append(all, in.list()...)
	}
	_, err = s.exec.Compile(all...)
	return err
}

// shard spreads the batch over the devices. All else is on each of them.
func (s *stepper) shard(d stepData) error {
	if s.devices == 1 {
		return nil
	}

	// One axis of devices, along the batch.
	mesh, err := distributed.NewDeviceMesh([]int{s.devices}, []string{"batch"})
	if err != nil {
		return err
	}
	batch, err := distributed.BuildSpec(mesh).S("batch").Done()
	if err != nil {
		return err
	}

	var specs stepInputs[*distributed.ShardingSpec] // nil is whole on each device
	specs.indices = batch
	if d.streamed {
		specs.pixels = batch
	}
	s.exec.AutoSharding(mesh).WithInputShardingSpecs(specs.list()...)
	return nil
}

// pixelShape returns the shape of the pixels that a device gets: of a batch when they are streamed, of all images
// otherwise.
func (s *stepper) pixelShape(d stepData) shapes.Shape {
	shape := s.batch.Clone()
	if !d.streamed {
		shape.Dimensions[0] = d.N
	}
	return shape
}

// args returns the inputs of the program for one device, from its share of a step's values.
func (s *stepper) args(device int, v stepValues) stepInputs[any] {
	pixels := s.data[device].pixels
	if pixels == nil {
		pixels = tensors.FromFlatDataAndDimensions(v.pixels, s.batch.Dimensions...)
	}
	return stepInputs[any]{pixels, batchInputs[any]{s.data[device].labels, v.indices, v.stream, v.scalars()}}
}

// run makes one step and returns its measures.
func (s *stepper) run(v stepValues) ([]float32, error) {
	if s.chunks != nil {
		return s.chunks.run(v)
	}

	var args []any // of the first device, then of the second, …
	share := len(v.indices) / s.devices
	for device := range s.devices {
		args = append(args, s.args(device, v.part(device*share, (device+1)*share)).list()...)
	}

	// The devices agree in the measures: the first one's are taken.
	results, err := s.exec.Call(args...)
	if err != nil {
		return nil, err
	}
	measures, err := tensors.CopyFlatData[float32](results[0])
	return measures, errors.Join(err, finalize(results))
}

func (s *stepper) close() {
	if s.exec != nil {
		s.exec.Finalize()
	}
	if s.chunks != nil {
		s.chunks.close()
	}
	for _, data := range s.data {
		data.labels.MustFinalizeAll()
		if data.pixels != nil {
			data.pixels.MustFinalizeAll()
		}
	}
}
