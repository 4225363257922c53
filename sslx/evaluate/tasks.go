package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/progress"
)

// AllTasks is the name that stands for every task of the run's data, those made from it, and those of the sets in
// TaskSets.
const AllTasks = "all"

// TaskSet is a data set that AllTasks measures besides the run's own data.
type TaskSet struct {
	Name string

	// Instead is a smaller set of the same kind, which is taken when the first is not installed; it may be empty.
	Instead string
}

// names returns the names that the set goes by, the preferred one first.
func (s TaskSet) names() []string {
	if s.Instead == "" {
		return []string{s.Name}
	}
	return []string{s.Name, s.Instead}
}

// TaskSets returns the sets that AllTasks measures.
func TaskSets() []TaskSet {
	return []TaskSet{{Name: "cifar10"}, {"cifar100", "cifar100s"}, {"eurosat", "eurosat5k"}, {"gtsrb", "gtsrb32"},
		{"dtd", "dtd10"}, {Name: "mnist"}, {Name: "fashion-mnist"}, {Name: dataset.FactorsName}}
}

// plan is the tasks that were asked for, before their images are opened.
type plan struct {
	own  []string // labels of the run's data
	bare bool     // the run's data as they are, for protocols that need no labels
	made []string // tasks made from it
	sets []setPlan
}

// setPlan is another set that is measured.
type setPlan struct {
	names    []string // that it goes by; the first that is installed is taken
	labels   []string // nil means all
	optional bool     // AllTasks leaves it out with a warning when it is absent
}

// planner sorts the names of tasks by where their images come from.
type planner struct {
	set   *dataset.Set // the run's data, or what now has its name
	other bool         // the run was trained on other data: the set's labels are not its own
}

// plan sorts the names of tasks. A name is a label of the run's data, a task made from it, a set, SET/LABEL, or the
// path of an image folder or archive; "all" is everything that is known.
func (p planner) plan(names []string) (all plan, err error) {
	if len(names) == 0 {
		names = []string{p.set.Name()}
		if p.other {
			return all, p.otherData()
		}
		if len(p.set.Tasks()) == 0 {
			names = append(names, madeTasksOf(p.set)...)
		}
	}

	labels := taskNames(p.set)
	for _, name := range names {
		of, label, _ := strings.Cut(name, "/")
		ofSet := of == p.set.Name() && (label == "" || slices.Contains(labels, label)) // SET or SET/LABEL
		own := ofSet || slices.Contains(labels, name)
		switch {
		case name == AllTasks:
			if !p.other {
				all.own, all.made = append(all.own, labels...), append(all.made, madeTasksOf(p.set)...)
				all.bare = len(labels) == 0
			}
			for _, known := range TaskSets() {
				if !slices.Contains(known.names(), p.set.Name()) {
					all.add(setPlan{names: known.names(), optional: true})
				}
			}
		case p.other && (slices.Contains(MadeTasks(), name) || own && !ofSet):
			return all, p.otherData()
		case own && p.other: // measured as a set like any other
			all.add(setPlan{names: []string{p.set.Path()}, labels: labelsOf(label)})
		case own && name == p.set.Name():
			all.own, all.bare = append(all.own, labels...), len(labels) == 0
		case own && slices.Contains(labels, name):
			all.own = append(all.own, name)
		case own:
			all.own = append(all.own, label)
		case slices.Contains(MadeTasks(), name):
			all.made = append(all.made, name)
		case label != "" && known(of):
			all.add(setPlan{names: []string{of}, labels: labelsOf(label)})
		default:
			all.add(setPlan{names: []string{name}})
		}
	}

	all.own, all.made = unique(all.own), unique(all.made)
	return all, nil
}

// fit fits the plan to the protocols that measure it: to whether some need labels, and some need none. What needs none
// measures the run's data as they are, once: tasks that are made from the data ask for labels of the same images.
func (p *plan) fit(labeled, unlabeled bool) {
	if unlabeled && len(p.made) > 0 && len(p.own) == 0 {
		p.bare = true
	}
	if !labeled {
		p.made = nil
	}
}

// otherData is the error of a task of the run's data when that is not what it was trained on.
func (p planner) otherData() error {
	name := p.set.Name()
	return usage.About("tasks", "the run was trained on other data than %s is now: restore the earlier data, or name "+
		"%s as a task, which measures it as a set that the run has not seen", name, name)
}

// add adds a set, or more labels of a set that is asked for already.
func (p *plan) add(s setPlan) {
	for i, known := range p.sets {
		if !slices.Contains(known.names, s.names[0]) && !slices.Contains(s.names, known.names[0]) {
			continue
		}

		if known.labels == nil || s.labels == nil { // one of them wants all
			p.sets[i].labels = nil
		} else {
			p.sets[i].labels = unique(append(known.labels, s.labels...))
		}
		if !s.optional && known.optional { // asked for by its name
			p.sets[i].names, p.sets[i].optional = s.names, false
		}
		return
	}
	p.sets = append(p.sets, s)
}

// check returns a usage error when a name means no task, before anything is opened.
func (p plan) check(ctx context.Context, set *dataset.Set) error {
	for _, s := range p.sets {
		name := s.names[0]
		if s.optional || name == dataset.FactorsName {
			continue
		}
		locate := dataset.LocateOptions{Size: set.Height(), Channels: takenChannels(set)}
		ok, hint := dataset.Available(locate, name)

		all := append(taskNames(set), append(MadeTasks(), AllTasks)...)
		switch {
		case ok:
			continue
		case dataset.Downloadable(missing(ctx, name, locate)) != "": // it tells the caller what can be downloaded
			return missing(ctx, name, locate)
		case usage.Nearest(name, all) != "":
			return usage.Unknown("task", name, all)
		}
		return usage.Errorf("there is no task or set %q: %s", name, hint)
	}
	return nil
}

// missing returns the error of a set that is not there.
func missing(ctx context.Context, name string, opt dataset.LocateOptions) error {
	set, err := dataset.Locate(ctx, name, opt)
	if err == nil {
		err = set.Close()
	}
	return err
}

// noLabels is the usage error of a set without labels whose labels are asked for. It names what could serve: tasks that
// are made from it, if there are any, and labeled sets.
func noLabels(set *dataset.Set, made []string, size int) error {
	var serve []string
	if len(made) > 0 {
		serve = append(serve, "tasks made from it ("+strings.Join(made, ", ")+")")
	}
	if sets := labeledSets(set.Name(), size); len(sets) > 0 {
		serve = append(serve, "labeled sets that are here ("+strings.Join(sets, ", ")+")")
	} else {
		serve = append(serve, "a labeled set, such as one that can be downloaded ("+strings.Join(
			dataset.Downloads(), ", ")+")")
	}
	return usage.About("tasks", "%s has no labels: only protocols that need none measure it (%s); name as tasks %s",
		set.Name(), ProtocolLabelFree, strings.Join(serve, ", or "))
}

// labeledSets returns the sets of TaskSets that are installed, but one, for images of a side in pixels.
func labeledSets(but string, size int) (names []string) {
	for _, s := range TaskSets() {
		opt := dataset.LocateOptions{Size: size}
		if found, _ := available(opt, s.names()); found != "" && found != but {
			names = append(names, found)
		}
	}
	return names
}

// known reports whether a set is one of TaskSets.
func known(set string) bool {
	return slices.ContainsFunc(TaskSets(), func(s TaskSet) bool { return slices.Contains(s.names(), set) })
}

// labelsOf returns a label as a list, nil for none.
func labelsOf(label string) []string {
	if label == "" {
		return nil
	}
	return []string{label}
}

// taskNames returns the names of a set's tasks, the main one first.
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

// opener opens the groups of a plan, for images of the size of the run's.
type opener struct {
	opt        progress.Options
	run        *dataset.Set
	taken      map[string]string // fingerprint by the name that a set has in results
	validation bool              // images held out of train are measured
	unlabeled  bool              // a protocol that needs no labels was asked for
}

// each opens the groups of a plan one after the other and calls measure with each.
func (o opener) each(ctx context.Context, p plan, measure func(context.Context, group) error) error {
	// Inside Guard a pack that is cut short is an error, where reading it would end the program.
	guarded := func(set *dataset.Set, open func() (group, error)) error {
		return set.Guard(func() error {
			g, err := open()
			if err != nil {
				return err
			}
			return measure(ctx, g)
		})
	}
	if len(p.own) > 0 || p.bare {
		// Without any label asked for there are no tasks, although the data may have some.
		labels := append([]string{}, p.own...)
		own := func() (group, error) { return groupOf(o.run, o.name(o.run), labels, o.validation) }
		if err := guarded(o.run, own); err != nil {
			return err
		}
	}

	for _, task := range p.made {
		made := func() (group, error) { return madeGroup(o.run, o.name(o.run), task) }
		if err := guarded(o.run, made); err != nil {
			return err
		}
	}

	for _, s := range p.sets {
		if err := o.other(ctx, s, measure); err != nil {
			return err
		}
	}
	return nil
}

// other opens another set and calls measure with its group. An optional set that is absent is left out with a warning
// that says how to get it.
func (o opener) other(ctx context.Context, s setPlan, measure func(context.Context, group) error) (err error) {
	locate := dataset.LocateOptions{Size: o.run.Height(), Channels: takenChannels(o.run),
		Progress: o.opt.Counter("import " + s.names[0]),
		Warn:     func(sentence string) { o.opt.Warnf("%s", sentence) }}
	name := s.names[0]
	if s.optional {
		found, hint := available(locate, s.names)
		if found == "" {
			o.opt.Warnf("task set %s is left out: %s", name, hint)
			return nil
		}
		name = found
	}

	// The generated set has one size, which must be asked for by no number.
	if name == dataset.FactorsName {
		locate.Size = 0
	}
	set, err := dataset.Locate(ctx, name, locate)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()

	// A network is compiled for images of one size.
	if set.Height() != o.run.Height() || set.Width() != o.run.Width() {
		o.opt.Warnf("task set %s is left out: its images are %dx%d and those of the run %dx%d", name, set.Height(),
			set.Width(), o.run.Height(), o.run.Width())
		return nil
	}
	if set.Channels() != o.run.Channels() {
		o.opt.Warnf("task set %s is left out: its images have %d channels and those of the run %d", name,
			set.Channels(), o.run.Channels())
		return nil
	}

	return set.Guard(func() error {
		g, err := groupOf(set, o.name(set), s.labels, o.validation)
		if err != nil {
			return err
		}
		if len(g.tasks) == 0 && !o.unlabeled {
			return noLabels(set, nil, o.run.Height())
		}
		return measure(ctx, g)
	})
}

// takenChannels returns the number of channels that other sets are brought to for a run on images of a set: gray can be
// made of color, and color of gray. 0 is their own.
func takenChannels(run *dataset.Set) int {
	if channels := run.Channels(); channels == 1 || channels == 3 {
		return channels
	}
	return 0
}

// name returns what a set is called in results: its own name, or, when results of other data have that, the name with
// the first digits of its fingerprint.
func (o opener) name(set *dataset.Set) string {
	name, print := set.Name(), set.Fingerprint()
	if former, ok := o.taken[name]; ok && former != print {
		apart := fmt.Sprintf("%s-%.8s", name, print)
		o.opt.Warnf("set %s holds other data than the %s of the run's training or of its other results: its results "+
			"are named %s", name, name, apart)
		return apart
	}
	o.taken[name] = print
	return name
}

// available returns the first of the names of a set that is installed, or how to get the first.
func available(opt dataset.LocateOptions, names []string) (found, hint string) {
	// From the last to the first: the preferred name has the last word.
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
