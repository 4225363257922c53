package evaluate

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// group is images with one or several tasks, which share their features.
type group struct {
	name        string // of the data set in results, or of a made task
	data        string // fingerprint of the data set
	pixels      string // decides the pixels: the fingerprint, what was done to the images, and how they were cut
	train, test part
	tasks       []Task
	made        bool    // what was done to the images is the task: protocols that need no labels do not measure it
	main        []int32 // labels of the training images that the cut is stratified by; one for all without labels
	groups      []int32 // of the training images, which the cut leaves whole; nil where the set has none

	// fit and held are the training images to fit on, and to choose hyper-parameters on.
	fit, held []int
}

// part is the images of a split.
type part struct {
	name string
	dataset.Images
}

// groupOf returns the images of a set with some of its tasks, all when labels is nil. Name is what the set is called in
// results. A set without labels has no tasks. Labels need a split to be measured on, unless the group is for
// validation.
func groupOf(set *dataset.Set, name string, labels []string, validation bool) (g group, err error) {
	g = group{name: name, data: set.Fingerprint(), pixels: set.Fingerprint()}
	if labels == nil {
		labels = taskNames(set)
	}
	train, err := set.Split(record.SplitTrain)
	if err != nil {
		return g, err
	}
	test, ok := set.Measured()
	if !ok && len(labels) > 0 && !validation {
		return g, usage.About("validation", "%s has neither a test nor a val split: measure on images held out "+
			"of train, or import it again with a part of train held out as test", set.Name())
	}
	if !ok {
		test = train
	}
	g.train, g.test = part{train.Name, train.Images}, part{test.Name, test.Images}

	for _, label := range labels {
		of, err := set.Task(label)
		if err != nil {
			return g, err
		}

		t := Task{Name: name + "/" + label, Classes: len(of.Classes), names: of.Classes}
		if t.Labels, err = train.Labels(label); err != nil {
			return g, err
		}
		if t.test, err = test.Labels(label); err != nil {
			return g, err
		}
		g.tasks = append(g.tasks, t)
	}

	// The set's own main task, whatever was asked for: a number must not depend on the other tasks.
	g.main, g.groups = make([]int32, train.N), train.Groups()
	if tasks := set.Tasks(); len(tasks) > 0 {
		if g.main, err = train.Labels(tasks[0].Name); err != nil {
			return g, err
		}
	}
	g.cut()
	return g, nil
}

// cut holds images out of train for the choice of hyper-parameters, stratified by the main labels, with groups whole,
// as dataset.Set's HoldOut does.
func (g *group) cut() { g.fit, g.held = dataset.ValidationCut(g.main, g.groups) }

// cutName is what the protocol of a number says of how images were held out, where that can change the number: because
// it was measured on them, or something was chosen on them.
func (g group) cutName(o Outcome) string {
	if g.groups == nil || g.test.name != record.SplitValidation && o.Chosen == nil {
		return ""
	}
	return "/by-group"
}

// validation returns the group with the images held out of train in place of test.
func (g group) validation() group {
	// These images are neither train nor test: their features need another name in the cache.
	from := g.train
	g.pixels += " validation " + hashOf(g.held)
	g.train = part{record.SplitTrain, from.Pick(g.fit)}
	g.test = part{record.SplitValidation, from.Pick(g.held)}

	// Each task keeps its labels: the labels of training images serve as test labels for the images held out.
	tasks := g.tasks
	g.tasks = nil
	for _, t := range tasks {
		t.Labels, t.test = probe.PickLabels(t.Labels, g.fit), probe.PickLabels(t.Labels, g.held)
		g.tasks = append(g.tasks, t)
	}

	// Hyper-parameters are chosen on a tenth of what is left: validation is this group's test.
	g.main = probe.PickLabels(g.main, g.fit)
	if g.groups != nil {
		g.groups = probe.PickLabels(g.groups, g.fit)
	}
	g.cut()
	return g
}

// suits reports whether a protocol measures the group: without tasks, only one that needs no labels.
func (g group) suits(p named) bool {
	if p.unlabeled() {
		return !g.made
	}
	return len(g.tasks) > 0
}

// task returns the task of a name.
func (g group) task(name string) (Task, error) {
	var names []string
	for _, t := range g.tasks {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return Task{}, usage.Unknown("task", name, names)
}

// hashOf returns the sha256 of indices, in hexadecimal.
func hashOf(indices []int) string {
	sum := sha256.New()
	for _, i := range indices {
		var bytes [8]byte
		binary.LittleEndian.PutUint64(bytes[:], uint64(i))
		sum.Write(bytes[:])
	}
	return hex.EncodeToString(sum.Sum(nil))
}
