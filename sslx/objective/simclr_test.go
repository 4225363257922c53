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
	subjects["simclr"] = subject{
		loss:   objective.SimCLR{},
		oracle: (*oracle).simCLR,
		terms:  []string{"entropy", "similarity"},
		mistakes: []string{
			"a negative is dropped", "the positive is left out of the denominator",
			"the diagonal is not masked", "vectors are not normalized", "the temperature is doubled",
			"directions are added", "anchors are of the first view only",
			"the other positives are negatives",
		},
		equal:       func(n, _ int) float64 { return math.Log(float64(2*n - 1)) },
		chance:      true,
		orthonormal: func(n, _ int, τ float64) float64 { return math.Log1p(float64(2*n-2) * math.Exp(-1/τ)) },
	}
}

// simCLR is Chen et al. 2020, equation 1: -log of exp(s/τ) of the positive over the sum of that and of the negatives.
func (o *oracle) simCLR() map[string]*number {
	return o.contrast(func(_, _, _ int, positive *number, negatives, _ []*number) (similarity, entropy *number) {
		denominator := append([]*number{positive}, negatives...)
		if o.wrong == "the positive is left out of the denominator" {
			denominator = negatives
		}
		return o.scale(positive, -1), o.logSumExp(denominator)
	})
}

func ExampleSimCLR() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.SimCLR{Temperature: 0.2}
	exec := MustNewExec(h.Backend, func(first, second *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	apart, alike := [][]float32{{1, 0}, {0, 1}}, [][]float32{{1, 1}, {1, 1}}
	fmt.Printf("two images apart: %.4f, alike: %.4f\n", loss(apart, apart), loss(alike, alike))
	// Output: two images apart: 0.0134, alike: 1.0986
}

func ExampleNTXent() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	terms := MustNewExec(h.Backend, func(a, b *Node) (similarity, entropy *Node) {
		return objective.NTXent(a, b, 0.5)
	})
	a, b := [][]float32{{1, 0}, {0, 1}}, [][]float32{{2, 0}, {0, 3}}
	got := terms.MustCall(a, b)
	fmt.Printf("similarity %.4f, entropy %.4f\n", got[0].Value(), got[1].Value())
	// Output: similarity -2.0000, entropy 2.2395
}
