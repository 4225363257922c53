package objective_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/sslx-go/lab/sslx/objective"
)

// subject is what the tests need of a method. The test file of each method registers one in subjects: then its loss is
// compared with the oracle on all batches and backends, and the comparison has to notice each of its mistakes.
type subject struct {
	// loss is what is compared, with a temperature of 0 where it has one: the tests set it.
	loss objective.Objective

	// oracle computes the named terms of the loss, or its only term under "", which add up to it.
	oracle func(o *oracle) map[string]*number

	// terms are the names of the terms, sorted; none where there is one.
	terms []string

	// mistakes are those that the oracle can make.
	mistakes []string

	// by names the inputs that the loss is differentiated by, in this order: "queue" or "queues", "prototypes",
	// "views", "predictions", "targets" and "logits". None is the views alone; extra negatives come last.
	by []string

	// variants are further choices of parameters that are compared with the oracle.
	variants []objective.Objective

	// equal is the loss of n images in two views whose embeddings are all equal, and chance says that it is the chance
	// value.
	equal  func(n, dim int) float64
	chance bool

	// equalAt is equal for a loss in which that depends on the temperature, and chanceLevel the chance value where it
	// is another one.
	equalAt     func(b batch, temperature float64) float64
	chanceLevel float64

	// short says that the loss depends on the length of embeddings, and that those of length 1e8 have no digits left.
	short bool

	// orthonormal is the loss where all that is of image i of n is the unit vector i, and dim is larger than n.
	orthonormal func(n, dim int, temperature float64) float64

	// leastGradient is the smallest scale of an error of the gradient; nil is that of a loss of directions.
	leastGradient func(o objective.Objective, b batch) float64
}

// subjects are the methods by their names.
var subjects = map[string]subject{}

// everyMethod returns the losses of all subjects, in the order of their names.
func everyMethod() (losses []objective.Objective) {
	for _, name := range objective.Names() {
		if s, ok := subjects[name]; ok {
			losses = append(losses, s.loss)
		}
	}
	return losses
}

// subjectOf returns the subject of a loss.
func subjectOf(o objective.Objective) subject { return subjects[objective.NameOf(o)] }

func TestSubjects_HoldEveryMethod(t *testing.T) {
	for _, name := range objective.Names() {
		s := subjects[name]
		if s.loss == nil || s.oracle == nil || len(s.mistakes) == 0 || s.equal == nil && s.equalAt == nil ||
			s.orthonormal == nil {
			t.Errorf("%s is no whole subject of the tests: see type subject, and the test file of another method", name)
			continue
		}
		if got := objective.NameOf(s.loss); got != name {
			t.Errorf("the subject %s is a %s", name, got)
		}
	}
}

// groups are all inputs of a loss, of a kind: nodes, matrices or numbers.
type groups[M any] struct {
	queue, queues, views, predictions, targets, logits, prototypes, extra, fixed []M
}

// by returns the inputs that a loss is differentiated by.
func (g groups[M]) by(o objective.Objective) (all []M) {
	named := map[string][]M{"queue": g.queue, "queues": g.queues, "views": g.views, "predictions": g.predictions,
		"targets": g.targets, "logits": g.logits, "prototypes": g.prototypes}
	names := subjectOf(o).by
	if len(names) == 0 {
		names = []string{"views"}
	}
	for _, name := range names {
		all = append(all, named[name]...)
	}

	switch extra := o.Needs().Negatives; {
	case extra.OneImage:
		all = append(all, g.fixed...)
	default:
		all = append(all, g.extra[:extra.Count]...)
	}
	return all
}

// temperature returns that of a loss, 0 where it has none.
func temperature(o objective.Objective) float64 {
	if field := reflect.ValueOf(o).FieldByName("Temperature"); field.IsValid() {
		return field.Float()
	}
	return 0
}

// withTemperature returns a loss with a temperature, if it has one.
func withTemperature(o objective.Objective, temperature float64) objective.Objective {
	changed := reflect.New(reflect.TypeOf(o)).Elem()
	changed.Set(reflect.ValueOf(o))
	if field := changed.FieldByName("Temperature"); field.IsValid() {
		field.SetFloat(temperature)
	}
	return changed.Interface().(objective.Objective)
}

// negatives returns the choice of negatives of a loss, of kind "" where it has none.
func negatives(o objective.Objective) objective.Negatives {
	if field := reflect.ValueOf(objective.Resolved(o)).FieldByName("Negatives"); field.IsValid() {
		return field.Interface().(objective.Negatives)
	}
	return objective.Negatives{}
}

// title names a loss in messages.
func title(o objective.Objective) string {
	name := objective.NameOf(o)
	if kind := negatives(o).Kind; !slices.Contains([]string{"", "batch"}, kind) {
		name += " with " + kind
	}
	return name
}
