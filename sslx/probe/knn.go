package probe

import (
	"fmt"
	"math"

	"github.com/gomlx/compute"

	"github.com/sslx-go/lab/internal/usage"
)

// KNNOptions configures [KNN]. The zero value means the defaults.
type KNNOptions struct {
	K           int     // neighbors that vote; 0 means 20
	Temperature float64 // T of the vote's weight exp(similarity/T), above 0; 0 means 0.07
}

// Resolved returns the options with the defaults filled in.
func (o KNNOptions) Resolved() KNNOptions {
	if o.K == 0 {
		o.K = 20
	}
	if o.Temperature == 0 {
		o.Temperature = 0.07
	}
	return o
}

// String returns the name of the protocol without its layer, "knn/cosine/k20/t0.07" by default.
func (o KNNOptions) String() string {
	o = o.Resolved()
	return fmt.Sprintf("knn/cosine/k%d/t%g", o.K, o.Temperature)
}

// KNN predicts the class of each test image by a weighted vote of its nearest training images: cosine similarity,
// weight exp(similarity/T) for each of the k nearest, the class of the largest sum (Wu et al., "Unsupervised Feature
// Learning via Non-Parametric Instance Discrimination", 2018, section 3.4, https://arxiv.org/abs/1805.01978). Of equal
// similarities the image with the lower index is nearer, of equal sums the lower class wins.
//
// Labels are in 0..classes-1. See [Nearest] for cost and errors; to evaluate several tasks on the same features call
// Nearest once and [Neighbors.Vote] for each.
func KNN(b compute.Backend, train Features, trainLabels []int32, test Features, classes int, opt KNNOptions,
) (predicted []int32, err error) {
	opt = opt.Resolved()
	if err := checkVote(trainLabels, train.N, classes, opt.Temperature); err != nil {
		return nil, err
	}

	p, err := NewPrograms(b)
	if err != nil {
		return nil, err
	}
	defer p.Close()

	neighbors, err := Nearest(p, train, test, opt.K)
	if err != nil {
		return nil, err
	}
	return neighbors.Vote(trainLabels, classes, opt.Temperature)
}

// Vote returns for each query the class with the largest sum of exp(similarity/temperature) over its neighbors, where
// labels are those of the training images that the neighbors came from. Of equal sums the lower class wins.
func (n Neighbors) Vote(labels []int32, classes int, temperature float64) ([]int32, error) {
	ranking, err := n.Rank(labels, classes, temperature, 1)
	return ranking.Classes, err
}

// Rank returns for each query the k classes with the largest sums, as Vote takes the largest; k is at most the number
// of classes. Classes without a neighbor have a sum of 0.
func (n Neighbors) Rank(labels []int32, classes int, temperature float64, k int) (Ranking, error) {
	if err := checkVote(labels, len(labels), classes, temperature); err != nil {
		return Ranking{}, err
	}

	r := Ranking{K: min(k, classes), Classes: make([]int32, 0, n.N*min(k, classes))}
	sums := make([]float64, classes) // of weights, by class
	for i := range n.N {
		index, similarity := n.Of(i)
		clear(sums)
		for j, row := range index {
			if int(row) >= len(labels) {
				return Ranking{}, usage.Errorf("there are %d train labels but image %d is a neighbor: give the labels"+
					" of the features that were searched", len(labels), row)
			}

			// Weights are relative to the nearest one: a small temperature does not overflow.
			sums[labels[row]] += math.Exp(float64(similarity[j]-similarity[0]) / temperature)
		}
		r.Classes = appendRanked(r.Classes, sums, r.K)
	}
	return r, nil
}

func checkVote(labels []int32, n, classes int, temperature float64) error {
	if !(temperature > 0) || math.IsInf(temperature, 0) {
		return usage.Errorf("the temperature of a kNN vote must be above 0, got %g", temperature)
	}
	if err := checkLabels(labels, n, classes, "train"); err != nil {
		return err
	}
	if len(labels) == 0 {
		return usage.Errorf("there are no train labels: a kNN vote needs at least one image")
	}
	return checkTwoClasses(labels)
}
