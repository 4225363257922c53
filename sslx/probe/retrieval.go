package probe

import (
	"cmp"
	"slices"
	"sync"

	"github.com/sslx-go/lab/internal/cores"
	"github.com/sslx-go/lab/internal/usage"
)

// AveragePrecision returns the mean average precision of image retrieval, in [0, 1]: each of some rows, spread over
// all, is a query that ranks all other rows by cosine similarity; its average precision is the mean, over the rows with
// its label, of the share of such rows among those that are ranked as high or higher. Queries whose label no other row
// has do not count; used is the number of those that do. Of equal similarities the row with the lower index is ranked
// higher.
//
// It is a usage error when no two rows have one label. Cost: queries*N*(2*D + log N) operations on the host.
func AveragePrecision(f Features, labels []int32, queries int) (mean float64, used int, err error) {
	if err := f.Check("embedding"); err != nil {
		return 0, 0, err
	}
	if len(labels) != f.N {
		return 0, 0, usage.Errorf("there are %d labels for %d images", len(labels), f.N)
	}
	if queries < 1 {
		return 0, 0, usage.Errorf("retrieval needs at least one query, got %d", queries)
	}
	queries = min(queries, f.N)
	f = f.Normalized()

	precisions, counts := make([]float64, queries), make([]bool, queries)
	workers := min(cores.Count(), queries)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for q := w; q < queries; q += workers {
				precisions[q], counts[q] = precisionOf(f, labels, q*f.N/queries)
			}
		})
	}
	wait.Wait()

	// In the order of queries, so that the sum is the same each time.
	for q, p := range precisions {
		if counts[q] {
			mean += p
			used++
		}
	}
	if used == 0 {
		return 0, 0, usage.Errorf("no two images have one label: retrieval has nothing to find")
	}
	return mean / float64(used), used, nil
}

// precisionOf returns the average precision of a row as a query; ok is false when no other row has its label.
func precisionOf(f Features, labels []int32, query int) (precision float64, ok bool) {
	type other struct {
		row        int32
		similarity float32
	}
	own := f.Row(query)
	others := make([]other, 0, f.N-1)
	for i := range f.N {
		if i == query {
			continue
		}
		var similarity float32
		for j, v := range f.Row(i) {
			similarity += v * own[j]
		}
		others = append(others, other{int32(i), similarity})
	}
	slices.SortFunc(others, func(a, b other) int {
		return cmp.Or(cmp.Compare(b.similarity, a.similarity), cmp.Compare(a.row, b.row))
	})

	found := 0
	for rank, o := range others {
		if labels[o.row] == labels[query] {
			found++
			precision += float64(found) / float64(rank+1)
		}
	}
	return precision / float64(max(1, found)), found > 0
}
