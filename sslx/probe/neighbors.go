package probe

import (
	"fmt"
	"math"
	"sync"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/cores"
	"github.com/sslx-go/lab/internal/usage"
)

// Sizes of one similarity product, in rows: 16384 x 512 float32 similarities are 32 MiB.
const (
	trainBlock = 16384
	queryBlock = 512
)

// Neighbors holds, for each query, the K training images of largest cosine similarity, the most similar first. Query i
// owns Index[i*K : (i+1)*K] and the same part of Similarity. Of equal similarities the lower index comes first.
type Neighbors struct {
	N, K       int
	Index      []int32   // row of the training features
	Similarity []float32 // cosine, in [-1, 1] up to rounding; 0 where either row is all zeros
}

// Of returns the neighbors of query i, the most similar first, sharing memory with n.
func (n Neighbors) Of(i int) (index []int32, similarity []float32) {
	return n.Index[i*n.K : (i+1)*n.K], n.Similarity[i*n.K : (i+1)*n.K]
}

// Nearest finds the k most similar rows of train for each row of query. It does not depend on labels: call it once and
// [Neighbors.Vote] for each task.
//
// Similarities are computed by the backend in float32, in blocks, with the training rows resident on the device; the
// selection runs on the host. Cost: 2*N*M*D operations, 4*(N*D + 16384*512) bytes on the device.
//
// It is a usage error when train has fewer than k rows or the widths differ.
func Nearest(p *Programs, train, query Features, k int) (Neighbors, error) {
	if err := checkNearest(train, query, k); err != nil {
		return Neighbors{}, err
	}
	blocks, err := normalizedBlocks(p.backend, train)
	defer finalize(blocks...)
	if err != nil {
		return Neighbors{}, err
	}

	// Queries go in blocks of equal size, as many as needed.
	out := Neighbors{N: query.N, K: k, Index: make([]int32, query.N*k), Similarity: make([]float32, query.N*k)}
	count := (query.N + queryBlock - 1) / queryBlock
	rows := (query.N + count - 1) / count
	for start := 0; start < query.N; start += rows {
		// The last block reaches back over rows already done, so that one shape is compiled.
		from := min(start, query.N-rows)
		best := newSelection(rows, out.Index[from*k:(from+rows)*k], out.Similarity[from*k:(from+rows)*k])
		if err := selectBlock(p.similarity, blocks, query, from, best); err != nil {
			return Neighbors{}, fmt.Errorf("kNN: similarities of images %d to %d: %w", from, from+rows-1, err)
		}
	}
	return out, nil
}

func checkNearest(train, query Features, k int) error {
	if k < 1 {
		return usage.Errorf("kNN needs k of at least 1, got %d", k)
	}

	if err := train.Check("train"); err != nil {
		return err
	}
	if err := query.Check("test"); err != nil {
		return err
	}
	if train.N < k {
		return usage.Errorf("kNN with k=%d needs at least %d train images, there are %d: use more or a smaller k",
			k, k, train.N)
	}
	return checkSameWidth(train, "train", query, "test")
}

// normalizedBlocks puts the rows of f, scaled to length 1, on the device in blocks of at most trainBlock rows.
func normalizedBlocks(b compute.Backend, f Features) ([]*tensors.Tensor, error) {
	var blocks []*tensors.Tensor
	for start := 0; start < f.N; start += trainBlock {
		n := min(trainBlock, f.N-start)
		t, err := newMatrix(b, n, f.D, func(i int, row []float32) { normalizeRow(row, f.Row(start+i)) })
		if err != nil {
			return blocks, fmt.Errorf("kNN: train features to the device: %w", err)
		}
		blocks = append(blocks, t)
	}
	return blocks, nil
}

// selectBlock merges the similarities of the queries from, from+1, … to every training block into best.
func selectBlock(exec *Exec, blocks []*tensors.Tensor, query Features, from int, best *selection) error {
	q := Features{N: best.queries, D: query.D, X: query.X[from*query.D : (from+best.queries)*query.D]}.Normalized()
	queries := tensors.FromFlatDataAndDimensions(q.X, q.N, q.D)
	defer finalize(queries)

	first := 0 // row of the training features that the block begins with
	for _, block := range blocks {
		found, err := exec.Exec(block, queries)
		if err != nil {
			return err
		}

		// The similarities are read in place; the largest of each group are few, and copied.
		var largest []float32
		if len(found) > 1 {
			largest = tensors.MustCopyFlatData[float32](found[1])
		}
		err = tensors.ConstFlatData(found[0], func(all []float32) { best.add(all, largest, first) })
		finalize(found...)
		if err != nil {
			return err
		}
		first += block.Shape().Dimensions[0]
	}
	return nil
}

// groupRows is the number of training rows of which the backend finds the largest similarity.
const groupRows = 16

// similarities returns those of training rows x to queries q, [rows, queries], and the largest of each group of rows,
// where there are groups.
func similarities(x, q *Node) []*Node {
	s := DotGeneral(x, []int{1}, nil, q, []int{1}, nil) // [rows, queries]
	groups, queries := s.Shape().Dimensions[0]/groupRows, s.Shape().Dimensions[1]
	if groups == 0 {
		return []*Node{s}
	}

	// The largest similarity of each group, [groups, queries].
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

// add takes the similarities [rows, queries] of the training rows first, first+1, … and the largest of each group of
// them, [rows/groupRows, queries]. Most groups hold nothing larger than what is kept, and are passed over.
func (s *selection) add(similarities, largest []float32, first int) {
	// Each worker has queries of its own, so that none waits for another.
	workers := min(cores.Count(), s.queries)
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

	// Rows that fill no group.
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

	// Those that are less similar move one place back; the last one falls out.
	at := s.k - 1
	for ; at > 0 && similarity[at-1] < value; at-- {
		similarity[at], index[at] = similarity[at-1], index[at-1]
	}
	similarity[at], index[at] = value, row
	return similarity[s.k-1]
}
