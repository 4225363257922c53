package evaluate

import (
	"context"
	"errors"
	"slices"

	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/progress"
	"github.com/sslx-go/lab/sslx/record"
)

// Gallery is what a run saw and what its encoder finds alike, in pictures: each uint8 [Height, Width, 3].
type Gallery struct {
	Height, Width int

	// Originals are training images, and Views[i] their views i in the first epoch.
	Originals [][]byte
	Views     [][][]byte

	// Queries are test images with their nearest test images by cosine similarity of the representations, and
	// whether those have the query's label in Task.
	Queries []Query
	Task    string

	// Map has test images at their places in the plane of the first two principal components of their representations,
	// and Spectrum the variance along each component, the largest first.
	Map      []Placed
	Spectrum []float64

	// Chance is the accuracy of guessing for each task of the data, by the task's name in results: one over the
	// number of classes.
	Chance map[string]float64
}

// Query is an image and those that an encoder finds most alike.
type Query struct {
	Image   []byte
	Nearest [][]byte
	Same    []bool
}

// Placed is an image and its place on a map.
type Placed struct {
	Image []byte
	X, Y  float64
}

const (
	galleryViews   = 8
	galleryQueries = 8
	galleryNearest = 8
	galleryMap     = 512
)

// Illustrate makes the gallery of the run in dir.
func Illustrate(ctx context.Context, dir string, opt progress.Options) (g Gallery, err error) {
	c, err := pretrain.FinishedConfig(dir)
	if err != nil {
		return g, err
	}
	set, err := open.Data(ctx, c.Data, c.Size, opt)
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	handle, err := open.Backend(ctx, opt)
	if err != nil {
		return g, err
	}
	defer handle.Close()
	train, err := set.Split("train")
	if err != nil {
		return g, err
	}
	g = Gallery{Height: set.Height(), Width: set.Width(), Chance: map[string]float64{}}
	for _, task := range set.Tasks() {
		g.Chance[set.Name()+"/"+task.Name] = 1 / float64(len(task.Classes))
	}
	count, size := min(galleryViews, train.N), g.Height*g.Width*3
	views, err := c.Views.Show(handle.Backend, train.Slice(0, count), c.Seed, 1)
	if err != nil {
		return g, err
	}
	g.Originals = images(train.Pixels, count, size)
	for _, view := range views {
		g.Views = append(g.Views, images(view.Pixels, count, size))
	}
	network, err := pretrain.Load(handle.Backend, c, record.CheckpointPath(dir), g.Height, g.Width)
	if err != nil {
		return g, err
	}
	defer network.Close()
	test, err := set.Split("test")
	if err != nil {
		return g, err
	}
	x, err := network.Features(ctx, test.Images, nil)
	if err != nil {
		return g, err
	}
	features := probe.Features{N: test.N, D: network.Width(pretrain.LayerEncoder), X: x[0]}
	queries := probe.Features{N: min(galleryQueries, test.N), D: features.D}
	queries.X = features.X[:queries.N*queries.D]
	programs, err := probe.NewPrograms(handle.Backend)
	if err != nil {
		return g, err
	}
	defer programs.Close()
	neighbours, err := probe.Nearest(programs, features, queries, min(galleryNearest+1, test.N))
	if err != nil {
		return g, err
	}
	if len(set.Tasks()) > 0 {
		g.Task = set.Tasks()[0].Name
	}
	if g.Queries, err = gather(test, neighbours, g.Task, size); err != nil {
		return g, err
	}
	features.N = min(galleryMap, test.N)
	features.X = features.X[:features.N*features.D]
	components, err := probe.Principal(features)
	g.Spectrum = components.Variances
	for i, at := range components.Plane {
		g.Map = append(g.Map, Placed{image(test.Pixels, i, size), at[0], at[1]})
	}
	return g, err
}

// gather copies the pixels of queries, the first images of a split, and of their neighbours other than themselves.
func gather(s *dataset.Split, neighbours probe.Neighbours, task string, size int) ([]Query, error) {
	labels := make([]int32, s.N)
	if task != "" {
		var err error
		if labels, err = s.Labels(task); err != nil {
			return nil, err
		}
	}
	queries := make([]Query, neighbours.N)
	for i := range queries {
		q := Query{Image: image(s.Pixels, i, size)}
		index, _ := neighbours.Of(i)
		for _, j := range index {
			if int(j) != i && len(q.Nearest) < galleryNearest {
				q.Nearest = append(q.Nearest, image(s.Pixels, int(j), size))
				q.Same = append(q.Same, labels[j] == labels[i])
			}
		}
		queries[i] = q
	}
	return queries, nil
}

// image returns a copy of the pixels of image i, since a pack is unmapped when it is closed.
func images(pixels []byte, count, size int) [][]byte {
	list := make([][]byte, count)
	for i := range list {
		list[i] = image(pixels, i, size)
	}
	return list
}

func image(pixels []byte, i, size int) []byte { return slices.Clone(pixels[i*size : (i+1)*size]) }
