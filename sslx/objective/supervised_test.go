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
	subjects["supervised"] = subject{
		loss:   objective.Supervised{},
		oracle: (*oracle).supervised,
		mistakes: []string{
			"logits are of the first view only", "labels are those of the next class",
			"the label is left out of the denominator",
		},
		by:          []string{"logits"},
		equal:       func(int, int) float64 { return math.Log(classes) },
		chance:      true,
		orthonormal: func(int, int, float64) float64 { return math.Log(math.E+2) - 1 },
	}
}

// supervised is the mean cross entropy of the softmax of the logits of each view.
func (o *oracle) supervised() map[string]*number {
	var all []*number
	for v := range o.views {
		if o.wrong == "logits are of the first view only" && v != 0 {
			continue
		}
		for i, row := range o.logit[v] {
			label := o.labels[i]
			if o.wrong == "labels are those of the next class" {
				label = (label + 1) % classes
			}
			denominator := o.logSumExp(row)
			if o.wrong == "the label is left out of the denominator" {
				denominator = o.logSumExp(append(append([]*number(nil), row[:label]...), row[label+1:]...))
			}
			all = append(all, o.sub(denominator, row[label]))
		}
	}
	return map[string]*number{"": o.mean(all...)}
}

func ExampleSupervised() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.Supervised{}
	exec := MustNewExec(h.Backend, func(view, logits, labels *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:  []*Node{view, view}, // only their number counts
			Logits: []*Node{logits, logits},
			Labels: labels,
		}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	view := [][]float32{{1, 0}}
	fmt.Printf("undecided: %.4f, sure: %.4f\n", loss(view, [][]float32{{0, 0}}, []int32{1}),
		loss(view, [][]float32{{-5, 5}}, []int32{1}))
	// Output: undecided: 0.6931, sure: 0.0000
}
