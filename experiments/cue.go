package experiments

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/probe"
)

// MaxCue is the share of views that simple statistics of pixels may tell apart as negatives and anchors: 0.5 is chance.
const MaxCue = 0.6

const (
	cueImages = 2048 // of a set at most; half of them fit the classifier
	cueBatch  = 128
	cueL2     = 1e-3 // the views are many for so few statistics
)

// Cue returns how often a linear classifier tells negatives from anchors of a configuration by a dozen statistics of
// their pixels (for RGB), between about 0.5 and 1: the mean and the variance of each channel, and the mean square of
// its differences between neighbors, along rows and along columns; all but the means as logarithms. Such a cue solves
// the task of a contrastive loss without any feature of what the images show: an encoder that finds it learns nothing
// else, and the arm is decided by its construction.
//
// Anchors are the views of the images. Negatives are the views that the objective asks for ([objective.Needs]), or else
// the views of other images, which nothing can tell from anchors. The classifier is a linear probe, fitted on the views
// of half of the images, at most 1,024, and measured on the other half. It takes seconds.
func Cue(b compute.Backend, c sslx.Config, images dataset.Images) (accuracy float64, err error) {
	n := min(cueImages, images.N) / (2 * cueBatch) * 2 * cueBatch
	if n == 0 {
		return 0, usage.Errorf("the cue test needs %d images or more and got %d", 2*cueBatch, images.N)
	}
	exec, err := NewExec(b, func(pixels, samples, stream *Node) []*Node { return cueGraph(c, pixels, samples, stream) })
	if err != nil {
		return 0, fmt.Errorf("cannot compile the views of the cue test: %w", err)
	}
	defer exec.Finalize()

	// Images in an order of their own: some sets are sorted by class.
	order := rand.New(rand.NewPCG(c.Seed, 0)).Perm(images.N)[:n]
	var train, test probe.Features
	var trainLabels, testLabels []int32
	for from := 0; from < n; from += cueBatch {
		to, labels := &train, &trainLabels
		if from >= n/2 {
			to, labels = &test, &testLabels
		}
		if err := addCues(exec, images, order[from:from+cueBatch], c.Seed, to, labels); err != nil {
			return 0, err
		}
	}

	fit, err := probe.LinearProbe(b, train, trainLabels, probe.Features{}, nil, test, 2,
		probe.LinearOptions{L2: []float64{cueL2}})
	if err != nil {
		return 0, err
	}
	return probe.Accuracy(fit.Predicted, testLabels, 2)
}

// ByConstruction returns the names of the arms that are decided by their construction, as far as their records tell: a
// linear classifier tells their negatives from their anchors in more than [MaxCue] of the cases ([Cue]), or their first
// loss is below half its chance level, so that the encoder solved the task before it was trained.
func (p Plan) ByConstruction(r Records) (arms []string) {
	for _, arm := range p.Arms {
		if slices.ContainsFunc(p.Seeds, func(seed uint64) bool {
			known, ok := p.Record(r, arm, seed)
			return ok && known.byConstruction()
		}) {
			arms = append(arms, arm.Name)
		}
	}
	return arms
}

func (r Record) byConstruction() bool {
	if r.Cue != nil && *r.Cue > MaxCue {
		return true
	}
	return len(r.Log) > 0 && r.Log[0].Step == 1 && r.Log[0].Loss < r.Log[0].Chance/2
}

// cueGraph returns the statistics of anchors and of negatives, [views*batch, 4*channels] each, of images uint8 [batch,
// height, width, channels].
func cueGraph(c sslx.Config, images, samples, stream *Node) []*Node {
	key := augment.Key{Stream: stream, Samples: samples}
	channels := images.Shape().Dimensions[3]
	mean, std := make([]float64, channels), slices.Repeat([]float64{1}, channels)
	statistics := func(views augment.Views, of *Node) []*Node {
		var all []*Node
		for _, v := range views.Make(of, key, mean, std) {
			all = append(all, pixelStatistics(v.Images))
		}
		return all
	}

	views := slices.Clone(c.Views)
	if n := len(c.Resolutions); n > 0 {
		for i := range views {
			if views[i].Size == 0 {
				views[i].Size = c.Resolutions[n-1].Size // the last one
			}
		}
	}
	anchors := statistics(views, images)

	// Views that serve only as negatives, or the views of the next image.
	asked := c.Objective.Needs().Negatives
	if asked.Count == 0 {
		next := Concatenate([]*Node{SliceAxis(images, 0, AxisRange(1)), SliceAxis(images, 0, AxisElem(0))}, 0)
		key.View = len(views)
		return []*Node{Concatenate(anchors, 0), Concatenate(statistics(views, next), 0)}
	}
	of := images
	if asked.OneImage {
		of = SliceAxis(images, 0, AxisElem(0))
		of = BroadcastToDims(of, images.Shape().Dimensions...) // with draws of its own for each
	}
	key.View = len(views)
	return []*Node{Concatenate(anchors, 0), Concatenate(statistics(asked.Views(views[0]), of), 0)}
}

// pixelStatistics returns [batch, 4*channels] of images [batch, height, width, channels].
func pixelStatistics(x *Node) *Node {
	overPixels := func(x *Node) *Node { return ReduceMean(x, 1, 2) } // [batch, channels]
	log := func(x *Node) *Node { return Log(AddScalar(x, 1e-6)) }
	difference := func(axis int) *Node {
		return Sub(SliceAxis(x, axis, AxisRange(1)), SliceAxis(x, axis, AxisRange(0, -1)))
	}

	mean := overPixels(x)
	variance := overPixels(Square(Sub(x, InsertAxes(mean, 1, 1))))
	return Concatenate([]*Node{mean, log(variance), log(overPixels(Square(difference(1)))),
		log(overPixels(Square(difference(2))))}, -1)
}

// addCues appends the statistics of a batch: as many negatives as anchors, labeled 1 and 0.
func addCues(exec *Exec, images dataset.Images, indices []int, seed uint64, to *probe.Features,
	labels *[]int32) error {
	batch := images.Pick(indices)
	samples := make([]uint32, len(indices))
	for i, at := range indices {
		samples[i] = uint32(at)
	}
	pixels := tensors.FromFlatDataAndDimensions(batch.Pixels, batch.N, batch.Height, batch.Width, batch.Depth())
	outputs, err := exec.Call(pixels, samples, augment.Stream(seed, 0))
	if err != nil {
		return fmt.Errorf("cannot make the views of the cue test: %w", err)
	}

	// Of anchors and negatives the first views, so that both are equally many.
	rows := math.MaxInt
	for _, o := range outputs {
		rows = min(rows, o.Shape().Dimensions[0])
	}
	for label, o := range outputs {
		values, err := tensors.CopyFlatData[float32](o)
		if err != nil {
			return err
		}
		width := o.Shape().Dimensions[1]
		to.X, to.D, to.N = append(to.X, values[:rows*width]...), width, to.N+rows
		*labels = append(*labels, slices.Repeat([]int32{int32(label)}, rows)...)
	}
	return nil
}
