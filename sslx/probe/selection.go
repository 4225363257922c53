package probe

import (
	"math"
	"runtime"
	"sync"

	. "github.com/gomlx/gomlx/core/graph"
)

// groupRows is the number of training rows of which the backend finds the largest similarity.
const groupRows = 16

// similarities returns those of training rows x to queries q, [rows, queries], and the largest of each group of rows, where
// there are groups.
func similarities(x, q *Node) []*Node {
	s := DotGeneral(x, []int{1}, nil, q, []int{1}, nil)
	groups, queries := s.Shape().Dimensions[0]/groupRows, s.Shape().Dimensions[1]
	if groups == 0 {
		return []*Node{s}
	}
	grouped := Reshape(Slice(s, AxisRange(0, groups*groupRows)), groups, groupRows, queries)
	largest := Squeeze(Slice(grouped, AxisRange(), AxisElem(0)), 1)
	for i := 1; i < groupRows; i++ {
		largest = Max(largest, Squeeze(Slice(grouped, AxisRange(), AxisElem(i)), 1))
	}
	return []*Node{s, largest}
}

// selection keeps the k largest similarities of each query while blocks of training rows pass by in order.
type selection struct {
	queries, k int
	index      []int32   // [queries, k], the most similar first
	similarity []float32 // [queries, k], descending
	threshold  []float32 // [queries], the smallest kept similarity
}

// newSelection returns an empty selection that writes into index and similarity, both [queries, k].
func newSelection(queries int, index []int32, similarity []float32) *selection {
	s := &selection{queries, len(index) / queries, index, similarity, make([]float32, queries)}
	lowest := float32(math.Inf(-1))
	for i := range similarity {
		similarity[i] = lowest
	}
	for i := range s.threshold {
		s.threshold[i] = lowest
	}
	return s
}

// add takes the similarities [rows, queries] of the training rows first, first+1, … and the largest of each group of them,
// [rows/groupRows, queries]. Most groups hold nothing larger than what is kept, and are passed over.
func (s *selection) add(similarities, largest []float32, first int) {
	workers := min(runtime.GOMAXPROCS(0), s.queries)
	var wait sync.WaitGroup
	for w := range workers {
		from, to := w*s.queries/workers, (w+1)*s.queries/workers
		wait.Go(func() { s.addColumns(similarities, largest, first, from, to) })
	}
	wait.Wait()
}

func (s *selection) addColumns(similarities, largest []float32, first, from, to int) {
	groups := len(largest) / s.queries
	for group := range groups {
		for j, v := range largest[group*s.queries+from : group*s.queries+to] {
			if v > s.threshold[from+j] {
				s.addRows(similarities, first, from+j, group*groupRows, (group+1)*groupRows)
			}
		}
	}
	for query := from; query < to; query++ {
		s.addRows(similarities, first, query, groups*groupRows, len(similarities)/s.queries)
	}
}

// addRows takes the similarities of one query to the training rows first+from, … first+to-1.
func (s *selection) addRows(similarities []float32, first, query, from, to int) {
	for row := from; row < to; row++ {
		if v := similarities[row*s.queries+query]; v > s.threshold[query] {
			s.threshold[query] = s.insert(query, int32(first+row), v)
		}
	}
}

// insert puts a training row, larger than the smallest kept, behind those at least as similar and returns the new
// smallest. Rows come in ascending order, so that of equal ones the lower index stays first.
func (s *selection) insert(query int, row int32, value float32) float32 {
	index, similarity := s.index[query*s.k:(query+1)*s.k], s.similarity[query*s.k:(query+1)*s.k]
	at := s.k - 1
	for ; at > 0 && similarity[at-1] < value; at-- {
		similarity[at], index[at] = similarity[at-1], index[at-1]
	}
	similarity[at], index[at] = value, row
	return similarity[s.k-1]
}
