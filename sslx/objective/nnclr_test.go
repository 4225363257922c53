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
	subjects["nnclr"] = subject{
		loss:   objective.NNCLR{Queue: queueRows},
		oracle: (*oracle).nnclr,
		terms:  []string{"entropy", "similarity"},
		mistakes: []string{
			"the positive is the other view", "the neighbor is the farthest", "negatives are the neighbors",
			"a negative is dropped", "the positive is left out of the denominator", "vectors are not normalized",
			"the temperature is doubled", "neighbor and prediction are of the same view", leak,
		},
		by:          []string{"queue", "predictions"},
		equal:       func(n, _ int) float64 { return math.Log(float64(n)) },
		chance:      true,
		orthonormal: func(n, _ int, _ float64) float64 { return math.Log(float64(n)) }, // the queue is at cosine 0
	}
}

// nnclr is Dwibedi et al. 2021, equations 2 to 4, and the pairs of algorithm 1.
func (o *oracle) nnclr() map[string]*number {
	p, z := o.directionsOf(o.q), o.directionsOf(o.z)
	var similarities, entropies []*number
	o.others(func(v, w, i int) {
		if o.wrong == "neighbor and prediction are of the same view" {
			w = v
		}
		neighbor := func(i int) []*number {
			best := 0
			for k := range o.queued {
				nearer := o.dot(z[v][i], o.queued[k]).value > o.dot(z[v][i], o.queued[best]).value
				if nearer != (o.wrong == "the neighbor is the farthest") && k != best {
					best = k
				}
			}
			return o.frozen(o.queued[best])
		}
		nearest := neighbor(i)
		if o.wrong == "the positive is the other view" {
			nearest = o.frozen(z[v][i])
		}

		similarities = append(similarities, o.scale(o.similarity(nearest, p[w][i]), -1))
		var denominator []*number
		for j := range o.n {
			switch {
			case o.wrong == "the positive is left out of the denominator" && j == i:
			case o.wrong == "a negative is dropped" && j == (i+1)%o.n:
			case o.wrong == "negatives are the neighbors":
				denominator = append(denominator, o.similarity(neighbor(j), p[w][i]))
			default:
				denominator = append(denominator, o.similarity(nearest, p[w][j]))
			}
		}
		entropies = append(entropies, o.logSumExp(denominator))
	})
	return map[string]*number{"similarity": o.mean(similarities...), "entropy": o.mean(entropies...)}
}

func ExampleNNCLR() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.NNCLR{Temperature: 0.1, Queue: 3}
	exec := MustNewExec(h.Backend, func(view, prediction, queue *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:       []*Node{view, view},
			Predictions: []*Node{prediction, prediction},
			Queue:       objective.Normalize(queue),
		}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	views, exchanged := [][]float32{{1, 0}, {0, 1}}, [][]float32{{0, 1}, {1, 0}}
	queue := [][]float32{{3, 1}, {1, 3}, {-1, 0}}
	fmt.Printf("right: %.4f, exchanged: %.4f\n", loss(views, views, queue), loss(views, exchanged, queue))
	// Output: right: 0.0018, exchanged: 6.3263
}
