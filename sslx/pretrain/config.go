package pretrain

import (
	"fmt"
	"math"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// Config is everything that decides a run. It is written with every default filled in, and what is read into the zero
// value is a record: it means the same whatever the defaults are today. [ReadConfig] reads what a user wrote.
type Config struct {
	// Data is what to train on: a name, a pack or a source (package dataset, Locate).
	Data string `yaml:"data" json:"data"`

	// Size is the height and width that images are brought to when they are imported; 0 keeps their own.
	Size int `yaml:"size" json:"size"`

	// Seed decides initial values, order and views.
	Seed uint64 `yaml:"seed" json:"seed"`

	// HoldOut leaves the images out of training that evaluation holds out of train for validation, a tenth of each
	// class of the set's main task. A choice between runs that have learned from labels needs it: their validation
	// images would be known to them. Normalization keeps the statistics of all training images.
	HoldOut bool `yaml:"holdout,omitempty" json:"holdout,omitempty"`

	// Init is what the encoder starts from: the folder of a finished run, or a file of weights (package weights); ""
	// starts from the values that the seed decides. The projector starts from the run's where it has the same layers.
	// Images are normalized as the ancestor's were where that is known. All else is a new run with its own schedule.
	Init string `yaml:"init,omitempty" json:"init,omitempty"`

	// Epochs is the number of passes over the training images, from 1 to 1,000,000,000.
	Epochs int `yaml:"epochs" json:"epochs"`

	// Batch is the number of images in a step, each with all its views; at least 2. The last, partial batch of an
	// epoch is dropped.
	Batch int `yaml:"batch" json:"batch"`

	// Chunk is the number of images that are in memory with their activations at once; it divides Batch. The gradient
	// is still the whole batch's, and batch normalization takes its statistics from a chunk. 0 takes
	// the batch at once.
	Chunk int `yaml:"chunk,omitempty" json:"chunk,omitempty"`

	// Precision is the type in which encoder, projector and predictor compute and keep activations while they are
	// trained, "float32", "bfloat16" or "float64"; "" is float32. Variables, loss, optimizer state and evaluation are
	// float32 whatever the precision. Under bfloat16 batch statistics are float32 too, and so are activations of
	// convnets and ResNets on a CPU with products of bfloat16 (AVX512-BF16): only their convolutions round.
	Precision string `yaml:"precision,omitempty" json:"precision,omitempty"`

	// Norm is what normalization takes its statistics from. "joint" is batch normalization of all views of one size
	// together, "per-view" of each view by itself, one after another; "group" is group normalization, without
	// statistics of a batch. "method", the default, is joint or per-view, as in the official code of the method, and is
	// recorded as one of them. "", and a record without a Norm, is joint.
	Norm string `yaml:"norm,omitempty" json:"norm,omitempty"`

	// NegativesNorm is how views that are negatives only are normalized: "own", the default, by their own statistics,
	// which do not enter the running ones (one image that serves for all has no batch: the running statistics normalize
	// it), or "joint", as further views among the others. Records without it are joint. It is empty where there are no
	// such views, or no statistics.
	NegativesNorm string `yaml:"negatives_norm,omitempty" json:"negatives_norm,omitempty"`

	Views     augment.Views       `yaml:"views" json:"views"`
	Encoder   encoder.Encoder     `yaml:"encoder" json:"encoder"`
	Projector []int               `yaml:"projector,flow" json:"projector"` // widths of the projector's layers
	Objective objective.Objective `yaml:"objective" json:"objective"`

	// Predictor is the widths of the hidden layers of the predictor, for objectives that have one; its last layer has
	// the width of the embeddings.
	Predictor []int `yaml:"predictor,flow,omitempty" json:"predictor,omitempty"`

	// Resolutions change the size of the views during training: each holds from its epoch on, the first from 0. They
	// apply to the views whose own size is 0; none keeps the size of the images.
	Resolutions []Resolution `yaml:"resolutions,flow,omitempty" json:"resolutions,omitempty"`

	Optimizer optimizer.Config `yaml:"optimizer" json:"optimizer"`
	Probe     Probe            `yaml:"probe" json:"probe"`

	// Devices is the number of devices that share each batch: losses, batch statistics and negatives are those of the
	// whole batch. 0 and 1 are one device.
	Devices int `yaml:"devices,omitempty" json:"devices,omitempty"`

	// Stream keeps the images in the host's memory map and brings each batch to the device ahead of its step, for sets
	// that are larger than the device. Otherwise all images are on the device.
	Stream bool `yaml:"stream,omitempty" json:"stream,omitempty"`

	// LogSteps is the number of steps between two lines of the log; positive.
	LogSteps int `yaml:"log_steps" json:"log_steps"`

	// Log names the formats of the log: "jsonl", which every run has, and "tensorboard", event files for TensorBoard in
	// the run folder. None, as in records that are older than the choice, is jsonl.
	Log []string `yaml:"log,flow,omitempty" json:"log,omitempty"`

	// CheckpointSeconds is the time between two checkpoints; 0 makes one at the end only.
	CheckpointSeconds float64 `yaml:"checkpoint_seconds" json:"checkpoint_seconds"`
}

// Resolution is the height and width of views from an epoch on.
type Resolution struct {
	Epoch int `yaml:"epoch" json:"epoch"`
	Size  int `yaml:"size" json:"size"`
}

// Probe is the online linear probe: a linear classifier of the representation and one of the output of each layer of
// the projector, trained along with the encoder on the first view, without a gradient to either (Bordes et al. 2023,
// code).
type Probe struct {
	// Task is the label that it learns, and that the online kNN predicts: "" is the first task of the data, "none"
	// leaves both out.
	Task string `yaml:"task" json:"task"`

	// LR is the learning rate of its AdamW; positive.
	LR float64 `yaml:"lr" json:"lr"`
}

// NoProbe is the task that leaves the online probe out.
const NoProbe = "none"

// Formats of the log.
const (
	LogJSONL       = "jsonl"
	LogTensorBoard = "tensorboard"
)

// logs reports whether the log is written in a format.
func (c Config) logs(format string) bool { return slices.Contains(c.Log, format) }

// checkLog returns an error unless the formats of the log are known, and the record is among them.
func (c Config) checkLog() error {
	for i, format := range c.Log {
		if format != LogJSONL && format != LogTensorBoard {
			return usage.Unknown("log", format, []string{LogJSONL, LogTensorBoard})
		}
		if slices.Contains(c.Log[:i], format) {
			return usage.Errorf("log names %s twice: leave one out", format)
		}
	}
	if len(c.Log) > 0 && !c.logs(LogJSONL) {
		return usage.Errorf("log is %v: it must have %s, which a training resumes by", c.Log, LogJSONL)
	}
	return nil
}

// Default returns the default configuration, SimCLR on the built-in images; unset values are taken from it.
func Default() Config {
	return Config{
		Data:   "factors",
		Epochs: 10,
		Batch:  256,
		Norm:   NormMethod,

		NegativesNorm: NormOwn,

		Views:     augment.MustPreset("cifar"),
		Encoder:   must(encoder.Named("convnet")),
		Projector: []int{256, 128},
		Objective: must(objective.Named("simclr")),
		Optimizer: optimizer.Config{Rule: must(optimizer.Named("sgd")), LR: 0.3, Scale: "linear", WeightDecay: 5e-4,
			WarmupEpochs: 0.5},
		Probe:             Probe{LR: 1e-3},
		LogSteps:          10,
		Log:               []string{LogJSONL},
		CheckpointSeconds: 60,
	}
}

// must returns a thing that is known to be registered.
func must[T any](thing T, err error) T {
	if err != nil {
		panic(err)
	}
	return thing
}

// mostEpochs bounds Config.Epochs, so that the number of steps of a training fits an int: images are counted in 31
// bits.
const mostEpochs = 1_000_000_000

// Check returns an error of package usage that names the first value out of range.
func (c Config) Check() error {
	// Numbers, each alone.
	for _, f := range []struct {
		name string
		ok   bool
		v    any
		want string
	}{
		{"data", c.Data != "", `""`, "the name or path of a data set"},
		{"size", c.Size >= 0, c.Size, "0 or more"},
		{"epochs", c.Epochs > 0 && c.Epochs <= mostEpochs, c.Epochs, fmt.Sprintf("from 1 to %d", mostEpochs)},
		{"batch", c.Batch >= 2, c.Batch, "2 or more"},
		{"chunk", c.Chunk == 0 || c.Chunk >= 2 && c.Batch%c.Chunk == 0, c.Chunk,
			"0 (the whole batch at once), or 2 or more and divide the batch"},
		{"probe.lr", c.Probe.LR > 0 && c.Probe.LR <= math.MaxFloat32, c.Probe.LR, "positive"},
		{"devices", c.Devices >= 0 && c.Batch%max(1, c.Devices) == 0, c.Devices, "0 or more, and divide the batch"},
		{"log_steps", c.LogSteps > 0, c.LogSteps, "positive"},
		{"checkpoint_seconds", c.CheckpointSeconds >= 0 && c.CheckpointSeconds <= math.MaxFloat64, c.CheckpointSeconds,
			"0 or more"},
	} {
		if !f.ok {
			return usage.Errorf("%s is %v: it must be %s", f.name, f.v, f.want)
		}
	}

	for name, widths := range map[string][]int{"projector": c.Projector, "predictor": c.Predictor} {
		for _, width := range widths {
			if width <= 0 {
				return usage.Errorf("%s has a layer of width %d: widths must be positive", name, width)
			}
		}
	}

	if c.Precision != "" && !slices.Contains(precisions, c.Precision) {
		return usage.Unknown("precision", c.Precision, precisions)
	}

	// What has parameters of its own; resolutions ask the encoder.
	for _, check := range []func() error{
		c.checkNorm,
		c.checkLog,
		c.Views.Check,
		func() error { return encoder.Check(c.Encoder) },
		c.checkResolutions,
		func() error { return objective.Check(c.Objective) },
		c.Optimizer.Check,
	} {
		if err := check(); err != nil {
			return err
		}
	}

	// What has to fit together.
	if len(c.Views) < 2 {
		return usage.Errorf("views has one view: an objective compares two or more")
	}
	if err := objective.CheckBatch(c.Objective, c.Batch); err != nil {
		return err
	}

	needs := c.Objective.Needs()
	switch {
	case c.chunked() && c.Devices > 1:
		return usage.Errorf("chunk is %d and devices %d: a batch is either taken in chunks or shared by devices; "+
			"leave one of them out", c.Chunk, c.Devices)
	case c.chunked() && draws(c.Encoder):
		return usage.Errorf("chunk is %d, but encoder %s draws random numbers, and each chunk goes through it twice: "+
			"leave chunk out, or set encoder.drop_path to 0", c.Chunk, encoder.NameOf(c.Encoder))
	case c.chunked() && needs.Negatives.OneImage:
		return usage.Errorf("chunk is %d, but the negatives of objective %s are one embedding that all images share, "+
			"and each chunk would compute its own: leave chunk out", c.Chunk, objective.NameOf(c.Objective))
	case needs.Negatives.OneImage && c.NegativesNorm == NormJoint && c.Norm == NormPerView:
		return usage.Errorf("negatives_norm is joint and norm per-view, but the negatives of objective %s are one "+
			"image, which has no statistics of its own: set negatives_norm to own", objective.NameOf(c.Objective))
	case len(c.Predictor) > 0 && !needs.Predictor:
		return usage.Errorf("predictor is set, but objective %s has none: leave it out",
			objective.NameOf(c.Objective))
	case needs.Queue%c.Batch != 0:
		return usage.Errorf("objective.queue is %d: it must be a multiple of the batch, %d", needs.Queue, c.Batch)
	}
	return nil
}

// CheckNew is Check for a training that begins. It also refuses a warm-up that is longer than the training, which runs
// of earlier versions may have and resume with: the learning rate would never reach its peak.
func (c Config) CheckNew() error {
	if err := c.Check(); err != nil {
		return err
	}
	if warmup := c.Optimizer.WarmupEpochs; warmup > float64(c.Epochs) {
		return usage.Errorf("optimizer.warmup_epochs is %g, but the training has only %s: set optimizer.warmup_epochs "+
			"to %g (a tenth of the training), or epochs to more than %g", warmup, words.Count(c.Epochs, "epoch"),
			float64(c.Epochs)/10, warmup)
	}
	return nil
}

// draws reports whether an encoder draws random numbers while it is trained.
func draws(e encoder.Encoder) bool {
	r, ok := e.(encoder.Random)
	return ok && r.Draws()
}

func (c Config) checkResolutions() error {
	before := -1
	for _, r := range c.Resolutions {
		// -1 stands before the first entry, which must be of epoch 0.
		switch {
		case before < 0 && r.Epoch != 0:
			return usage.Errorf("resolutions begins at epoch %d: the first must be of epoch 0", r.Epoch)
		case r.Epoch <= before:
			return usage.Errorf("resolutions has epoch %d after %d: put them in order", r.Epoch, before)
		case r.Size < c.Encoder.MinSize():
			return usage.Errorf("resolutions has size %d: the encoder %s needs %d or more", r.Size,
				encoder.NameOf(c.Encoder), c.Encoder.MinSize())
		}
		before = r.Epoch
	}
	return nil
}

// sizeAt returns the size that resolutions give to views in an epoch, 0 for the size of the images.
func (c Config) sizeAt(epoch int) (size int) {
	for _, r := range c.Resolutions {
		if r.Epoch <= epoch {
			size = r.Size
		}
	}
	return size
}
