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
	subjects["supcon"] = subject{
		loss:   objective.SupCon{},
		oracle: (*oracle).supCon,
		terms:  []string{"entropy", "similarity"},
		mistakes: []string{
			"a negative is dropped", "positives are left out of the denominator",
			"the diagonal is not masked", "vectors are not normalized", "the temperature is doubled",
			"labels are not used", "positives are added", "the mean over positives is inside the logarithm",
		},
		equal:  func(n, _ int) float64 { return math.Log(float64(2*n - 1)) },
		chance: true,
		orthonormal: func(n, _ int, τ float64) float64 {
			// Of four images, 1 and 2 have a label of their own. 0 and 3 share one: of 3 positives, one is at cosine 1.
			own := math.Log1p(float64(2*n-2) * math.Exp(-1/τ)) // log(exp(1/τ) + 2N-2) - 1/τ
			return (own + own + (1-1.0/3)/τ) / 2
		},
	}
}

// supCon is Khosla et al. 2020, equation 2: of the positives of an anchor, all others of its label, the mean.
func (o *oracle) supCon() map[string]*number {
	var u [][]*number
	for _, rows := range o.directionsOf(o.z) {
		u = append(u, rows...)
	}
	var similarities, entropies []*number
	for a := range u {
		var denominator, positives []*number
		for b := range u {
			s := o.similarity(u[a], u[b])
			same := o.labels[a%o.n] == o.labels[b%o.n]
			if o.wrong == "labels are not used" {
				same = a%o.n == b%o.n
			}
			switch {
			case a == b && o.wrong != "the diagonal is not masked":
				continue
			case same && a != b:
				positives = append(positives, s)
				if o.wrong == "positives are left out of the denominator" {
					continue
				}
			}
			denominator = append(denominator, s)
		}
		if o.wrong == "a negative is dropped" {
			denominator = denominator[1:]
		}
		positive := o.mean(positives...)
		switch o.wrong {
		case "the mean over positives is inside the logarithm": // L_in, equation 3
			positive = o.sub(o.logSumExp(positives), o.log(constant(float64(len(positives)))))
		case "positives are added":
			positive = o.add(positives...)
		}
		similarities = append(similarities, o.scale(positive, -1))
		entropies = append(entropies, o.logSumExp(denominator))
	}
	return map[string]*number{"similarity": o.mean(similarities...), "entropy": o.mean(entropies...)}
}

func ExampleSupCon() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.SupCon{Temperature: 0.1}
	exec := MustNewExec(h.Backend, func(first, second, labels *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}, Labels: labels}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	images := [][]float32{{1, 0}, {1, 0}, {0, 1}}
	fmt.Printf("labels that fit: %.2f, ", loss(images, images, []int32{0, 0, 1}))
	fmt.Printf("that do not: %.2f\n", loss(images, images, []int32{0, 1, 1}))
	// Output: labels that fit: 0.73, that do not: 5.18
}
