package objective_test

import (
	"context"
	"fmt"
	"log"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/objective"
)

func init() {
	subjects["barlow"] = subject{
		loss:   objective.Barlow{Lambda: 0.0051, Scale: 0.1},
		oracle: (*oracle).barlow,
		terms:  []string{"invariance", "redundancy"},
		mistakes: []string{
			"the mean is not subtracted", "dimensions are not divided by their deviation",
			"deviations have divisor N-1 and correlations N", "a view is correlated with itself",
			"lambda is doubled", "the diagonal is in the redundancy", "the loss is not scaled",
		},
		equal:  func(_, dim int) float64 { return 0.1 * float64(dim) },
		chance: true,
		orthonormal: func(n, dim int, _ float64) float64 {
			// A dimension below n is 1 for one image of 4: correlations are -1/3, and 0 with the others.
			return 0.1 * (float64(dim-n) + 0.0051*12/9)
		},
		leastGradient: leastBarlow,
	}
}

// barlow is Zbontar et al. 2021, equations 1 and 2.
func (o *oracle) barlow() map[string]*number {
	standard := make([][][]*number, o.views)
	for v := range standard {
		for _, column := range o.columns(o.z[v]) {
			if o.wrong == "dimensions are not divided by their deviation" {
				standard[v] = append(standard[v], column)
			} else {
				standard[v] = append(standard[v], o.unit(column))
			}
		}
	}
	var invariance, redundancy []*number
	for v := range o.views {
		for w := range v {
			other := standard[w]
			if o.wrong == "a view is correlated with itself" {
				other = standard[v]
			}
			diagonal, rest := o.correlations(standard[v], other)
			invariance, redundancy = append(invariance, diagonal), append(redundancy, rest)
		}
	}
	weights := o.loss.(objective.Barlow)
	lambda := weights.Lambda
	if o.wrong == "lambda is doubled" {
		lambda *= 2
	}
	parts := map[string]*number{
		"invariance": o.scale(o.mean(invariance...), weights.Scale),
		"redundancy": o.scale(o.mean(redundancy...), weights.Scale*lambda),
	}
	if o.wrong == "the loss is not scaled" {
		parts["invariance"] = o.scale(parts["invariance"], 1/weights.Scale)
		parts["redundancy"] = o.scale(parts["redundancy"], 1/weights.Scale)
	}
	return parts
}

func (o *oracle) correlations(a, b [][]*number) (diagonal, rest *number) {
	on, off := []*number{constant(0)}, []*number{constant(0)}
	for i := range a {
		for j := range b {
			c := o.dot(a[i], b[j])
			if o.wrong == "deviations have divisor N-1 and correlations N" {
				c = o.scale(c, float64(o.n-1)/float64(o.n))
			}
			if i == j {
				on = append(on, o.square(o.sub(constant(1), c)))
			}
			if i != j || o.wrong == "the diagonal is in the redundancy" {
				off = append(off, o.square(c))
			}
		}
	}
	return o.add(on...), o.add(off...)
}

// leastBarlow is 0 except where all correlations are 1 and -1 whatever the embeddings: for two images, and in one
// dimension.
func leastBarlow(o objective.Objective, b batch) float64 {
	if b.n == 2 || b.dim == 1 {
		return o.(objective.Barlow).Scale / (float64(b.n) * b.shortest(matrix.columns))
	}
	if b.n == 1 {
		return 1 / (float64(2*b.n) * b.shortest(matrix.rows))
	}
	return 0
}

func ExampleBarlow() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.Barlow{Lambda: 0.0051, Scale: 1}
	exec := MustNewExec(h.Backend, func(first, second *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	independent := [][]float32{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}}
	redundant := [][]float32{{1, 1}, {1, 1}, {-1, -1}, {-1, -1}}
	fmt.Printf("independent: %.4f, redundant: %.4f\n", loss(independent, independent), loss(redundant, redundant))
	// Output: independent: 0.0000, redundant: 0.0102
}
