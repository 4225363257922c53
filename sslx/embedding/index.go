package embedding

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"sync"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/cores"
	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/progress"
)

// Index finds the images of a file of features that are most like another. It is safe for use by several goroutines.
type Index struct {
	Info Info
	Rows []Row // what is known of each image

	features probe.Features // rows of length 1
}

// Neighbor is an image of an index and how like the query it is.
type Neighbor struct {
	Row        int     // in Index.Rows
	Similarity float64 // cosine, from -1 to 1
}

// ReadIndex reads a file that Write has written. The features are in memory: 4 bytes a number.
func ReadIndex(path string) (*Index, error) {
	f, err := formatOf(path)
	if err != nil {
		return nil, usage.Errorf("%s is no file of features: its name must end in .npy, .parquet or .csv", path)
	}
	info, err := readInfo(path)
	if err != nil {
		return nil, err
	}
	if err := checkSum(path, info); err != nil {
		return nil, err
	}
	rows, features, err := f.read(path, info)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage.Errorf("%s, or the names next to it, are missing: write the features again", path)
	}
	if err != nil {
		return nil, err
	}
	if features.N == 0 {
		return nil, usage.Errorf("%s has no images", path)
	}
	return &Index{info, rows, features.Normalized()}, nil
}

// checkSum returns an error unless a file of features is the one that its Info was written for.
func checkSum(path string, info Info) error {
	file, err := atomicfile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return usage.Errorf("there is no file of features %s", path)
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()

	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != info.SHA256 {
		return fmt.Errorf("%s is damaged, or is not the file that %s describes: write the features again", path,
			filepath.Base(infoPath(path)))
	}
	return nil
}

// Check returns a usage error unless the features of the index come from the model.
func (x *Index) Check(m *Model) error {
	if x.Info.Identity != m.Identity() {
		return usage.Errorf("the features of the index are those of layer %s of %s, and the model is layer %s of %s "+
			"with other weights or another input: write the index again with the model", x.Info.Layer, x.Info.Model,
			m.Layer(), m.Name())
	}
	return nil
}

// Nearest returns the k images whose features are most similar to a query by the cosine, the most similar
// first; of equal ones the first in the file. It compares all images, on all processors.
func (x *Index) Nearest(query []float32, k int) ([]Neighbor, error) {
	if len(query) != x.features.D {
		return nil, usage.Errorf("the query has %d features, and the index has %d of an image", len(query),
			x.features.D)
	}
	if k < 1 {
		return nil, usage.About("count", "%d neighbors are asked for: give 1 or more", k)
	}
	q := probe.Features{N: 1, D: len(query), X: query}
	if err := q.Check("query"); err != nil {
		return nil, err
	}
	// The rows of the index have length 1 as well: products are cosines.
	unit := q.Normalized().X

	// Each processor keeps the nearest of its own rows.
	n, workers := x.features.N, min(cores.Count(), x.features.N)
	found := make([][]Neighbor, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				found[w] = keepNearest(found[w], Neighbor{i, cosine(unit, x.features.Row(i))}, k)
			}
		})
	}
	wait.Wait()

	all := slices.Concat(found...)
	slices.SortFunc(all, byNearness)
	return all[:min(k, len(all))], nil
}

// byNearness puts the more similar first, and of equal ones the lower row.
func byNearness(a, b Neighbor) int {
	return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.Row, b.Row))
}

// keepNearest adds a neighbor to a sorted list of at most k, where it belongs there.
func keepNearest(list []Neighbor, n Neighbor, k int) []Neighbor {
	at, _ := slices.BinarySearchFunc(list, n, byNearness)
	if at == k {
		return list
	}
	list = slices.Insert(list, at, n)
	return list[:min(k, len(list))]
}

// cosine returns the product of two lists of length 1.
func cosine(a, b []float32) float64 {
	var sum float64
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	// Rounding may lead beyond 1.
	return math.Max(-1, math.Min(1, sum))
}

// Images opens the data set of the index and returns the images of some rows, in their order, as they were embedded. It
// is a usage error when the set is gone or another one now.
func (x *Index) Images(ctx context.Context, rows []int, opt progress.Options) (images dataset.Images, err error) {
	size := 0
	// Images that are not square kept their own size, which 0 stands for.
	if x.Info.Size[0] == x.Info.Size[1] {
		size = x.Info.Size[0]
	}
	set, err := open.Data(ctx, x.Info.Data, size, x.Info.Fingerprint, opt)
	if err != nil {
		return images, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	if set.Fingerprint() != x.Info.Fingerprint {
		return images, usage.Errorf("%s has changed since it was embedded: write the index again", x.Info.Data)
	}

	// Rows count through the splits that were written.
	var splits []*dataset.Split
	for _, row := range x.Rows {
		if n := len(splits); n > 0 && splits[n-1].Name == row.Split {
			continue
		}
		split, err := set.Split(row.Split)
		if err != nil {
			return images, err
		}
		splits = append(splits, split)
	}

	images = dataset.Images{N: len(rows), Height: set.Height(), Width: set.Width(),
		Channels: set.Channels()}
	for _, row := range rows {
		images.Pixels = append(images.Pixels, between(splits, row, row+1).Pixels...)
	}
	return images, nil
}
