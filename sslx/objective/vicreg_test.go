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
	subjects["vicreg"] = subject{
		loss:   objective.VICReg{Similarity: 25, Variance: 25, Covariance: 1},
		oracle: (*oracle).vicReg,
		terms:  []string{"covariance", "similarity", "variance"},
		mistakes: []string{
			"the variance is divided by N", "the covariance is divided by N", "there is no epsilon",
			"the variance is taken for the deviation", "there is no hinge",
			"the diagonal is in the covariance", "the covariance is not divided by dim",
			"the mean is not subtracted", "the similarity is summed over dimensions",
			"the variance is summed over views", "the covariance is the mean of the views'",
		},
		equal:  func(int, int) float64 { return 25 * (1 - math.Sqrt(1e-4)) },
		chance: true,
		orthonormal: func(n, dim int, _ float64) float64 {
			// A dimension below n is 1 for one image of 4: mean 1/4, variance 1/4, covariances -1/12.
			used, unused := float64(n), float64(dim-n)
			return 25*(used*(1-math.Sqrt(0.2501))+unused*(1-0.01))/float64(dim) + 2*12*(1.0/144)/float64(dim)
		},
		leastGradient: func(objective.Objective, batch) float64 { return 0 },
	}
}

// vicReg is Bardes et al. 2022, equations 1 to 6, with the normalizations of the authors' code: a mean over dimensions
// in the similarity, and over the two views in the variance.
func (o *oracle) vicReg() map[string]*number {
	var distances, hinges, covariances []*number
	for v := range o.views {
		for w := range v {
			for i := range o.n {
				for k := range o.dim {
					distances = append(distances, o.square(o.sub(o.z[v][i][k], o.z[w][i][k])))
				}
			}
		}
		columns := o.columns(o.z[v])
		for i := range columns {
			variance := o.covariance(columns[i], columns[i], "the variance is divided by N")
			epsilon := 1e-4
			if o.wrong == "there is no epsilon" {
				epsilon = 0
			}
			deviation := o.sqrt(o.add(variance, constant(epsilon)))
			if o.wrong == "the variance is taken for the deviation" {
				deviation = variance
			}
			hinge := o.sub(constant(1), deviation)
			if o.wrong != "there is no hinge" {
				hinge = o.positive(hinge)
			}
			hinges = append(hinges, hinge)
		}
		covariances = append(covariances, o.offDiagonal(columns))
	}
	weights := o.loss.(objective.VICReg)
	parts := map[string]*number{
		"similarity": o.scale(o.mean(distances...), weights.Similarity),
		"variance":   o.scale(o.mean(hinges...), weights.Variance),
		"covariance": o.scale(o.mean(covariances...), 2*weights.Covariance),
	}
	switch o.wrong {
	case "the similarity is summed over dimensions":
		parts["similarity"] = o.scale(parts["similarity"], float64(o.dim))
	case "the variance is summed over views":
		parts["variance"] = o.scale(parts["variance"], float64(o.views))
	case "the covariance is the mean of the views'":
		parts["covariance"] = o.scale(parts["covariance"], 0.5)
	}
	return parts
}

// offDiagonal is the sum of the squares of the covariances of different columns, over the number of columns.
func (o *oracle) offDiagonal(columns [][]*number) *number {
	squares := []*number{constant(0)}
	for i := range columns {
		for j := range columns {
			if i != j || o.wrong == "the diagonal is in the covariance" {
				c := o.covariance(columns[i], columns[j], "the covariance is divided by N")
				squares = append(squares, o.square(c))
			}
		}
	}
	if o.wrong == "the covariance is not divided by dim" {
		return o.add(squares...)
	}
	return o.scale(o.add(squares...), 1/float64(o.dim))
}

// covariance is over the batch, with divisor N-1.
func (o *oracle) covariance(a, b []*number, biased string) *number {
	if o.wrong == biased {
		return o.scale(o.dot(a, b), 1/float64(o.n))
	}
	return o.scale(o.dot(a, b), 1/float64(o.n-1))
}

// columns returns the numbers of each dimension over the batch, less their mean.
func (o *oracle) columns(rows [][]*number) [][]*number {
	columns := make([][]*number, o.dim)
	for k := range columns {
		for _, row := range rows {
			columns[k] = append(columns[k], row[k])
		}
		if o.wrong != "the mean is not subtracted" {
			columns[k] = o.centered(columns[k])
		}
	}
	return columns
}

func ExampleVICReg() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	method := objective.VICReg{Similarity: 25, Variance: 25, Covariance: 1}
	exec := MustNewExec(h.Backend, func(first, second *Node) *Node {
		return objective.Loss(method, objective.Inputs{Views: []*Node{first, second}}).Loss
	})
	loss := func(inputs ...any) any { return exec.MustCall(inputs...)[0].Value() }

	spread := [][]float32{{1, 1}, {1, -1}, {-1, 1}, {-1, -1}}
	collapsed := [][]float32{{1, 1}, {1, 1}, {1, 1}, {1, 1}}
	fmt.Printf("spread: %.4f, collapsed: %.4f\n", loss(spread, spread), loss(collapsed, collapsed))
	// Output: spread: 0.0000, collapsed: 24.7500
}
