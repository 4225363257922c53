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
	subjects["moco"] = subject{
		loss:   objective.MoCo{EMA: 0.99, Queue: queueRows, QueuePerView: true},
		oracle: (*oracle).moco,
		terms:  []string{"entropy", "similarity"},
		mistakes: []string{
			"a negative is dropped", "the positive is left out of the denominator",
			"vectors are not normalized", "the temperature is doubled", "anchors are of the first view only",
			"query and key are of the same view", "the queue is of the query's view", leak,
		},
		by:          []string{"queues", "views", "targets"},
		variants:    []objective.Objective{objective.MoCo{Temperature: 0.2, EMA: 0.99, Queue: queueRows}},
		equal:       func(int, int) float64 { return math.Log(queueRows + 1) },
		chance:      true,
		orthonormal: func(_, _ int, τ float64) float64 { return math.Log1p(queueRows * math.Exp(-1/τ)) },
	}
}

// moco is He et al. 2020, equation 1, for the query of each view and the key of each other one.
func (o *oracle) moco() map[string]*number {
	q, k := o.directionsOf(o.z), o.directionsOf(o.target)
	var similarities, entropies []*number
	o.others(func(v, w, i int) {
		switch {
		case o.wrong == "anchors are of the first view only" && v != 0:
			return
		case o.wrong == "query and key are of the same view":
			w = v
		}
		positive := o.similarity(q[v][i], o.frozen(k[w][i]))
		var denominator []*number
		if o.wrong != "the positive is left out of the denominator" {
			denominator = append(denominator, positive)
		}
		queue := o.queues[w]
		switch {
		case !o.loss.(objective.MoCo).QueuePerView:
			queue = o.queued
		case o.wrong == "the queue is of the query's view":
			queue = o.queues[v]
		case o.wrong == "a negative is dropped":
			queue = queue[1:]
		}
		for _, key := range queue {
			denominator = append(denominator, o.similarity(q[v][i], o.frozen(key)))
		}
		similarities = append(similarities, o.scale(positive, -1))
		entropies = append(entropies, o.logSumExp(denominator))
	})
	return map[string]*number{"similarity": o.mean(similarities...), "entropy": o.mean(entropies...)}
}

func ExampleMoCo() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.MoCo{Temperature: 0.2, EMA: 0.99, Queue: 2}
	exec := MustNewExec(h.Backend, func(view, key, queue *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:   []*Node{view, view},
			Targets: []*Node{key, key},
			Queue:   objective.Normalize(queue), // of both views
		}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	east, queue := [][]float32{{1, 0}}, [][]float32{{0, 2}, {-2, 0}}
	fmt.Printf("unlike the queue: %.4f, ", loss(east, east, queue))
	fmt.Printf("like it: %.4f\n", loss(east, east, [][]float32{{3, 0}, {1, 0}}))
	// Output: unlike the queue: 0.0068, like it: 1.0986
}
