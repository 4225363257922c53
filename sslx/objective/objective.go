package objective

import (
	"errors"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/blame"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
)

// Objective is a training objective. It is a struct whose exported fields, with yaml tags, are its parameters; it may
// have a method Check() error.
type Objective interface {
	// Needs returns what the objective uses besides the embeddings of the views.
	Needs() Needs

	// Loss builds the loss of a batch, whose inputs hold what Needs asks for. Callers use the function [Loss], which
	// checks that they do.
	Loss(in Inputs) Terms
}

// Needs is what an objective uses besides the embeddings of the views, and what it asks of a batch.
type Needs struct {
	// Predictor asks for Predictions: a network after the projector of the trained branch.
	Predictor bool

	// Target asks for Targets: a second encoder and projector that starts as a copy of the trained one and follows it.
	Target bool

	// TargetMomentum returns the share m that a step leaves of each variable of the target network, which becomes
	// m·target + (1-m)·trained; progress is the share of the training that is done, in [0, 1]. It is set with Target.
	TargetMomentum func(progress float64) float64

	// TargetViews is the number of views, from the first one on, that the target network sees; 0 for all.
	TargetViews int

	// Queue asks for that many normalized embeddings of earlier batches (see [Normalize]): of the second view by the
	// target network, or of the first view by the trained network where there is no target. The embeddings of a batch
	// enter it after the loss, in place of the oldest. QueuePerView asks for a queue of each view instead.
	Queue        int
	QueuePerView bool

	// Prototypes asks for that many vectors that are trained with the network. They start as random directions, and
	// every step ends by scaling them to length 1. With a target, TargetPrototypes follow them.
	Prototypes int

	// Directions asks for that many random vectors of length 1.
	Directions int

	// State has the lengths of named vectors that the objective keeps from step to step. They start as zeros, and
	// become what Terms.State holds.
	State map[string]int

	// Labels asks for the labels of the images, and Logits for a linear classifier of each view's representation.
	Labels, Logits bool

	// Negatives asks for more views.
	Negatives ExtraViews

	// Random asks for uniform draws.
	Random bool

	// OutputNorm asks for batch normalization of the projector's output, without scale and offset.
	OutputNorm bool

	// NormPerView says that the method's official code normalizes each view by itself: each is a batch of its own to
	// batch normalization. Otherwise it takes all views of one size together.
	NormPerView bool

	// NormPart is the fewest images of the parts that each view is in turn split into for batch normalization, 0 for
	// views that stay whole; it takes NormPerView.
	NormPart int

	// LeastBatch is the fewest images in a batch for which the loss is defined, 0 for 1, and LeastBatchReason says why,
	// as in "there would be no negative".
	LeastBatch       int
	LeastBatchReason string
}

// ExtraViews is a request for views that serve as negatives only. They go through the trained branch, with a gradient.
type ExtraViews struct {
	// Count is the number of these views for each image, 0 for none.
	Count int

	// View returns how they are made, where anchor is how the first of the other views is made; nil makes them like the
	// anchor, of another part of the image. They have to have the anchor's Size.
	View func(anchor augment.Config) augment.Config

	// OneImage takes them from the first training image, whatever the batch: each is one view [1, dim] for all images.
	OneImage bool
}

// view returns how the views are made.
func (e ExtraViews) view(anchor augment.Config) augment.Config {
	if e.View != nil {
		anchor = e.View(anchor)
	}
	anchor.SameRegion = false // negatives are not parts of one another
	return anchor
}

// Views returns how the views are made, all of them; anchor is how the first of the other views is made.
func (e ExtraViews) Views(anchor augment.Config) augment.Views {
	views := make(augment.Views, e.Count)
	for i := range views {
		views[i] = e.view(anchor)
	}
	return views
}

// Inputs is what an objective may use of a batch of N images. Only what its Needs ask for is set, besides Views.
type Inputs struct {
	Views       []*Node           // embeddings of each view, [N, dim]; two or more
	Predictions []*Node           // the predictor's output for each view, [N, dim]
	Targets     []*Node           // embeddings of each view by the target network, [N, dim]; they get no gradient
	Queue       *Node             // [Needs.Queue, dim], normalized embeddings of earlier batches; no gradient
	Queues      []*Node           // the same for each view, with Needs.QueuePerView
	Negatives   []*Node           // embeddings of Needs.Negatives, each [N, dim], or [1, dim] of one image
	Labels      *Node             // int32 [N]
	Logits      []*Node           // the classifier's output for each view, [N, classes]
	Random      func(n int) *Node // makes uniform float32 [N, n] in [0, 1), another for each step
	Directions  *Node             // [Needs.Directions, dim] of length 1, others at each step, the same on all devices
	State       map[string]*Node  // of each of Needs.State its vector [length]; no gradient

	Prototypes, TargetPrototypes *Node // [Needs.Prototypes, dim]

	sharpness *Node // 1/temperature; set only by tests, which compile one program for all temperatures
}

// images returns the number of images in the batch.
func (in Inputs) images() int { return in.Views[0].Shape().Dimensions[0] }

// Terms is a loss and what it is made of, all scalars.
type Terms struct {
	Loss *Node

	// Parts are the named terms that add up to the loss; none where there is but one.
	Parts map[string]*Node

	// Chance is the value of the loss when the embeddings tell nothing: training that stays there learns nothing.
	// 0 means that no such value is known.
	Chance float64

	// State has the next value of each vector of Needs.State. It is set with them.
	State map[string]*Node
}

// Loss builds the loss of a batch. The objective must pass [Check]; Loss panics when in lacks what Needs ask for, or
// when the batch is too small (see [CheckBatch]).
func Loss(o Objective, in Inputs) Terms {
	defer blame.Part("objective " + nameOrType(o))
	in.mustServe(o)

	terms := o.Loss(in)
	switch {
	case terms.Loss == nil:
		panic(errors.New("its loss is nil: set Terms.Loss"))
	case !terms.Loss.Shape().IsScalar():
		panic(fmt.Errorf("its loss has shape %s: it must be a scalar", terms.Loss.Shape()))
	}
	for name := range o.Needs().State {
		if terms.State[name] == nil {
			panic(fmt.Errorf("it has no next value of its state %q: set Terms.State", name))
		}
	}
	return terms
}

// CheckBatch returns an error of package usage when an objective is not defined for a batch of that many images. The
// objective must pass [Check].
func CheckBatch(o Objective, images int) error {
	needs := o.Needs()
	if images >= max(1, needs.LeastBatch) {
		return nil
	}
	return usage.Errorf("objective %s needs a batch of %d images or more and got %d: %s", nameOrType(o),
		max(1, needs.LeastBatch), images, needs.LeastBatchReason)
}

// mustServe panics unless in holds what the objective needs. It panics with errors, which GoMLX returns from the
// building of the program.
func (in Inputs) mustServe(o Objective) {
	needs, views := o.Needs(), len(in.Views)
	if views < 2 && !(views == 1 && needs.Logits) { // a classifier compares no views
		panic(fmt.Errorf("it got %d views: it needs two or more", views))
	}
	if least := max(1, needs.LeastBatch); in.images() < least {
		panic(fmt.Errorf("it needs a batch of %d images or more and got %d: %s", least, in.images(),
			needs.LeastBatchReason))
	}

	// What is needed and absent would otherwise fail deep inside of the loss, without its name.
	for _, f := range []struct {
		name      string
		got, want int
	}{
		{"Predictions", len(in.Predictions), views * count(needs.Predictor)},
		{"Targets", len(in.Targets), needs.targetViews(views)},
		{"Logits", len(in.Logits), views * count(needs.Logits)},
		{"Negatives", len(in.Negatives), needs.Negatives.Count},
		{"Queue", count(in.Queue != nil), count(needs.Queue > 0 && !needs.QueuePerView)},
		{"Queues", len(in.Queues), views * count(needs.Queue > 0 && needs.QueuePerView)},
		{"Prototypes", count(in.Prototypes != nil), count(needs.Prototypes > 0)},
		{"TargetPrototypes", count(in.TargetPrototypes != nil), count(needs.Prototypes > 0 && needs.Target)},
		{"Directions", count(in.Directions != nil), count(needs.Directions > 0)},
		{"State", len(in.State), len(needs.State)},
		{"Labels", count(in.Labels != nil), count(needs.Labels)},
		{"Random", count(in.Random != nil), count(needs.Random)},
	} {
		if f.got < f.want {
			panic(fmt.Errorf("it needs %d of Inputs.%s and got %d", f.want, f.name, f.got))
		}
	}
}

// targetViews returns how many of some views the target network sees.
func (n Needs) targetViews(views int) int {
	switch {
	case !n.Target:
		return 0
	case n.TargetViews > 0:
		return min(n.TargetViews, views)
	}
	return views
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// nameOrType returns the name of an objective, or of its type when it is not registered.
func nameOrType(o Objective) string {
	if name := NameOf(o); name != "" {
		return name
	}
	return fmt.Sprintf("%T", o)
}

// checkPositive returns an error of package usage for the first parameter that is not positive and finite.
func checkPositive(parameters ...parameter) error {
	for _, p := range parameters {
		if !(p.value > 0 && p.value < math.Inf(1)) {
			return usage.Errorf("objective.%s is %g: it must be positive", p.key, p.value)
		}
	}
	return nil
}

// parameter is a number with its key.
type parameter struct {
	key   string
	value float64
}
