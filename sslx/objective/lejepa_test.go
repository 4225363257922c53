package objective_test

import (
	"context"
	"fmt"
	"log"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/objective"
)

func init() {
	loss := objective.LeJEPA{Lambda: 0.02, Slices: sliceRows, Points: 17, Range: 3, TimesSamples: true}
	changed := func(change func(l *objective.LeJEPA)) objective.Objective {
		other := loss
		change(&other)
		return other
	}
	subjects["lejepa"] = subject{
		loss:   loss,
		oracle: (*oracle).leJEPA,
		terms:  []string{"invariance", "sigreg"},
		mistakes: []string{
			"the statistic is not multiplied by the number of images", "views are one sample", "the window is left out",
			"the imaginary part is left out", "only one half is integrated", "the last point has its whole weight",
			"the center is the first view", "the distance is summed over dimensions", "the weights are exchanged",
			"the Gaussian has another variance", "the characteristic function is of the mean",
		},
		variants: []objective.Objective{
			changed(func(l *objective.LeJEPA) { l.TimesSamples = false }),
			changed(func(l *objective.LeJEPA) { l.Pooled = true }),
			changed(func(l *objective.LeJEPA) { l.Pooled, l.TimesSamples = true, false }),
			changed(func(l *objective.LeJEPA) { l.GlobalViews = 2 }),
			changed(func(l *objective.LeJEPA) { l.Points, l.Range, l.Lambda = 5, 2, 0.3 }),
		},
		short: true,
		equalAt: func(b batch, _ float64) float64 {
			// All images are at the same place of a direction: the mean is one exponential.
			return sigReg(b, func(direction []float64) []float64 { return []float64{direction[3]} })
		},
		orthonormal: func(n, dim int, _ float64) float64 {
			b := randomBatch(n, dim, 2, 0, 1)
			return sigReg(b, func(direction []float64) []float64 { return direction[:n] })
		},
		leastGradient: func(objective.Objective, batch) float64 { return 0 },
	}
}

// sigReg is 0.02 · N times the statistic of products with a direction, the mean over directions, with a sum for the
// integral.
func sigReg(b batch, products func(direction []float64) []float64) (sum float64) {
	const step = 3.0 / 16
	for _, direction := range b.directions {
		for k := -16; k <= 16; k++ {
			t, re, im := float64(k)*step, 0.0, 0.0
			x := products(direction)
			for _, v := range x {
				re, im = re+math.Cos(t*v)/float64(len(x)), im+math.Sin(t*v)/float64(len(x))
			}
			normal := math.Exp(-t * t / 2)
			weight := step * normal
			if k == -16 || k == 16 {
				weight /= 2
			}
			sum += weight * ((re-normal)*(re-normal) + im*im)
		}
	}
	return 0.02 * float64(b.n) * sum / float64(len(b.directions))
}

// leJEPA is Balestriero and LeCun 2025, with the integral over both halves.
func (o *oracle) leJEPA() map[string]*number {
	l := o.loss.(objective.LeJEPA)
	centered := o.views
	if l.GlobalViews > 0 {
		centered = min(l.GlobalViews, o.views)
	}
	if o.wrong == "the center is the first view" {
		centered = 1
	}
	var distances []*number
	for i := range o.n {
		for k := range o.dim {
			var of []*number
			for v := range centered {
				of = append(of, o.z[v][i][k])
			}
			center := o.mean(of...)
			for v := range o.views {
				distances = append(distances, o.square(o.sub(o.z[v][i][k], center)))
			}
		}
	}
	invariance := o.mean(distances...)
	if o.wrong == "the distance is summed over dimensions" {
		invariance = o.scale(invariance, float64(o.dim))
	}

	samples := o.z
	if l.Pooled || o.wrong == "views are one sample" {
		var all [][]*number
		for _, rows := range o.z {
			all = append(all, rows...)
		}
		samples = [][][]*number{all}
	}
	var statistics []*number
	for _, rows := range samples {
		for _, direction := range o.directions {
			var x []*number
			for _, row := range rows {
				x = append(x, o.dot(row, fixed(direction)))
			}
			statistics = append(statistics, o.eppsPulley(l, x))
		}
	}

	weight, rest := l.Lambda, 1-l.Lambda
	if o.wrong == "the weights are exchanged" {
		weight, rest = rest, weight
	}
	return map[string]*number{"invariance": o.scale(invariance, rest), "sigreg": o.scale(o.mean(statistics...), weight)}
}

func (o *oracle) eppsPulley(l objective.LeJEPA, x []*number) *number {
	step := l.Range / float64(l.Points-1)
	first := -(l.Points - 1)
	if o.wrong == "only one half is integrated" {
		first = 0
	}
	if o.wrong == "the characteristic function is of the mean" {
		x = []*number{o.mean(x...)}
	}
	var terms []*number
	for k := first; k < l.Points; k++ {
		t := float64(k) * step
		var re, im []*number
		for _, v := range x {
			re, im = append(re, o.cosine(o.scale(v, t))), append(im, o.sine(o.scale(v, t)))
		}
		normal := math.Exp(-t * t / 2)
		weight := step * normal
		switch {
		case o.wrong == "the window is left out":
			weight = step
		case o.wrong == "the Gaussian has another variance":
			normal = math.Exp(-t * t)
		}
		if (k == l.Points-1 || k == -(l.Points-1)) && o.wrong != "the last point has its whole weight" {
			weight /= 2
		}
		error := o.square(o.sub(o.mean(re...), constant(normal)))
		if o.wrong != "the imaginary part is left out" {
			error = o.add(error, o.square(o.mean(im...)))
		}
		terms = append(terms, o.scale(error, weight))
	}
	statistic := o.add(terms...)
	if l.TimesSamples && o.wrong != "the statistic is not multiplied by the number of images" {
		statistic = o.scale(statistic, float64(len(x)))
	}
	return statistic
}

func (t *tape) cosine(x *number) *number {
	return t.record(math.Cos(x.value), func(slope float64) { x.slope -= slope * math.Sin(x.value) })
}

func (t *tape) sine(x *number) *number {
	return t.record(math.Sin(x.value), func(slope float64) { x.slope += slope * math.Cos(x.value) })
}

// fixed returns numbers that nothing is differentiated by.
func fixed(values []float64) []*number { return leaves(matrix{values})[0] }

func ExampleLeJEPA() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.LeJEPA{Lambda: 0.02, Slices: 2, Points: 17, Range: 3, TimesSamples: true}
	exec := MustNewExec(h.Backend, func(first, second, directions *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:      []*Node{first, second},
			Directions: objective.Normalize(directions),
		}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	directions := [][]float32{{1, 0}, {0, 1}}
	spread := [][]float32{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}}
	collapsed := [][]float32{{1, 1}, {1, 1}, {1, 1}, {1, 1}}
	fmt.Printf("spread: %.4f, ", loss(spread, spread, directions))
	fmt.Printf("collapsed: %.4f\n", loss(collapsed, collapsed, directions))
	// Output: spread: 0.0082, collapsed: 0.0949
}
