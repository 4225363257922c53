package objective

import "slices"

// oracle computes losses in float64 from the equations of the papers, with plain loops over a tape. It shares no code
// with the package. wrong names a mistake of mutation_test.go that it makes.
type oracle struct {
	tape
	batch
	config Config // every parameter that the method uses is given
	wrong  string

	// the batch's numbers, [view or extra][image][dim]
	z, q, target, extra, logit [][][]*number
	queued, patch              [][]*number
}

// oracles gives the terms of each method's loss, which add up to it.
var oracles = map[string]func(o *oracle) map[string]*number{
	"simclr":     (*oracle).simCLR,
	"dcl":        (*oracle).dcl,
	"dclw":       (*oracle).dclw,
	"supcon":     (*oracle).supCon,
	"moco":       (*oracle).moco,
	"vicreg":     (*oracle).vicReg,
	"barlow":     (*oracle).barlow,
	"byol":       (*oracle).byol,
	"simsiam":    (*oracle).simSiam,
	"supervised": (*oracle).supervised,
}

// answer is what an oracle says of a batch.
type answer struct {
	loss     float64
	parts    map[string]float64
	gradient []float64 // by the numbers of gradientInputs, in order
}

func ask(c Config, b batch, wrong string) answer {
	o := &oracle{batch: b, config: c, wrong: wrong, queued: leaves(b.queue), patch: leaves(b.fixed)}
	for v := range b.views {
		o.z, o.q = append(o.z, leaves(b.embeddings[v])), append(o.q, leaves(b.predictions[v]))
		o.target, o.logit = append(o.target, leaves(b.targets[v])), append(o.logit, leaves(b.logits[v]))
	}
	for _, m := range b.negatives {
		o.extra = append(o.extra, leaves(m))
	}
	a := answer{parts: map[string]float64{}}
	var terms []*number
	for name, part := range oracles[c.Name](o) {
		a.parts[name] = part.value
		terms = append(terms, part)
	}
	loss := o.add(terms...)
	o.differentiate(loss)
	a.loss = loss.value
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
	return ordered(o.config, [][][]*number{o.queued}, o.z, o.q, o.target, o.logit, o.extra, [][][]*number{o.patch})
}

// ordered returns those of its arguments that a loss is differentiated by, in the order of gradientInputs.
func ordered[M any](c Config, queue, z, q, target, logit, extra, patch []M) []M {
	switch c.Name {
	case "byol":
		return slices.Concat(q, target)
	case "simsiam":
		return slices.Concat(q, z)
	case "moco":
		return slices.Concat(queue, z, target)
	case "supervised":
		return logit
	}
	switch c.Negatives {
	case "patch-same", "crop-same":
		return slices.Concat(z, extra[:c.NegativesK])
	case "patch-fixed":
		return slices.Concat(z, patch)
	}
	return z
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
	if o.wrong == "vectors are not normalised" {
		return row
	}
	return o.unit(row)
}

// directions returns the rows of all views at length 1.
func (o *oracle) directions(views [][][]*number) [][][]*number {
	out := make([][][]*number, len(views))
	for v, rows := range views {
		for _, row := range rows {
			out[v] = append(out[v], o.direction(row))
		}
	}
	return out
}

// temperature is that of the configuration, unless the mistake is to double it.
func (o *oracle) temperature() float64 {
	if o.wrong == "the temperature is doubled" {
		return 2 * o.config.Temperature
	}
	return o.config.Temperature
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
