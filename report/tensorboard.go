package report

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sslx-go/lab/internal/tensorboard"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// EventsFolder is the folder of a run that has its pictures for TensorBoard: a reader of the run's own events, which
// are still written, does not return to an earlier file.
const EventsFolder = "pictures"

// ExportEvents writes the runs in dirs for TensorBoard, each into a folder of its name in to: the scalars of the
// training log, the run's pictures, and for a finished run whose data can be opened the representations of test images
// for the projector. Where pictures cannot be drawn, opt.Warn says why, and the rest is written. Two runs of one name
// are a usage error.
func ExportEvents(ctx context.Context, to string, dirs []string, opt sslx.Options) error {
	names := map[string]string{}
	for _, dir := range dirs {
		name := record.Name(dir)
		if other, ok := names[name]; ok {
			return usage.Errorf("runs %s and %s have one name: export them into different folders", other, dir)
		}
		names[name] = dir
	}
	for _, dir := range dirs {
		if err := exportEvents(ctx, filepath.Join(to, record.Name(dir)), dir, opt); err != nil {
			return err
		}
	}
	return nil
}

func exportEvents(ctx context.Context, to, dir string, opt sslx.Options) error {
	r, err := ReadRun(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o777); err != nil {
		return fmt.Errorf("cannot make the folder of a run's events: %w", err)
	}

	// A run without weights, or without its data, has its scalars and the pictures that it kept.
	gallery, err := sslx.Illustrate(ctx, dir, opt)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		opt.Warnf("run %s is exported without new pictures: %v", dir, err)
	default:
		if err := r.draw(gallery); err != nil {
			return err
		}
		if err := embedding(gallery).Write(to); err != nil {
			return fmt.Errorf("cannot write the embeddings of run %s: %w", dir, err)
		}
	}

	_, err = tensorboard.Replace(to, r.Environment.Started, func(w io.Writer) error {
		if err := record.WriteEvents(w, r.Environment.Started, r.Metrics); err != nil {
			return err
		}
		return r.writeImages(w)
	})
	if err != nil {
		return fmt.Errorf("cannot write the events of run %s: %w", dir, err)
	}
	return nil
}

// draw draws the pictures of a gallery.
func (r *Run) draw(g sslx.Gallery) (err error) {
	r.NeighborTask = g.Task
	if r.Views, err = viewSheet(g); err != nil {
		return err
	}
	if r.Neighbors, err = NeighborSheet(g); err != nil {
		return err
	}
	r.Components, err = ComponentMap(g)
	return err
}

// writeImages writes the run's pictures as events of the last step of the log.
func (r *Run) writeImages(w io.Writer) error {
	step, at := 0, r.Environment.Started
	if n := len(r.Metrics); n > 0 {
		step = r.Metrics[n-1].Step
		at = at.Add(time.Duration(r.Metrics[n-1].Seconds * float64(time.Second)))
	}
	pictures := map[string][]byte{"views": r.Views, "neighbors": r.Neighbors, "map": r.Components}
	// In a fixed order: the same run gives the same file.
	for _, tag := range slices.Sorted(maps.Keys(pictures)) {
		picture := pictures[tag]
		if len(picture) == 0 {
			continue
		}
		config, err := png.DecodeConfig(bytes.NewReader(picture))
		if err != nil {
			return fmt.Errorf("the picture %s is no PNG image: %w", tag, err)
		}
		if err := tensorboard.WriteImage(w, at, step, tag, picture, config.Width, config.Height); err != nil {
			return err
		}
	}
	return nil
}

// embedding returns the map's images with their representations.
func embedding(g sslx.Gallery) tensorboard.Embedding {
	e := tensorboard.Embedding{Name: "encoder", Height: g.Height, Width: g.Width}
	for _, p := range g.Map {
		e.Vectors, e.Images = append(e.Vectors, p.Representation), append(e.Images, p.Image)
		if g.Task != "" {
			e.Labels = append(e.Labels, p.Label)
		}
	}
	return e
}

// writePictureEvents writes the pictures that are in a run folder for TensorBoard, where the run's log is as well.
func writePictureEvents(dir string, g *sslx.Gallery) error {
	var c sslx.Config
	if err := record.ReadConfig(dir, &c); err != nil || !slices.Contains(c.Log, "tensorboard") {
		return err
	}
	r, err := ReadRun(dir)
	if err != nil {
		return err
	}
	to := filepath.Join(dir, EventsFolder)
	if err := os.MkdirAll(to, 0o777); err != nil {
		return err
	}
	if g != nil {
		if err := embedding(*g).Write(to); err != nil {
			return err
		}
	}
	_, err = tensorboard.Replace(to, r.Environment.Started, r.writeImages)
	return err
}
