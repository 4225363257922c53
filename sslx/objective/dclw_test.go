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
	subjects["dclw"] = subject{
		loss:   objective.DCLW{Sigma: 0.5},
		oracle: (*oracle).dclw,
		terms:  []string{"entropy", "similarity"},
		mistakes: []string{
			"a negative is dropped", "the diagonal is not masked", "vectors are not normalized",
			"the temperature is doubled", "there are no weights", "sigma is doubled",
			"the weights are of a sum", leak,
		},
		equal:       func(n, _ int) float64 { return math.Log(float64(2*n - 2)) },
		chance:      true,
		orthonormal: func(n, _ int, τ float64) float64 { return math.Log(float64(2*n-2)) - 1/τ },
	}
}

// dclw is Yeh et al. 2022: dcl with the weight 2 - exp(s/σ)/E[exp(s/σ)] on the similarity of the positives.
func (o *oracle) dclw() map[string]*number {
	sigma := o.loss.(objective.DCLW).Sigma
	if o.wrong == "sigma is doubled" {
		sigma *= 2
	}
	u := o.directionsOf(o.z)
	return o.contrast(func(v, w, i int, positive *number, negatives, _ []*number) (similarity, entropy *number) {
		var all []*number
		for j := range o.n {
			all = append(all, o.exp(o.scale(o.dot(u[v][j], u[w][j]), 1/sigma)))
		}
		mean := o.mean(all...)
		if o.wrong == "the weights are of a sum" {
			mean = o.add(all...)
		}
		weight := o.sub(constant(2), o.mul(all[i], o.inverse(mean)))
		weight = o.frozen([]*number{weight})[0]
		if o.wrong == "there are no weights" {
			weight = constant(1)
		}
		return o.scale(o.mul(weight, positive), -1), o.logSumExp(negatives)
	})
}

func ExampleDCLW() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.DCLW{Temperature: 0.2, Sigma: 0.5, Negatives: objective.Negatives{Kind: "patch-fixed"}}
	exec := MustNewExec(h.Backend, func(first, second, patch *Node) *Node {
		in := objective.Inputs{Views: []*Node{first, second}, Negatives: []*Node{patch}}
		return objective.Loss(method, in).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	images, patch := [][]float32{{1, 0}, {0, 1}}, [][]float32{{-1, -1}}
	fmt.Printf("%.4f\n", loss(images, images, patch))
	// Output: -8.5355
}
