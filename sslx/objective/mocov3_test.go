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
	subjects["mocov3"] = subject{
		loss:   objective.MoCoV3{EMA: 0.99},
		oracle: (*oracle).mocoV3,
		terms:  []string{"entropy", "similarity"},
		mistakes: []string{
			"the loss is not scaled by the temperature", "directions are averaged", "a negative is dropped",
			"the positive is left out of the denominator", "vectors are not normalized", "the temperature is doubled",
			"query and key are of the same view", "negatives are the queries", "queries are embeddings", leak,
		},
		by:          []string{"predictions", "targets"},
		equalAt:     func(b batch, τ float64) float64 { return 4 * τ * math.Log(float64(b.n)) },
		chance:      true,
		orthonormal: func(n, _ int, τ float64) float64 { return 4 * τ * math.Log1p(float64(n-1)*math.Exp(-1/τ)) },
	}
}

// mocoV3 is Chen, Xie and He 2021, equation 1 and algorithm 1, both directions added.
func (o *oracle) mocoV3() map[string]*number {
	q, k := o.directionsOf(o.q), o.directionsOf(o.target)
	if o.wrong == "queries are embeddings" {
		q = o.directionsOf(o.z)
	}
	var similarities, entropies []*number
	o.others(func(v, w, i int) {
		if o.wrong == "query and key are of the same view" {
			w = v
		}
		similarities = append(similarities, o.scale(o.similarity(q[v][i], o.frozen(k[w][i])), -1))
		var denominator []*number
		for j := range o.n {
			switch {
			case o.wrong == "the positive is left out of the denominator" && j == i:
				continue
			case o.wrong == "a negative is dropped" && j == (i+1)%o.n:
				continue
			case o.wrong == "negatives are the queries" && j != i:
				denominator = append(denominator, o.similarity(q[v][i], q[w][j]))
				continue
			}
			denominator = append(denominator, o.similarity(q[v][i], o.frozen(k[w][j])))
		}
		entropies = append(entropies, o.logSumExp(denominator))
	})

	factor := 4 * temperature(o.loss)
	switch o.wrong {
	case "the loss is not scaled by the temperature":
		factor = 4
	case "directions are averaged":
		factor /= 2
	}
	return map[string]*number{"similarity": o.scale(o.mean(similarities...), factor),
		"entropy": o.scale(o.mean(entropies...), factor)}
}

func ExampleMoCoV3() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.MoCoV3{Temperature: 0.2, EMA: 0.99}
	exec := MustNewExec(h.Backend, func(prediction, key *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:       []*Node{prediction, prediction},
			Predictions: []*Node{prediction, prediction},
			Targets:     []*Node{key, key},
		}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	keys := [][]float32{{1, 0}, {0, 1}}
	fmt.Printf("right: %.4f, exchanged: %.4f\n", loss(keys, keys), loss([][]float32{{0, 1}, {1, 0}}, keys))
	// Output: right: 0.0054, exchanged: 4.0054
}
