package objective_test

import "math"

// A number of a computation in float64 that is differentiated in reverse: slope is the derivative of the result by it.
type number struct{ value, slope float64 }

// tape records how numbers came about. The oracles write a paper's equations with it, so that one text gives the
// value and the gradient; TestOracle_ItsGradientIsThatOfItsLoss holds it against differences.
type tape struct{ back []func() }

// differentiate fills the slopes of all numbers of the tape, of which loss is the last.
func (t *tape) differentiate(loss *number) {
	loss.slope = 1
	for i := len(t.back) - 1; i >= 0; i-- {
		t.back[i]()
	}
}

// record returns a number whose slope goes to the inputs as back says.
func (t *tape) record(value float64, back func(slope float64)) *number {
	out := &number{value: value}
	t.back = append(t.back, func() {
		if out.slope != 0 {
			back(out.slope)
		}
	})
	return out
}

func constant(value float64) *number { return &number{value: value} }

func (t *tape) add(terms ...*number) *number {
	sum := 0.0
	for _, x := range terms {
		sum += x.value
	}
	return t.record(sum, func(slope float64) {
		for _, x := range terms {
			x.slope += slope
		}
	})
}

func (t *tape) mean(terms ...*number) *number { return t.scale(t.add(terms...), 1/float64(len(terms))) }

func (t *tape) scale(x *number, factor float64) *number {
	return t.record(factor*x.value, func(slope float64) { x.slope += factor * slope })
}

func (t *tape) sub(a, b *number) *number { return t.add(a, t.scale(b, -1)) }

func (t *tape) mul(a, b *number) *number { return t.dot([]*number{a}, []*number{b}) }

func (t *tape) dot(a, b []*number) *number {
	sum := 0.0
	for i := range a {
		sum += a[i].value * b[i].value
	}
	return t.record(sum, func(slope float64) {
		for i := range a {
			a[i].slope += slope * b[i].value
			b[i].slope += slope * a[i].value
		}
	})
}

func (t *tape) square(x *number) *number { return t.mul(x, x) }

func (t *tape) exp(x *number) *number {
	e := math.Exp(x.value)
	return t.record(e, func(slope float64) { x.slope += slope * e })
}

func (t *tape) log(x *number) *number {
	return t.record(math.Log(x.value), func(slope float64) { x.slope += slope / x.value })
}

func (t *tape) sqrt(x *number) *number {
	root := math.Sqrt(x.value)
	return t.record(root, func(slope float64) { x.slope += slope / (2 * root) })
}

// inverse is 1/x.
func (t *tape) inverse(x *number) *number {
	return t.record(1/x.value, func(slope float64) { x.slope -= slope / (x.value * x.value) })
}

// positive is max(0, x).
func (t *tape) positive(x *number) *number {
	if x.value <= 0 {
		return constant(0)
	}
	return t.scale(x, 1)
}

// logSumExp keeps its digits where one term outweighs the others: it is that term plus log1p of the others.
func (t *tape) logSumExp(terms []*number) *number {
	largest := 0
	for i, x := range terms {
		if x.value > terms[largest].value {
			largest = i
		}
	}
	rest := 0.0
	for i, x := range terms {
		if i != largest {
			rest += math.Exp(x.value - terms[largest].value)
		}
	}
	result := terms[largest].value + math.Log1p(rest)
	return t.record(result, func(slope float64) {
		for _, x := range terms {
			x.slope += slope * math.Exp(x.value-result)
		}
	})
}

// unit returns v over its length.
func (t *tape) unit(v []*number) []*number {
	shrink := t.inverse(t.sqrt(t.dot(v, v)))
	out := make([]*number, len(v))
	for i, x := range v {
		out[i] = t.mul(x, shrink)
	}
	return out
}

// centered returns v less its mean.
func (t *tape) centered(v []*number) []*number {
	mean := t.mean(v...)
	out := make([]*number, len(v))
	for i, x := range v {
		out[i] = t.sub(x, mean)
	}
	return out
}
