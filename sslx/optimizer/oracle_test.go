package optimizer

import "math"

// oracle is one variable under one rule in float64, written from the papers and from PyTorch's documentation.
type oracle struct {
	config   Config
	decay    bool // whether decay and adaptation apply
	w        []float64
	velocity []float64 // of SGD and LARS; the first moment of Adam
	square   []float64 // the second moment of Adam
	steps    int
}

func newOracle(c Config, w []float64, decay bool) *oracle {
	o := &oracle{config: c, decay: decay, w: append([]float64(nil), w...)}
	o.velocity, o.square = make([]float64, len(w)), make([]float64, len(w))
	return o
}

func (o *oracle) step(gradient []float64, lr float64) {
	o.steps++
	switch rule := o.config.Rule.(type) {
	case AdamW:
		o.adam(gradient, lr)
	case LARS:
		o.momentum(rule.Momentum, o.adapted(gradient), lr)
	case SGD:
		o.momentum(rule.Momentum, o.decayed(gradient), lr)
	}
}

// momentum is v ← µ·v + g, w ← w - lr·v.
func (o *oracle) momentum(mu float64, g []float64, lr float64) {
	for i := range o.w {
		o.velocity[i] = mu*o.velocity[i] + g[i]
		o.w[i] -= lr * o.velocity[i]
	}
}

func (o *oracle) decayed(gradient []float64) []float64 {
	g := append([]float64(nil), gradient...)
	for i := range g {
		if o.decay {
			g[i] += o.config.WeightDecay * o.w[i]
		}
	}
	return g
}

// adapted is LARS with η 0.001: g ← g·η·|w|/|g|, where both are above 0.
func (o *oracle) adapted(gradient []float64) []float64 {
	g := o.decayed(gradient)
	ww, gg := 0.0, 0.0
	for i := range g {
		ww += o.w[i] * o.w[i]
		gg += g[i] * g[i]
	}
	if o.decay && ww > 0 && gg > 0 {
		for i := range g {
			g[i] *= 0.001 * math.Sqrt(ww) / math.Sqrt(gg)
		}
	}
	return g
}

// adam is algorithm 2 of Loshchilov and Hutter 2019.
func (o *oracle) adam(g []float64, lr float64) {
	t := float64(o.steps)
	for i := range o.w {
		if o.decay {
			o.w[i] -= lr * o.config.WeightDecay * o.w[i]
		}
		o.velocity[i] = 0.9*o.velocity[i] + 0.1*g[i]
		o.square[i] = 0.999*o.square[i] + 0.001*g[i]*g[i]
		first := o.velocity[i] / (1 - math.Pow(0.9, t))
		second := o.square[i] / (1 - math.Pow(0.999, t))
		o.w[i] -= lr * first / (math.Sqrt(second) + 1e-8)
	}
}
