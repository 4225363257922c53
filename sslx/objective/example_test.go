package objective_test

import (
	"context"
	"fmt"
	"log"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/objective"
)

// The loss of four images whose embeddings are all equal, which is its chance value, ln 7.
func ExampleLoss() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.SimCLR{Temperature: 0.2}
	if err := objective.Check(method); err != nil {
		log.Fatal(err)
	}
	var chance float64
	loss := MustNewExec(h.Backend, func(first, second *Node) *Node {
		terms := objective.Loss(method, objective.Inputs{Views: []*Node{first, second}})
		chance = terms.Chance
		return terms.Loss
	})
	view := [][]float32{{1, 2}, {1, 2}, {1, 2}, {1, 2}}
	fmt.Printf("loss %.4f, chance %.4f\n", loss.MustCall(view, view)[0].Value(), chance)
	// Output: loss 1.9459, chance 1.9459
}
