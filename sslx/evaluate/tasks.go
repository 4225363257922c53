package evaluate

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/progress"
	"github.com/sslx-go/lab/sslx/record"
)

// AllTasks is the name that stands for every task of the run's data, those made from it, and those of the sets in
// TaskSets.
const AllTasks = "all"

// TaskSets returns the sets that AllTasks measures beside the run's own data, each with the names that it goes by: the
// first that is there is taken.
func TaskSets() [][]string {
	return [][]string{{"cifar10"}, {"cifar100", "cifar100s"}, {"eurosat", "eurosat5k"}, {"gtsrb", "gtsrb32"}, {"dtd", "dtd10"},
		{"mnist"}, {"fashion-mnist"}, {dataset.FactorsName}}
}

// task is one label of the images of a group.
type task struct {
	name        string // set/label
	classes     int
	train, test []int32
}

// part is the images of a split.
type part struct {
	split  string
	pixels []byte // uint8 [n, height, width, 3]
	n      int
}

// group is images with one or several tasks, which share their features.
type group struct {
	name        string
	id          string // decides the pixels: the set's fingerprint, and what was done to them
	train, test part
	tasks       []task
	keep, held  []int // train images to fit on, and to choose hyper-parameters on
}

const (
	validationShare = 0.1 // of train, for the choice of hyper-parameters
	validationSeed  = 0   // the same cut for every run
)

// cut holds images out of train for the choice of hyper-parameters, stratified by the first task.
func (g *group) cut() {
	g.keep, g.held = dataset.StratifiedHoldOut(g.tasks[0].train, validationShare, validationSeed)
}

// validation returns the group with the images held out of train in place of test; size is the bytes of an image.
func (g group) validation(size int) group {
	from := g.train
	g.id += " validation"
	g.train, g.test = from.of(g.keep, size, record.SplitTrain), from.of(g.held, size, record.SplitValidation)
	tasks := g.tasks
	g.tasks = nil
	for _, t := range tasks {
		g.tasks = append(g.tasks, task{t.name, t.classes, pick(t.train, g.keep), pick(t.train, g.held)})
	}
	g.cut()
	return g
}

// of returns a copy of some images of a part, of so many bytes each.
func (p part) of(indices []int, size int, split string) part {
	pixels := make([]byte, 0, len(indices)*size)
	for _, i := range indices {
		pixels = append(pixels, p.pixels[i*size:(i+1)*size]...)
	}
	return part{split, pixels, len(indices)}
}

// groupOf returns the images of a set with some of its tasks, all when no name is given.
func groupOf(set *dataset.Set, names []string) (g group, err error) {
	g = group{name: set.Name(), id: set.Fingerprint()}
	if len(set.Tasks()) == 0 {
		return g, usage.Errorf("%s has no labels to evaluate on", set.Name())
	}
	if len(names) == 0 {
		for _, t := range set.Tasks() {
			names = append(names, t.Name)
		}
	}
	train, err := set.Split("train")
	if err != nil {
		return g, err
	}
	test, err := set.Split("test")
	if err != nil {
		return g, err
	}
	g.train, g.test = part{train.Name, train.Pixels, train.N}, part{test.Name, test.Pixels, test.N}
	for _, name := range names {
		of, err := set.Task(name)
		if err != nil {
			return g, err
		}
		t := task{name: set.Name() + "/" + name, classes: len(of.Classes)}
		if t.train, err = train.Labels(name); err != nil {
			return g, err
		}
		if t.test, err = test.Labels(name); err != nil {
			return g, err
		}
		g.tasks = append(g.tasks, t)
	}
	g.cut()
	return g, nil
}

// plan is the tasks that were asked for, before their images are opened: own tasks of the run's data, tasks made from
// it, and the tasks of other sets by the set's name.
type plan struct {
	own    []string // nil is none
	made   []string
	sets   []string
	labels map[string][]string // of each set; none means all
	all    bool                // sets that are absent are left out
}

// planTasks sorts the names of tasks. A name is a task of the run's data, one made from it, a set, SET/TASK, or the
// path of an image folder or archive; "all" is everything that is known.
func planTasks(set *dataset.Set, names []string) (p plan) {
	p.labels = map[string][]string{}
	if len(names) == 0 {
		p.own = taskNames(set)
	}
	for _, name := range names {
		of, label, _ := strings.Cut(name, "/")
		switch {
		case name == AllTasks:
			p.all, p.own, p.made = true, taskNames(set), MadeTasks()
			for _, known := range TaskSets() {
				if !slices.Contains(known, set.Name()) {
					p.sets = append(p.sets, strings.Join(known, "|"))
				}
			}
		case slices.Contains(taskNames(set), name):
			p.own = append(p.own, name)
		case of == set.Name() && label != "" && slices.Contains(taskNames(set), label):
			p.own = append(p.own, label)
		case slices.Contains(MadeTasks(), name):
			p.made = append(p.made, name)
		case name == set.Name():
			p.own = append(p.own, taskNames(set)...)
		case label != "" && known(of):
			p.sets = append(p.sets, of)
			p.labels[of] = append(p.labels[of], label)
		default:
			p.sets = append(p.sets, name)
		}
	}
	p.own, p.made, p.sets = unique(p.own), unique(p.made), unique(p.sets)
	return p
}

// check returns a usage error when a name means no task, before anything is opened.
func (p plan) check(set *dataset.Set) error {
	if len(p.own)+len(p.made)+len(p.sets) == 0 {
		return usage.Errorf("%s has no labels to evaluate on", set.Name())
	}
	for _, name := range p.sets {
		if p.all && isTaskSet(name) {
			continue
		}
		ok, hint := dataset.Available(dataset.LocateOptions{Size: set.Height()}, name)
		if ok || name == dataset.FactorsName {
			continue
		}
		all := append(taskNames(set), append(MadeTasks(), AllTasks)...)
		if !known(name) && usage.Nearest(name, all) != "" {
			return usage.Unknown("task", name, all)
		}
		return usage.Errorf("there is no task or set %q: %s", name, hint)
	}
	return nil
}

// isTaskSet reports whether a name of a plan is that of TaskSets as a whole.
func isTaskSet(name string) bool {
	return slices.ContainsFunc(TaskSets(), func(names []string) bool { return strings.Join(names, "|") == name })
}

func known(set string) bool {
	return slices.ContainsFunc(TaskSets(), func(names []string) bool { return slices.Contains(names, set) })
}

func taskNames(set *dataset.Set) (names []string) {
	for _, t := range set.Tasks() {
		names = append(names, t.Name)
	}
	return names
}

// unique returns the names without repetitions, in their order.
func unique(names []string) (once []string) {
	for _, name := range names {
		if !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return once
}

// each opens the groups of a plan one after the other, for images of the run's size, and calls measure with each. A set
// of AllTasks that is absent is left out with a warning that says how to get it.
func (p plan) each(ctx context.Context, run *dataset.Set, opt progress.Options, measure func(group) error) error {
	if len(p.own) > 0 {
		g, err := groupOf(run, p.own)
		if err != nil {
			return err
		}
		if err := measure(g); err != nil {
			return err
		}
	}
	for _, name := range p.made {
		g, err := madeGroup(run, name)
		if err != nil {
			return err
		}
		if err := measure(g); err != nil {
			return err
		}
	}
	for _, name := range p.sets {
		if err := p.other(ctx, name, run, opt, measure); err != nil {
			return err
		}
	}
	return nil
}

// other opens another set and calls measure with its group.
func (p plan) other(ctx context.Context, name string, run *dataset.Set, opt progress.Options,
	measure func(group) error) (err error) {
	locate := dataset.LocateOptions{Size: run.Height(), Progress: opt.Counter("import " + name)}
	if names := strings.Split(name, "|"); p.all {
		found, hint := available(locate, names)
		if found == "" && isTaskSet(name) {
			opt.Warnf("task set %s is left out: %s", names[0], hint)
			return nil
		}
		name = cmp.Or(found, name)
	}
	if name == dataset.FactorsName {
		locate.Size = 0
	}
	set, err := dataset.Locate(ctx, name, locate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	if set.Height() != run.Height() || set.Width() != run.Width() {
		opt.Warnf("task set %s is left out: its images are %dx%d and those of the run %dx%d", name, set.Height(),
			set.Width(), run.Height(), run.Width())
		return nil
	}
	g, err := groupOf(set, p.labels[name])
	if err != nil {
		return err
	}
	return measure(g)
}

// available returns the first of the names of a set that is here, or how to get the first.
func available(opt dataset.LocateOptions, names []string) (found, hint string) {
	for i := len(names) - 1; i >= 0; i-- {
		ok, how := dataset.Available(opt, names[i])
		if ok {
			found = names[i]
		} else {
			hint = how
		}
	}
	return found, hint
}
