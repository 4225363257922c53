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
	subjects["byol"] = subject{
		loss:   objective.BYOL{EMA: 0.996},
		oracle: (*oracle).byol,
		mistakes: []string{
			"vectors are not normalized", "directions are averaged",
			"predictions are of the first view only", "prediction and embedding are of the same view", leak,
		},
		by:          []string{"predictions", "targets"},
		equal:       func(int, int) float64 { return 0 },
		orthonormal: func(int, int, float64) float64 { return 0 },
	}
}

// byol is Grill et al. 2020, equation 2 with its symmetric form added: the squared distance of the directions.
func (o *oracle) byol() map[string]*number {
	loss := o.scale(o.crossed(o.target, func(q, z []*number) *number {
		var squares []*number
		for k := range q {
			squares = append(squares, o.square(o.sub(q[k], z[k])))
		}
		return o.add(squares...)
	}), 2)
	if o.wrong == "directions are averaged" {
		loss = o.scale(loss, 0.5)
	}
	return map[string]*number{"": loss}
}

// crossed is the mean over pairs of a distance between a prediction and another view's direction without a gradient.
func (o *oracle) crossed(views [][][]*number, distance func(q, z []*number) *number) *number {
	var all []*number
	o.others(func(v, w, i int) {
		switch {
		case o.wrong == "predictions are of the first view only" && v != 0:
			return
		case o.wrong == "prediction and embedding are of the same view":
			w = v
		}
		all = append(all, distance(o.direction(o.q[v][i]), o.direction(o.frozen(views[w][i]))))
	})
	return o.mean(all...)
}

func ExampleBYOL() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.BYOL{EMA: 0.996}
	exec := MustNewExec(h.Backend, func(prediction, target *Node) *Node {
		return objective.Loss(method, objective.Inputs{
			Views:       []*Node{target, target}, // only their number counts
			Predictions: []*Node{prediction, prediction},
			Targets:     []*Node{target, target},
		}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	east, north := [][]float32{{2, 0}}, [][]float32{{0, 3}}
	fmt.Printf("right: %.4f, wrong: %.4f\n", loss(east, east), loss(east, north))
	fmt.Printf("momentum at half time: %.3f\n", method.Needs().TargetMomentum(0.5))
	// Output:
	// right: 0.0000, wrong: 4.0000
	// momentum at half time: 0.998
}
