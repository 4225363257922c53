package probe

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/usage"
)

// Sizes of one similarity product, in rows: 16384 x 512 float32 similarities are 32 MiB.
const (
	trainBlock = 16384
	queryBlock = 512
)

// Neighbours holds, for each query, the K training images of largest cosine similarity, the most similar first. Query i
// owns Index[i*K : (i+1)*K] and the same part of Similarity. Of equal similarities the lower index comes first.
type Neighbours struct {
	N, K       int
	Index      []int32   // row of the training features
	Similarity []float32 // cosine, in [-1, 1] up to rounding; 0 where either row is all zeros
}

// Of returns the neighbours of query i, the most similar first, sharing memory with n.
func (n Neighbours) Of(i int) (index []int32, similarity []float32) {
	return n.Index[i*n.K : (i+1)*n.K], n.Similarity[i*n.K : (i+1)*n.K]
}

// Nearest finds the k most similar rows of train for each row of query. It does not depend on labels: call it once and
// [Neighbours.Vote] for each task.
//
// Similarities are computed by the backend in float32, in blocks, with the training rows resident on the device; the
// selection runs on the host. Cost: 2*N*M*D operations, 4*(N*D + 16384*512) bytes on the device.
//
// It is a usage error when train has fewer than k rows or the widths differ.
func Nearest(p *Programs, train, query Features, k int) (Neighbours, error) {
	if err := checkNearest(train, query, k); err != nil {
		return Neighbours{}, err
	}
	blocks, err := normalizedBlocks(p.backend, train)
	defer finalize(blocks...)
	if err != nil {
		return Neighbours{}, err
	}
	out := Neighbours{N: query.N, K: k, Index: make([]int32, query.N*k), Similarity: make([]float32, query.N*k)}
	count := (query.N + queryBlock - 1) / queryBlock
	rows := (query.N + count - 1) / count
	for start := 0; start < query.N; start += rows {
		// The last block reaches back over rows already done, so that one shape is compiled.
		from := min(start, query.N-rows)
		best := newSelection(rows, out.Index[from*k:(from+rows)*k], out.Similarity[from*k:(from+rows)*k])
		if err := selectBlock(p.similarity, blocks, query, from, best); err != nil {
			return Neighbours{}, fmt.Errorf("kNN: similarities of images %d to %d: %w", from, from+rows-1, err)
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
	first := 0
	for _, block := range blocks {
		found, err := exec.Exec(block, queries)
		if err != nil {
			return err
		}
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
