package objective_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/objective"
)

func init() {
	loss := objective.SwAV{Prototypes: prototypeRows, Epsilon: 0.05, Iterations: 3, AssignedViews: 2}
	queued, all := loss, loss
	queued.Temperature, queued.Queue = 0.1, queueRows
	all.Temperature, all.AssignedViews, all.Iterations, all.Epsilon = 0.2, 0, 1, 0.5
	subjects["swav"] = subject{
		loss:   loss,
		oracle: (*oracle).swAV,
		mistakes: []string{
			"one iteration is left out", "codes share the batch unequally", "codes end with equal prototypes",
			"codes have the temperature of predictions", "code and prediction are of the same view",
			"all views are assigned", "prototypes are not normalized", "vectors are not normalized",
			"the temperature is doubled", "a prototype is dropped", leak,
		},
		by:       []string{"prototypes", "views"},
		variants: []objective.Objective{queued, all},
		equalAt: func(b batch, τ float64) float64 {
			return uniformCrossEntropy(b.prototypes, 3, τ) // every code is uniform
		},
		chanceLevel: math.Log(prototypeRows),
		orthonormal: func(n, dim int, τ float64) (sum float64) {
			b := randomBatch(n, dim, 2, 0, 1)
			scores := make([][]float64, n)
			for i := range scores {
				for _, row := range b.prototypes.normalized() {
					scores[i] = append(scores[i], row[i])
				}
			}
			codes := codesOf(scores, 0.05, 3)
			for i, row := range scores {
				total := 0.0
				for _, s := range row {
					total += math.Exp(s / τ)
				}
				for k, s := range row {
					sum -= codes[i][k] * (s/τ - math.Log(total)) / float64(n)
				}
			}
			return sum
		},
	}
}

// uniformCrossEntropy is the cross entropy of the softmax of cosines with the unit vector k from a uniform one.
func uniformCrossEntropy(prototypes matrix, k int, τ float64) float64 {
	sum, total := 0.0, 0.0
	for _, row := range prototypes.normalized() {
		sum, total = sum+row[k]/τ, total+math.Exp(row[k]/τ)
	}
	return math.Log(total) - sum/float64(len(prototypes))
}

// codesOf is Caron et al. 2020, appendix A.1: rows and columns of exp(scores/ε), of images and prototypes, are scaled
// to equal sums in turn, those of images last.
func codesOf(scores [][]float64, ε float64, iterations int) [][]float64 {
	codes := make([][]float64, len(scores))
	for i, row := range scores {
		for _, s := range row {
			codes[i] = append(codes[i], math.Exp(s/ε))
		}
	}
	for range iterations {
		for k := range codes[0] {
			sum := 0.0
			for i := range codes {
				sum += codes[i][k]
			}
			for i := range codes {
				codes[i][k] /= sum
			}
		}
		for i := range codes {
			sum := 0.0
			for _, c := range codes[i] {
				sum += c
			}
			for k := range codes[i] {
				codes[i][k] /= sum
			}
		}
	}
	return codes
}

// scores returns the cosines of rows with prototypes.
func (o *oracle) scores(rows, prototypes [][]*number) [][]*number {
	scores := make([][]*number, len(rows))
	for i, row := range rows {
		z := o.direction(row)
		for _, prototype := range prototypes {
			scores[i] = append(scores[i], o.dot(z, prototype))
		}
	}
	return scores
}

// prototypes returns the trained prototypes at length 1.
func (o *oracle) prototypes() (all [][]*number) {
	for _, row := range o.prototype {
		if o.wrong != "prototypes are not normalized" {
			row = o.unit(row)
		}
		all = append(all, row)
	}
	if o.wrong == "a prototype is dropped" {
		all = all[1:]
	}
	return all
}

// swAV is Caron et al. 2020, equations 2 to 5.
func (o *oracle) swAV() map[string]*number {
	s := o.loss.(objective.SwAV)
	assigned := o.views
	if s.AssignedViews > 0 && o.wrong != "all views are assigned" {
		assigned = min(s.AssignedViews, o.views)
	}
	prototypes := o.prototypes()
	var losses []*number
	for v := range assigned {
		rows := o.z[v]
		if s.Queue > 0 {
			rows = slices.Concat(rows, o.queues[v])
		}
		codes := o.codes(s, o.scores(rows, prototypes))

		for w := range o.views {
			if (w == v) != (o.wrong == "code and prediction are of the same view") {
				continue
			}
			for i, row := range o.scores(o.z[w], prototypes) {
				losses = append(losses, o.crossEntropy(codes[i], row))
			}
		}
	}
	return map[string]*number{"": o.mean(losses...)}
}

// codes are those of codesOf, constant.
func (o *oracle) codes(s objective.SwAV, scores [][]*number) [][]*number {
	iterations, epsilon := s.Iterations, s.Epsilon
	switch o.wrong {
	case "one iteration is left out":
		iterations--
	case "codes share the batch unequally":
		iterations = 0
	case "codes have the temperature of predictions":
		epsilon *= 2
	}
	codes := make([][]*number, len(scores))
	for i, row := range scores {
		for _, x := range row {
			codes[i] = append(codes[i], o.exp(o.scale(x, 1/epsilon)))
		}
	}
	columns := func() {
		for k := range codes[0] {
			var column []*number
			for i := range codes {
				column = append(column, codes[i][k])
			}
			shrink := o.inverse(o.add(column...))
			for i := range codes {
				codes[i][k] = o.mul(codes[i][k], shrink)
			}
		}
	}
	rows := func() {
		for i := range codes {
			shrink := o.inverse(o.add(slices.Clone(codes[i])...))
			for k := range codes[i] {
				codes[i][k] = o.mul(codes[i][k], shrink)
			}
		}
	}
	for range iterations {
		columns()
		rows()
	}
	switch {
	case iterations == 0:
		rows()
	case o.wrong == "codes end with equal prototypes":
		columns()
	}
	for i := range codes {
		codes[i] = o.frozen(codes[i])
	}
	return codes
}

// crossEntropy is that of the softmax of scores over the temperature from codes.
func (o *oracle) crossEntropy(codes, scores []*number) *number {
	var logits []*number
	for _, s := range scores {
		logits = append(logits, o.scale(s, 1/o.temperature()))
	}
	return o.sub(o.mul(o.logSumExp(logits), o.add(codes...)), o.dot(codes, logits))
}

func ExampleSwAV() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.SwAV{Temperature: 0.1, Prototypes: 2, Epsilon: 0.05, Iterations: 3}
	exec := MustNewExec(h.Backend, func(first, second, prototypes *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}, Prototypes: prototypes}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	prototypes := [][]float32{{1, 0}, {0, 1}}
	views, exchanged := [][]float32{{2, 0}, {0, 3}}, [][]float32{{0, 1}, {1, 0}}
	fmt.Printf("alike: %.4f, exchanged: %.4f\n", loss(views, views, prototypes), loss(views, exchanged, prototypes))
	// Output: alike: 0.0000, exchanged: 10.0000
}
