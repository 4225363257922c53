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
	subjects["empssl"] = subject{
		loss:   objective.EMPSSL{Similarity: 200, Epsilon: 0.2},
		oracle: (*oracle).empSSL,
		terms:  []string{"coding_rate", "similarity"},
		mistakes: []string{
			"epsilon is squared", "the rate is not halved", "the rate is added", "the rate is summed over views",
			"the products are not divided by the batch", "the identity is left out", "views are one batch",
			"similarity is with the other views", "the mean is not normalized", "vectors are not normalized",
		},
		variants: []objective.Objective{objective.EMPSSL{Similarity: 1, Epsilon: 0.5}},
		equal:    func(_, dim int) float64 { return -200 - math.Log1p(float64(dim)/0.2)/2 },
		orthonormal: func(n, dim int, _ float64) float64 {
			return -200 - float64(n)/2*math.Log1p(float64(dim)/(0.2*float64(n)))
		},
	}
}

// empSSL is Tong et al. 2023, equations 1 to 4, with epsilon as in the authors' code.
func (o *oracle) empSSL() map[string]*number {
	e := o.loss.(objective.EMPSSL)
	z := o.directionsOf(o.z)
	var cosines, rates []*number
	for i := range o.n {
		center := make([]*number, o.dim)
		for k := range center {
			var of []*number
			for v := range z {
				of = append(of, z[v][i][k])
			}
			center[k] = o.mean(of...)
		}
		if o.wrong != "the mean is not normalized" && o.dot(center, center).value > 0 {
			center = o.unit(center) // in one dimension, opposite views have the mean 0
		}
		for v := range z {
			if o.wrong == "similarity is with the other views" {
				center = z[(v+1)%o.views][i]
			}
			cosines = append(cosines, o.dot(z[v][i], center))
		}
	}

	batches := z
	if o.wrong == "views are one batch" {
		var all [][]*number
		for _, rows := range z {
			all = append(all, rows...)
		}
		batches = [][][]*number{all}
	}
	epsilon := e.Epsilon
	if o.wrong == "epsilon is squared" {
		epsilon *= e.Epsilon
	}
	for _, rows := range batches {
		factor := float64(o.dim) / (float64(len(rows)) * epsilon)
		if o.wrong == "the products are not divided by the batch" {
			factor *= float64(len(rows))
		}
		identity := 1.0
		if o.wrong == "the identity is left out" {
			identity = 1e-3
		}
		rates = append(rates, o.logDetOf(rows, factor, identity))
	}
	rate := o.scale(o.mean(rates...), -0.5)
	switch o.wrong {
	case "the rate is not halved":
		rate = o.scale(rate, 2)
	case "the rate is added":
		rate = o.scale(rate, -1)
	case "the rate is summed over views":
		rate = o.scale(rate, float64(o.views))
	}
	return map[string]*number{"similarity": o.scale(o.mean(cosines...), -e.Similarity), "coding_rate": rate}
}

// logDetOf is the logarithm of the determinant of identity·I + factor·ZᵀZ [dim, dim] for rows Z, by Cholesky's
// factorization L·Lᵀ. Its derivative by Z is 2·factor·Z·A⁻¹.
func (o *oracle) logDetOf(rows [][]*number, factor, identity float64) *number {
	// The smaller of both forms would do: this one is the paper's.
	dim := len(rows[0])
	l := make([][]float64, dim)
	for i := range l {
		l[i] = make([]float64, dim)
		for j := range i + 1 {
			for _, row := range rows {
				l[i][j] += factor * row[i].value * row[j].value
			}
		}
		l[i][i] += identity
	}
	value := 0.0
	for i := range l {
		for j := range i + 1 {
			sum := l[i][j]
			for k := range j {
				sum -= l[i][k] * l[j][k]
			}
			if i == j {
				l[i][i] = math.Sqrt(sum)
				value += 2 * math.Log(l[i][i])
			} else {
				l[i][j] = sum / l[j][j]
			}
		}
	}
	return o.record(value, func(slope float64) {
		for _, row := range rows {
			// A·x = row, forward and backward.
			x := make([]float64, dim)
			for i := range x {
				x[i] = row[i].value
				for k := range i {
					x[i] -= l[i][k] * x[k]
				}
				x[i] /= l[i][i]
			}
			for i := dim - 1; i >= 0; i-- {
				for k := i + 1; k < dim; k++ {
					x[i] -= l[k][i] * x[k]
				}
				x[i] /= l[i][i]
			}
			for i := range x {
				row[i].slope += slope * 2 * factor * x[i]
			}
		}
	})
}

func ExampleEMPSSL() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.EMPSSL{Similarity: 200, Epsilon: 0.2}
	exec := MustNewExec(h.Backend, func(first, second *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	spread, collapsed := [][]float32{{1, 0}, {0, 1}}, [][]float32{{1, 0}, {1, 0}}
	fmt.Printf("spread: %.4f, collapsed: %.4f\n", loss(spread, spread), loss(collapsed, collapsed))
	// Output: spread: -201.7918, collapsed: -201.1989
}
