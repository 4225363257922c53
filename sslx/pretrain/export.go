package pretrain

import (
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/record"
)

// Weights returns the encoder of the finished run in dir as weights that can be written for other programs
// ([weights.Write], [weights.WriteONNX]), with the size and the normalization of its images. Size is that of the
// images; 0 is the size that the run was trained on, which runs of version 0.1 do not say.
func Weights(dir string, size int) (*weights.Weights, error) {
	run, err := ReadFinishedRun(dir)
	if err != nil {
		return nil, err
	}
	saved, err := loadCheckpoint(record.CheckpointPath(dir))
	if err != nil {
		return nil, err
	}
	if run.Config.Norm == NormGroup {
		return nil, usage.Errorf("run %s was trained with group normalization, for which no library has names: only "+
			"encoders with batch normalization can be exported", dir)
	}

	// Files have one number for the side of an image, so that only square images give it.
	if size == 0 && run.Height == run.Width {
		size = run.Height
	}
	if size != 0 && size < run.Config.Encoder.MinSize() {
		return nil, usage.About("size", "the size is %d: the encoder needs %d or more", size,
			run.Config.Encoder.MinSize())
	}
	w := &weights.Weights{
		Path:    dir,
		Name:    record.Name(dir),
		Encoder: run.Config.Encoder,
		Values:  map[string]*tensors.Tensor{},
		Input: weights.Input{Channels: len(saved.state.Mean), Size: size, Mean: saved.state.Mean,
			Std: saved.state.Std},
	}
	// A checkpoint also holds projector, optimizer and probes.
	for path, value := range saved.values {
		if name, ok := strings.CutPrefix(path, encoderPath); ok && finite(value) {
			w.Values[name] = value
		}
	}
	return w, nil
}
