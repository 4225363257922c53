package objective_test

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/objective"
)

// The loss of four images whose embeddings are all equal, which is its chance value, ln 7.
func ExampleConfig_Loss() {
	config := objective.Config{Name: "simclr", Temperature: 0.2}
	if err := config.Check(); err != nil {
		fmt.Println(err)
		return
	}
	var chance float64
	exec := MustNewExec(testbackend.Open(nil), func(first, second *Node) *Node {
		terms := config.Loss([]*Node{first, second})
		chance = terms.Chance
		return terms.Loss
	})
	view := [][]float32{{1, 2}, {1, 2}, {1, 2}, {1, 2}}
	loss := tensors.ToScalar[float32](exec.MustCall(view, view)[0])
	fmt.Printf("loss %.4f, chance %.4f\n", loss, chance)
	// Output: loss 1.9459, chance 1.9459
}

func ExampleNTXent() {
	exec := MustNewExec(testbackend.Open(nil), func(a, b *Node) (similarity, entropy *Node) {
		return objective.NTXent(a, b, 0.5)
	})
	a, b := [][]float32{{1, 0}, {0, 1}}, [][]float32{{2, 0}, {0, 3}}
	terms := exec.MustCall(a, b)
	similarity, entropy := tensors.ToScalar[float32](terms[0]), tensors.ToScalar[float32](terms[1])
	fmt.Printf("similarity %.4f, entropy %.4f\n", similarity, entropy)
	// Output: similarity -2.0000, entropy 2.2395
}
