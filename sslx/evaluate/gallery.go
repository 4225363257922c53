package evaluate

import (
	"context"
	"errors"
	"slices"

	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/progress"
	"github.com/sslx-go/lab/sslx/record"
)

// Gallery is what a run saw and what its encoder finds alike, in pictures: each uint8 [Height, Width, 3], as
// [dataset.Images.RGB] shows it.
type Gallery struct {
	Height, Width int

	// Originals are training images from all over the set. Views[i] are their views by pipeline i in the first epoch,
	// in the same order.
	Originals [][]byte
	Views     [][][]byte

	// Queries are test images with their nearest test images by cosine similarity of the representations; they are val
	// or training images where the data have no test. Task is the label that they are compared by, the main one of the
	// data; it is empty for data without labels.
	Queries []Query
	Task    string

	// Map has test images at their places in the plane of the first two principal components of their representations.
	// Spectrum is the variance along each component, the largest first.
	Map      []Placed
	Spectrum []float64

	// Notes is what there was to say of the import of the data, such as images that were left out.
	Notes []string
}

// Query is a test image and the test images that an encoder finds most like it.
type Query struct {
	Image   []byte
	Nearest [][]byte // the most similar first
	Same    []bool   // for each of Nearest: it has the label of the query; nil without labels
}

// Placed is an image and its place on a map: X along the first principal component, Y along the second.
type Placed struct {
	Image []byte
	X, Y  float64

	// Representation is what the encoder makes of the image. Label is its class of the gallery's task, "" without one.
	Representation []float32
	Label          string
}

// Numbers of images in a gallery.
const (
	galleryViews   = 8
	galleryQueries = 8
	galleryNearest = 8 // of each query
	galleryMap     = 512
)

// Illustrate makes the gallery of the finished run in dir. It is a usage error when the run's configuration or its data
// are no longer those that it was trained with.
func Illustrate(ctx context.Context, dir string, opt progress.Options) (g Gallery, err error) {
	trained, err := pretrain.ReadFinishedRun(dir)
	if err != nil {
		return g, err
	}
	set, err := open.RunData(ctx, trained.Config.Data, trained.Config.Size, trained.Fingerprint, trained.Data, opt)
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	if set.Fingerprint() != trained.Fingerprint {
		return g, usage.Errorf("run %s was trained on other data than %s is now: restore the earlier data", dir,
			set.Name())
	}

	handle, err := open.Backend(ctx, opt)
	if err != nil {
		return g, err
	}
	defer handle.Close()

	g = Gallery{Height: set.Height(), Width: set.Width(), Notes: set.Notes()}
	if tasks := set.Tasks(); len(tasks) > 0 {
		g.Task = tasks[0].Name // the main task
	}
	if err := g.addViews(handle, set, trained.Config); err != nil {
		return g, err
	}
	return g, g.addRepresentations(ctx, handle, set, trained)
}

// IllustrateViews makes the part of the gallery that needs no encoder: training images and their views, for the run in
// dir, which may have only begun. It computes on the pure-Go backend: a training that runs meanwhile keeps its device.
func IllustrateViews(ctx context.Context, dir string, opt progress.Options) (g Gallery, err error) {
	config, err := pretrain.RunConfig(dir)
	if err != nil {
		return g, err
	}
	environment, err := record.ReadEnvironment(dir)
	if err != nil {
		return g, err
	}
	set, err := open.Data(ctx, config.Data, config.Size, environment.Fingerprint, opt)
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()

	handle, err := backend.Open(ctx, backend.Options{Config: "go"})
	if err != nil {
		return g, err
	}
	defer handle.Close()
	g = Gallery{Height: set.Height(), Width: set.Width()}
	return g, g.addViews(handle, set, config)
}

// addViews adds training images and their views.
func (g *Gallery) addViews(handle *backend.Handle, set *dataset.Set, c pretrain.Config) error {
	train, err := set.Split(record.SplitTrain)
	if err != nil {
		return err
	}

	some := train.Spread(galleryViews)
	views, err := c.Views.Show(handle.Backend, train.Images, some, c.Seed, 1)
	if err != nil {
		return err
	}

	g.Originals = copies(train.Pick(some))
	for _, view := range views {
		g.Views = append(g.Views, copies(view))
	}
	return nil
}

// addRepresentations adds what the run's encoder makes of the test images: neighbors, and a map.
func (g *Gallery) addRepresentations(ctx context.Context, handle *backend.Handle, set *dataset.Set,
	trained pretrain.FinishedRun) error {
	test, ok := set.Measured()
	if !ok {
		var err error
		if test, err = set.Split(record.SplitTrain); err != nil {
			return err
		}
	}
	network, err := pretrain.Load(handle.Backend, trained.Config, record.CheckpointPath(trained.Dir), g.Height, g.Width)
	if err != nil {
		return err
	}
	defer network.Close()
	layers, err := encode(ctx, network, test.Images, nil)
	if err != nil {
		return err
	}
	features := layers[0] // [test, dim]

	programs, err := probe.NewPrograms(handle.Backend)
	if err != nil {
		return err
	}
	defer programs.Close()
	// One more than is shown: the nearest of each query is the query itself.
	asked := test.Spread(galleryQueries)
	neighbors, err := probe.Nearest(programs, features, features.Pick(asked), min(galleryNearest+1, test.N))
	if err != nil {
		return err
	}

	if g.Queries, err = queries(test, asked, neighbors, g.Task); err != nil {
		return err
	}

	names, err := classNames(set, test, g.Task)
	if err != nil {
		return err
	}
	placed := test.Spread(galleryMap)
	components, err := probe.Principal(features.Pick(placed))
	g.Spectrum = components.Variances
	for k, at := range components.Plane {
		i := placed[k]
		g.Map = append(g.Map, Placed{shown(test.Images, i), at[0], at[1], slices.Clone(features.Row(i)), names[i]})
	}
	return err
}

// classNames returns the class of each image of a split by a task; all are empty without a task.
func classNames(set *dataset.Set, s *dataset.Split, task string) ([]string, error) {
	names := make([]string, s.N)
	if task == "" {
		return names, nil
	}
	labels, err := s.Labels(task)
	if err != nil {
		return nil, err
	}
	for _, t := range set.Tasks() {
		for i, label := range labels {
			if t.Name == task && label >= 0 && int(label) < len(t.Classes) {
				names[i] = t.Classes[label]
			}
		}
	}
	return names, nil
}

// queries copies the images of a split that neighbors were asked for, and their neighbors other than themselves.
func queries(s *dataset.Split, asked []int, neighbors probe.Neighbors, task string) ([]Query, error) {
	var labels []int32
	if task != "" {
		var err error
		if labels, err = s.Labels(task); err != nil {
			return nil, err
		}
	}

	// The query is the first of its own neighbors, unless another image is equal to it.
	all := make([]Query, len(asked))
	for k, i := range asked {
		q := Query{Image: shown(s.Images, i)}
		index, _ := neighbors.Of(k)
		for _, j := range index {
			if int(j) != i && len(q.Nearest) < galleryNearest {
				q.Nearest = append(q.Nearest, shown(s.Images, int(j)))
				if labels != nil {
					q.Same = append(q.Same, labels[j] == labels[i])
				}
			}
		}
		all[k] = q
	}
	return all, nil
}

// copies returns a copy of each image in RGB, since a pack is unmapped when it is closed.
func copies(images dataset.Images) [][]byte {
	list := make([][]byte, images.N)
	for i := range list {
		list[i] = shown(images, i)
	}
	return list
}

// shown returns a copy of an image in RGB.
func shown(images dataset.Images, i int) []byte {
	return slices.Clone(images.Slice(i, i+1).RGB().Pixels)
}
