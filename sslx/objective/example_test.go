package objective_test

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/objective"
)

// compiled returns a function that computes a loss.
func compiled[F ExecGraphFn](loss F) func(inputs ...any) float32 {
	exec := MustNewExec(testbackend.Open(nil), loss)
	return func(inputs ...any) float32 { return tensors.ToScalar[float32](exec.MustCall(inputs...)[0]) }
}

// The loss of four images whose embeddings are all equal, which is its chance value, ln 7.
func ExampleLoss() {
	method := objective.SimCLR{Temperature: 0.2}
	if err := objective.Check(method); err != nil {
		fmt.Println(err)
		return
	}
	var chance float64
	loss := compiled(func(first, second *Node) *Node {
		terms := objective.Loss(method, objective.Inputs{Views: []*Node{first, second}})
		chance = terms.Chance
		return terms.Loss
	})
	view := [][]float32{{1, 2}, {1, 2}, {1, 2}, {1, 2}}
	fmt.Printf("loss %.4f, chance %.4f\n", loss(view, view), chance)
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

func Example_simclr() {
	method := objective.SimCLR{Temperature: 0.2}
	loss := compiled(func(first, second *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}}).Loss
	})
	apart, alike := [][]float32{{1, 0}, {0, 1}}, [][]float32{{1, 1}, {1, 1}}
	fmt.Printf("two images apart: %.4f, alike: %.4f\n", loss(apart, apart), loss(alike, alike))
	// Output: two images apart: 0.0134, alike: 1.0986
}

func Example_dcl() {
	method := objective.DCL{Temperature: 0.2}
	loss := compiled(func(first, second *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}}).Loss
	})
	apart, alike := [][]float32{{1, 0}, {0, 1}}, [][]float32{{1, 1}, {1, 1}}
	fmt.Printf("two images apart: %.4f, alike: %.4f\n", loss(apart, apart), loss(alike, alike))
	// Output: two images apart: -4.3069, alike: 0.6931
}

func Example_dclw() {
	method := objective.DCLW{Temperature: 0.2, Sigma: 0.5, Negatives: objective.Negatives{Kind: "patch-fixed"}}
	loss := compiled(func(first, second, patch *Node) *Node {
		in := objective.Inputs{Views: []*Node{first, second}, Negatives: []*Node{patch}}
		return objective.Loss(method, in).Loss
	})
	images, patch := [][]float32{{1, 0}, {0, 1}}, [][]float32{{-1, -1}}
	fmt.Printf("%.4f\n", loss(images, images, patch))
	// Output: -8.5355
}

func Example_supcon() {
	method := objective.SupCon{Temperature: 0.1}
	loss := compiled(func(first, second, labels *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}, Labels: labels}).Loss
	})
	images := [][]float32{{1, 0}, {1, 0}, {0, 1}}
	fmt.Printf("labels that fit: %.2f, ", loss(images, images, []int32{0, 0, 1}))
	fmt.Printf("that do not: %.2f\n", loss(images, images, []int32{0, 1, 1}))
	// Output: labels that fit: 0.73, that do not: 5.18
}

func Example_vicreg() {
	method := objective.VICReg{Similarity: 25, Variance: 25, Covariance: 1}
	loss := compiled(func(first, second *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}}).Loss
	})
	spread := [][]float32{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}}
	collapsed := [][]float32{{1, 1}, {1, 1}, {1, 1}, {1, 1}}
	fmt.Printf("spread: %.4f, collapsed: %.4f\n", loss(spread, spread), loss(collapsed, collapsed))
	// Output: spread: 0.0000, collapsed: 24.7500
}

func Example_barlow() {
	method := objective.Barlow{Lambda: 0.0051, Scale: 1}
	loss := compiled(func(first, second *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}}).Loss
	})
	independent := [][]float32{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}}
	redundant := [][]float32{{1, 1}, {1, 1}, {-1, -1}, {-1, -1}}
	fmt.Printf("independent: %.4f, redundant: %.4f\n", loss(independent, independent), loss(redundant, redundant))
	// Output: independent: 0.0000, redundant: 0.0102
}

func Example_byol() {
	method := objective.BYOL{EMA: 0.996}
	loss := compiled(func(prediction, target *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:       []*Node{target, target}, // only their number counts
			Predictions: []*Node{prediction, prediction},
			Targets:     []*Node{target, target},
		}).Loss
	})
	east, north := [][]float32{{2, 0}}, [][]float32{{0, 3}}
	fmt.Printf("right: %.4f, wrong: %.4f\n", loss(east, east), loss(east, north))
	fmt.Printf("momentum at half time: %.3f\n", method.Needs().TargetMomentum(0.5))
	// Output:
	// right: 0.0000, wrong: 4.0000
	// momentum at half time: 0.998
}

func Example_simsiam() {
	method := objective.SimSiam{}
	loss := compiled(func(prediction, embedding *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:       []*Node{embedding, embedding},
			Predictions: []*Node{prediction, prediction},
		}).Loss
	})
	east, north := [][]float32{{2, 0}}, [][]float32{{0, 3}}
	fmt.Printf("right: %.4f, wrong: %.4f\n", loss(east, east), loss(east, north))
	// Output: right: -1.0000, wrong: 0.0000
}

func Example_moco() {
	method := objective.MoCo{Temperature: 0.2, EMA: 0.99, Queue: 2}
	loss := compiled(func(view, key, queue *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:   []*Node{view, view},
			Targets: []*Node{key, key},
			Queue:   objective.Normalize(queue),
		}).Loss
	})
	east, queue := [][]float32{{1, 0}}, [][]float32{{0, 2}, {-2, 0}}
	fmt.Printf("unlike the queue: %.4f, ", loss(east, east, queue))
	fmt.Printf("like it: %.4f\n", loss(east, east, [][]float32{{3, 0}, {1, 0}}))
	// Output: unlike the queue: 0.0068, like it: 1.0986
}

func Example_supervised() {
	method := objective.Supervised{}
	loss := compiled(func(view, logits, labels *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:  []*Node{view, view}, // only their number counts
			Logits: []*Node{logits, logits},
			Labels: labels,
		}).Loss
	})
	view := [][]float32{{1, 0}}
	fmt.Printf("undecided: %.4f, sure: %.4f\n", loss(view, [][]float32{{0, 0}}, []int32{1}),
		loss(view, [][]float32{{-5, 5}}, []int32{1}))
	// Output: undecided: 0.6931, sure: 0.0000
}
