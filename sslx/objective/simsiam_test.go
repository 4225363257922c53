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
	subjects["simsiam"] = subject{
		loss:   objective.SimSiam{},
		oracle: (*oracle).simSiam,
		mistakes: []string{
			"vectors are not normalized", "directions are added", "predictions are of the first view only",
			"prediction and embedding are of the same view", leak,
		},
		by:          []string{"predictions", "views"},
		equal:       func(int, int) float64 { return -1 },
		orthonormal: func(int, int, float64) float64 { return -1 },
	}
}

// simSiam is Chen and He 2021, equations 1 to 4: the mean of the negative cosines of both directions.
func (o *oracle) simSiam() map[string]*number {
	loss := o.crossed(o.z, func(p, z []*number) *number {
		return o.scale(o.dot(p, z), -1)
	})
	if o.wrong == "directions are added" {
		loss = o.scale(loss, 2)
	}
	return map[string]*number{"": loss}
}

func ExampleSimSiam() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.SimSiam{}
	exec := MustNewExec(h.Backend, func(prediction, embedding *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:       []*Node{embedding, embedding},
			Predictions: []*Node{prediction, prediction},
		}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	east, north := [][]float32{{2, 0}}, [][]float32{{0, 3}}
	fmt.Printf("right: %.4f, wrong: %.4f\n", loss(east, east), loss(east, north))
	// Output: right: -1.0000, wrong: 0.0000
}
