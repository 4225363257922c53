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
	subjects["dcl"] = subject{
		loss:   objective.DCL{},
		oracle: (*oracle).dcl,
		terms:  []string{"entropy", "similarity"},
		mistakes: []string{
			"a negative is dropped", "the positive is left in the denominator", "the diagonal is not masked",
			"vectors are not normalized", "the temperature is doubled", "directions are added",
			"anchors are of the first view only", "the other positives are negatives",
		},
		equal:       func(n, _ int) float64 { return math.Log(float64(2*n - 2)) },
		chance:      true,
		orthonormal: func(n, _ int, τ float64) float64 { return math.Log(float64(2*n-2)) - 1/τ },
	}
}

// dcl is Yeh et al. 2022, equation 6: that without the positive in the denominator.
func (o *oracle) dcl() map[string]*number {
	return o.contrast(func(_, _, _ int, positive *number, negatives, _ []*number) (similarity, entropy *number) {
		if o.wrong == "the positive is left in the denominator" {
			negatives = append([]*number{positive}, negatives...)
		}
		return o.scale(positive, -1), o.logSumExp(negatives)
	})
}

func ExampleDCL() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.DCL{Temperature: 0.2}
	exec := MustNewExec(h.Backend, func(first, second *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	apart, alike := [][]float32{{1, 0}, {0, 1}}, [][]float32{{1, 1}, {1, 1}}
	fmt.Printf("two images apart: %.4f, alike: %.4f\n", loss(apart, apart), loss(alike, alike))
	// Output: two images apart: -4.3069, alike: 0.6931
}
