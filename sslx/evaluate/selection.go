package evaluate

import (
	"math"
	"runtime"
	"sync"
)

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

// add takes the similarities [rows, queries] of the training rows first, first+1, … .
func (s *selection) add(similarities []float32, first int) {
	workers := min(runtime.GOMAXPROCS(0), s.queries)
	var wait sync.WaitGroup
	for w := range workers {
		from, to := w*s.queries/workers, (w+1)*s.queries/workers
		wait.Go(func() { s.addColumns(similarities, first, from, to) })
	}
	wait.Wait()
}

func (s *selection) addColumns(similarities []float32, first, from, to int) {
	threshold := s.threshold[from:to]
	for row := 0; row*s.queries < len(similarities); row++ {
		values := similarities[row*s.queries+from : row*s.queries+to]
		for j, t := range threshold {
			if values[j] > t {
				threshold[j] = s.insert(from+j, int32(first+row), values[j])
			}
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
