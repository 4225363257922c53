package objective_test

import "github.com/sslx-go/lab/sslx/objective"

// oracle computes losses in float64 from the equations of the papers, with plain loops over a tape. It shares no code
// with the package. wrong names a mistake that it makes.
type oracle struct {
	tape
	batch
	loss  objective.Objective
	wrong string

	// the batch's numbers, [view or extra][image][dim]
	z, q, target, extra, logit [][][]*number
	queued, patch, prototype   [][]*number
	queues                     [][][]*number
}

// answer is what an oracle says of a batch.
type answer struct {
	loss     float64
	parts    map[string]float64
	gradient []float64 // by the numbers of gradientInputs, in order
}

func ask(loss objective.Objective, b batch, wrong string) answer {
	o := &oracle{batch: b, loss: loss, wrong: wrong, queued: leaves(b.queue), patch: leaves(b.fixed)}
	for v := range b.views {
		o.z, o.q = append(o.z, leaves(b.embeddings[v])), append(o.q, leaves(b.predictions[v]))
		o.target, o.logit = append(o.target, leaves(b.targets[v])), append(o.logit, leaves(b.logits[v]))
	}
	o.prototype = leaves(b.prototypes)
	for _, m := range b.allQueues() {
		o.queues = append(o.queues, leaves(m))
	}
	for _, m := range b.negatives {
		o.extra = append(o.extra, leaves(m))
	}
	a := answer{parts: map[string]float64{}}
	var terms []*number
	for name, part := range subjectOf(loss).oracle(o) {
		a.parts[name] = part.value
		terms = append(terms, part)
	}
	sum := o.add(terms...)
	o.differentiate(sum)
	a.loss = sum.value
	for _, m := range o.differentiatedBy() {
		for _, row := range m {
			for _, x := range row {
				a.gradient = append(a.gradient, x.slope)
			}
		}
	}
	return a
}

func leaves(m matrix) [][]*number {
	rows := make([][]*number, len(m))
	for i, row := range m {
		for _, v := range row {
			rows[i] = append(rows[i], constant(v))
		}
	}
	return rows
}

// differentiatedBy returns what the package's loss is differentiated by too.
func (o *oracle) differentiatedBy() [][][]*number {
	targets := o.target
	if seen := o.loss.Needs().TargetViews; seen > 0 {
		targets = targets[:min(seen, o.views)]
	}
	return groups[[][]*number]{queue: [][][]*number{o.queued}, queues: o.queues, views: o.z, predictions: o.q,
		targets: targets, logits: o.logit, prototypes: [][][]*number{o.prototype}, extra: o.extra,
		fixed: [][][]*number{o.patch}}.by(o.loss)
}

// others calls visit for every image i and every ordered pair (v, w) of different views.
func (o *oracle) others(visit func(v, w, i int)) {
	for v := range o.views {
		for w := range o.views {
			for i := range o.n {
				if v != w {
					visit(v, w, i)
				}
			}
		}
	}
}

// direction returns row at length 1, or as it is where the mistake is to leave that out.
func (o *oracle) direction(row []*number) []*number {
	if o.wrong == "vectors are not normalized" {
		return row
	}
	return o.unit(row)
}

// directionsOf returns the rows of all views at length 1.
func (o *oracle) directionsOf(views [][][]*number) [][][]*number {
	out := make([][][]*number, len(views))
	for v, rows := range views {
		for _, row := range rows {
			out[v] = append(out[v], o.direction(row))
		}
	}
	return out
}

// temperature is that of the loss, unless the mistake is to double it.
func (o *oracle) temperature() float64 {
	if o.wrong == "the temperature is doubled" {
		return 2 * temperature(o.loss)
	}
	return temperature(o.loss)
}

func (o *oracle) similarity(a, b []*number) *number { return o.scale(o.dot(a, b), 1/o.temperature()) }

// leak is the mistake to let a gradient through where there is none.
const leak = "a gradient leaks"

// frozen returns the numbers without a path to where they come from.
func (o *oracle) frozen(v []*number) []*number {
	if o.wrong == leak {
		return v
	}
	out := make([]*number, len(v))
	for i, x := range v {
		out[i] = constant(x.value)
	}
	return out
}
