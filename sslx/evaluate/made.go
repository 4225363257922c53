package evaluate

import (
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// A made task asks what was done to an image of the run's data: an augmentation that training used teaches an encoder
// to forget it.
const (
	MadeRotation = "made-rotation" // by 0, 90, 180 or 270 degrees
	MadeGray     = "made-gray"     // left in color, or made gray
	MadeBlur     = "made-blur"     // left sharp, or blurred with a standard deviation of 0.5, 1 or 2 pixels
)

// The most images of each split of a made task.
const (
	madeTrain = 10000
	madeTest  = 2000
)

// made is what can be done to an image, one transform a class.
var made = map[string][]dataset.Transform{
	MadeRotation: {dataset.Rotate(0), dataset.Rotate(1), dataset.Rotate(2), dataset.Rotate(3)},
	MadeGray:     {dataset.Identity(), dataset.Grayscale()},
	MadeBlur: {dataset.Identity(), dataset.GaussianBlur(0.5), dataset.GaussianBlur(1),
		dataset.GaussianBlur(2)},
}

// MadeTasks returns the names of the tasks that are made from the run's data.
func MadeTasks() []string { return []string{MadeRotation, MadeGray, MadeBlur} }

// madeTasksOf returns the tasks of MadeTasks that can be made from the images of a set.
func madeTasksOf(set *dataset.Set) []string {
	return slices.DeleteFunc(MadeTasks(), func(task string) bool { return canMake(set, task) != nil })
}

// canMake returns a usage error when a task cannot be made from the images of a set.
func canMake(set *dataset.Set, task string) error {
	switch {
	case task == MadeRotation && set.Height() != set.Width():
		return usage.Errorf("task %s needs square images: those of %s are %dx%d", task, set.Name(), set.Height(),
			set.Width())
	case task == MadeGray && set.Channels() != 3:
		return usage.Errorf("task %s needs images in color: those of %s have %d channels", task, set.Name(),
			set.Channels())
	}
	return nil
}

// madeGroup returns images of a set, each with one of the transforms of a made task, in turn. Name is what the set is
// called in results.
func madeGroup(set *dataset.Set, name, task string) (g group, err error) {
	g = group{name: name + "/" + task, data: set.Fingerprint(), pixels: set.Fingerprint() + " " + task,
		made: true}
	if err := canMake(set, task); err != nil {
		return g, err
	}

	train, err := set.Split(record.SplitTrain)
	if err != nil {
		return g, err
	}
	from, to, groups := part{train.Name, train.Images}, part{}, train.Groups()
	if test, ok := set.Measured(); ok {
		to = part{test.Name, test.Images}
	} else {
		// A set without another split gives some of its training images.
		keep, held := heldOut(train.N, groups)
		from, to = part{train.Name, train.Pick(keep)}, part{record.SplitValidation, train.Pick(held)}
		if groups != nil {
			groups = probe.PickLabels(groups, keep)
		}
	}

	t := Task{Name: g.name, Classes: len(made[task])}
	g.train, t.Labels = madePart(from, task, madeTrain)
	g.test, t.test = madePart(to, task, madeTest)
	g.tasks, g.main = []Task{t}, t.Labels
	if groups != nil {
		for i := range g.train.N {
			g.groups = append(g.groups, groups[spread(i, g.train.N, from.N)])
		}
	}
	g.cut()
	return g, nil
}

// heldOut cuts two tenths of so many images, in their groups where they have some.
func heldOut(n int, groups []int32) (keep, held []int) {
	const share = 2 * dataset.ValidationShare
	if groups == nil {
		return dataset.StratifiedHoldOut(make([]int32, n), share, dataset.ValidationSeed)
	}
	return dataset.GroupedHoldOut(make([]int32, n), groups, share, dataset.ValidationSeed)
}

// spread returns the image of a split of so many that is number i of n, which are spread over the split: it may be
// sorted by class.
func spread(i, n, of int) int { return i * of / n }

// madePart transforms at most so many images of a split.
func madePart(from part, task string, most int) (p part, labels []int32) {
	// Classes in turn, so that all are equally frequent.
	n := min(most, from.N)
	images := dataset.Images{Pixels: make([]byte, n*from.Stride()), N: n, Height: from.Height, Width: from.Width,
		Channels: from.Channels}
	for i := range n {
		class := i % len(made[task])
		labels = append(labels, int32(class))
		made[task][class](images.At(i), from.At(spread(i, n, from.N)), from.Height, from.Width)
	}
	return part{from.name, images}, labels
}
