package probe

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
)

// bruteNeighbors sorts all training rows by cosine in float64.
func bruteNeighbors(train Features, query []float32, k int) (index []int, cosine []float64) {
	all := make([]float64, train.N)
	for i := range train.N {
		var dot, a, b float64
		for j, q := range query {
			x := float64(train.X[i*train.D+j])
			dot, a, b = dot+x*float64(q), a+x*x, b+float64(q)*float64(q)
		}
		if a > 0 && b > 0 {
			all[i] = dot / math.Sqrt(a*b)
		}
		index = append(index, i)
	}
	slices.SortStableFunc(index, func(i, j int) int { return cmp.Compare(all[j], all[i]) })
	for _, i := range index[:k] {
		cosine = append(cosine, all[i])
	}
	return index[:k], cosine
}

// apart reports whether float32 can tell similarity j from its neighbors.
func apart(cosine []float64, j int) bool {
	return j > 0 && j+1 < len(cosine) && cosine[j-1]-cosine[j] > 1e-5 && cosine[j]-cosine[j+1] > 1e-5
}

func bruteVote(index []int, cosine []float64, labels []int32, classes int, temperature float64) int32 {
	sums, best := make([]float64, classes), 0
	for j, i := range index {
		sums[labels[i]] += math.Exp(cosine[j] / temperature)
	}
	for c := range sums {
		if sums[c] > sums[best] {
			best = c
		}
	}
	return int32(best)
}

func TestKNN_AgreesWithABruteForceSearchInFloat64(t *testing.T) {
	for _, c := range []struct{ train, test, d, classes, k int }{
		{1, 1, 1, 2, 1},
		{7, 3, 5, 2, 7},
		{100, 513, 16, 10, 20},
		{trainBlock + 100, 9, 3, 4, 200},
		{300, queryBlock, 33, 7, 5},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			train, test := gaussian(c.train, c.d, 1), gaussian(c.test, c.d, 2)
			labels := randomLabels(c.train, c.classes, 3)
			got, err := Nearest(programs, train, test, c.k)
			if err != nil {
				t.Fatal(err)
			}
			const temperature = 0.1
			for i := range c.test {
				index, similarity := got.Of(i)
				wantIndex, wantCosine := bruteNeighbors(train, test.Row(i), c.k)
				for j := range c.k {
					if math.Abs(float64(similarity[j])-wantCosine[j]) > 1e-5 {
						t.Fatalf("image %d: similarity %d is %v, want %v", i, j, similarity[j], wantCosine[j])
					}
					if apart(wantCosine, j) && int(index[j]) != wantIndex[j] {
						t.Fatalf("image %d: neighbor %d is %d, want %d", i, j, index[j], wantIndex[j])
					}
				}
			}
			if c.train == 1 {
				return
			}
			predicted, err := KNN(backend, train, labels, test, c.classes, KNNOptions{K: c.k, Temperature: temperature})
			if err != nil {
				t.Fatal(err)
			}
			for i, got := range predicted {
				index, cosine := bruteNeighbors(train, test.Row(i), c.k)
				if want := bruteVote(index, cosine, labels, c.classes, temperature); got != want {
					t.Errorf("image %d: class %d, want %d", i, got, want)
				}
			}
		})
	}
}

func TestNearest_TakesTheLowerIndexOfEqualSimilarities(t *testing.T) {
	train := Features{N: 6, D: 2, X: []float32{0, 1, 2, 2, 1, 1, 0, 0, 3, 3, -1, -1}}
	query := Features{N: 2, D: 2, X: []float32{5, 5, 0, 0}}
	got, err := Nearest(programs, train, query, 4)
	if err != nil {
		t.Fatal(err)
	}
	// Rows 1, 2 and 4 point the same way as the first query; the second is zero, so that all similarities are 0.
	if want := []int32{1, 2, 4, 0, 0, 1, 2, 3}; !slices.Equal(got.Index, want) {
		t.Errorf("neighbors %v, want %v", got.Index, want)
	}
	if !slices.Equal(got.Similarity[4:], []float32{0, 0, 0, 0}) {
		t.Errorf("a row of zeros has similarities %v, want 0", got.Similarity[4:])
	}
}

func TestNearest_TakesTheFirstOfManyEqualRows(t *testing.T) {
	const rows, k = 3*groupRows + 5, 2*groupRows + 3
	train := Features{N: rows, D: 1, X: make([]float32, rows)}
	want := make([]int32, k)
	for i := range train.X {
		train.X[i] = 1
	}
	for i := range want {
		want[i] = int32(i)
	}
	got, err := Nearest(programs, train, Features{N: 1, D: 1, X: []float32{1}}, k)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Index, want) {
		t.Errorf("neighbors %v, want %v", got.Index, want)
	}
}

func TestVote_TemperatureWeighsTheNearestAgainstTheMajority(t *testing.T) {
	n := Neighbors{N: 1, K: 3, Index: []int32{0, 1, 2}, Similarity: []float32{0.9, 0.5, 0.5}}
	labels := []int32{1, 0, 0}
	for temperature, want := range map[float64]int32{1e-6: 1, 0.07: 1, 10: 0} {
		if got, err := n.Vote(labels, 2, temperature); err != nil || got[0] != want {
			t.Errorf("temperature %g: %v, %v; want class %d", temperature, got, err, want)
		}
	}
}

func TestKNNOptions_ShowInTheName(t *testing.T) {
	for want, o := range map[string]KNNOptions{
		"knn/cosine/k20/t0.07": {},
		"knn/cosine/k200/t0.1": {K: 200, Temperature: 0.1},
	} {
		if got := o.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
