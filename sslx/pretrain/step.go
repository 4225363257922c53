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

	"github.com/sslx-go/lab/internal/usage"
)

// stepper runs the compiled training step.
type stepper struct {
	exec    *model.Exec // nil where the batch is taken in chunks
	chunks  *chunks     // nil where it is taken at once
	devices int
	data    []held       // of each device
	batch   shapes.Shape // of the pixels of one device's share of what is taken at once

	measures []string // names of the step's outputs
	chance   float64
}

// held is what stays on a device: the labels and, unless they are streamed, the pixels of all training images.
type held struct{ labels, pixels *tensors.Tensor }

// input is what changes from step to step.
type input struct {
	indices []int32  // of the batch's images
	pixels  []byte   // of the batch's images, when they are streamed
	stream  []uint32 // augment.Stream of the epoch
	lr, ema float64
	step    int // counts from 1
}

// newStepper compiles the step for views of a size (0 is that of the images), which makes the variables in store, and
// brings the data to the devices.
func newStepper(b compute.Backend, store *model.Store, c Config, d stepData, size int) (*stepper, error) {
	s := &stepper{devices: max(1, c.Devices)}
	if s.devices > b.NumDevices() {
		return nil, usage.Errorf("devices is %d, but %s has %d", s.devices, b.Name(), b.NumDevices())
	}
	s.batch = shapes.Make(dtypes.Uint8, c.Batch/s.devices, d.height, d.width, 3)
	if c.chunked() {
		s.batch.Dimensions[0] = c.Chunk
	}
	if err := s.load(b, d); err != nil {
		s.close()
		return nil, fmt.Errorf("cannot bring the data to the device: %w", err)
	}
	if err := s.compile(b, store, c, d, size); err != nil {
		s.close()
		return nil, fmt.Errorf("cannot compile the training step: %w", err)
	}
	return s, nil
}

// shard spreads the batch over the devices; all else is on each of them.
func (s *stepper) shard(c Config, d stepData) error {
	if s.devices == 1 {
		return nil
	}
	mesh, err := distributed.NewDeviceMesh([]int{s.devices}, []string{"batch"})
	if err != nil {
		return err
	}
	batch, err := distributed.BuildSpec(mesh).S("batch").Done()
	if err != nil {
		return err
	}
	pixels := (*distributed.ShardingSpec)(nil)
	if d.streamed {
		pixels = batch
	}
	s.exec.AutoSharding(mesh).WithInputShardingSpecs(pixels, nil, batch, nil, nil)
	return nil
}

// load brings labels, and pixels that are not streamed, to each device.
func (s *stepper) load(b compute.Backend, d stepData) error {
	labels := d.labels
	if labels == nil {
		labels = []int32{0}
	}
	for device := range s.devices {
		h := held{labels: tensors.FromFlatDataAndDimensions(labels, len(labels))}
		err := h.labels.ToDevice(b, compute.DeviceNum(device))
		if err == nil && !d.streamed {
			h.pixels = tensors.FromFlatDataAndDimensions(d.pixels, d.images(), d.height, d.width, 3)
			err = h.pixels.ToDevice(b, compute.DeviceNum(device))
		}
		s.data = append(s.data, h)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *stepper) compile(b compute.Backend, store *model.Store, c Config, d stepData, size int) (err error) {
	if c.chunked() {
		s.chunks, err = newChunks(b, store, s, c, d, size)
		return err
	}
	s.exec, err = model.NewExec(b, store, func(scope *model.Scope, inputs []*Node) *Node {
		return s.graph(scope, c, d, size, inputs)
	})
	if err != nil {
		return err
	}
	if err := s.shard(c, d); err != nil {
		return err
	}
	var all []shapes.Shape
	for _, held := range s.data {
		all = append(all, s.pixelShape(d), held.labels.Shape(), shapes.Make(dtypes.Int32, c.Batch/s.devices),
			shapes.Make(dtypes.Uint32, 2), shapes.Make(dtypes.Float32, 3))
	}
	_, err = s.exec.Compile(all...)
	return err
}

// pixelShape returns the shape of the pixels that a device gets: those of a batch, or of all images.
func (s *stepper) pixelShape(d stepData) shapes.Shape {
	shape := s.batch.Clone()
	if !d.streamed {
		shape.Dimensions[0] = d.images()
	}
	return shape
}

// scalars returns what newBatch takes apart.
func (in input) scalars() []float32 {
	return []float32{float32(in.lr), float32(in.step), float32(in.ema)}
}

// args returns the inputs of the compiled program, those of the first device first.
func (s *stepper) args(in input) (args []any) {
	for device := range s.devices {
		labels, pixels := s.data[device].labels, s.data[device].pixels
		if pixels == nil {
			share := len(in.pixels) / s.devices
			pixels = tensors.FromFlatDataAndDimensions(in.pixels[device*share:(device+1)*share], s.batch.Dimensions...)
		}
		share := len(in.indices) / s.devices
		args = append(args, pixels, labels, in.indices[device*share:(device+1)*share], in.stream, in.scalars())
	}
	return args
}

// run makes one step and returns its measures.
func (s *stepper) run(in input) ([]float32, error) {
	if s.chunks != nil {
		return s.chunks.run(in)
	}
	outputs, err := s.exec.Call(s.args(in)...)
	if err != nil {
		return nil, err
	}
	measures, err := tensors.CopyFlatData[float32](outputs[0])
	return measures, errors.Join(err, finalize(outputs))
}

func (s *stepper) close() {
	if s.exec != nil {
		s.exec.Finalize()
	}
	if s.chunks != nil {
		s.chunks.close()
	}
	for _, held := range s.data {
		held.labels.MustFinalizeAll()
		if held.pixels != nil {
			held.pixels.MustFinalizeAll()
		}
	}
}
