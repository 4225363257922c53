package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/record"
)

// readPictures reads the pictures that are in a run folder.
func (r *Run) readPictures(dir string) error {
	for name, to := range map[string]*[]byte{record.ViewsPicture: &r.Views, record.NeighborsPicture: &r.Neighbors,
		record.MapPicture: &r.Components} {
		picture, err := atomicfile.Read(record.PicturePath(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("a picture of run %s cannot be read: %w", dir, err)
		}
		*to = picture
	}
	return nil
}

// WritePictures draws a gallery of the run in dir and leaves the pictures in the run folder.
func WritePictures(dir string, g sslx.Gallery) error {
	for name, draw := range map[string]func(sslx.Gallery) ([]byte, error){record.ViewsPicture: viewSheet,
		record.NeighborsPicture: NeighborSheet, record.MapPicture: ComponentMap} {
		picture, err := draw(g)
		if err == nil {
			err = writePicture(dir, name, picture)
		}
		if err != nil {
			return err
		}
	}
	return eventsError(dir, writePictureEvents(dir, &g))
}

func eventsError(dir string, err error) error {
	if err != nil {
		return fmt.Errorf("the pictures of run %s cannot be written for TensorBoard: %w", dir, err)
	}
	return nil
}

// WriteViews draws the views that the training of the run in dir makes, and leaves the picture in the run folder. The
// run may still be training.
func WriteViews(ctx context.Context, dir string, opt sslx.Options) error {
	g, err := evaluate.IllustrateViews(ctx, dir, opt)
	if err != nil {
		return err
	}
	picture, err := viewSheet(g)
	if err != nil {
		return err
	}
	if err := writePicture(dir, record.ViewsPicture, picture); err != nil {
		return err
	}
	return eventsError(dir, writePictureEvents(dir, nil))
}

func writePicture(dir, name string, picture []byte) error {
	err := atomicfile.Write(record.PicturePath(dir, name), func(w io.Writer) error {
		_, err := w.Write(picture)
		return err
	})
	if err != nil {
		return fmt.Errorf("a picture of run %s cannot be kept: %w", dir, err)
	}
	return nil
}

// viewSheet returns a PNG image of the training images of a gallery next to their views.
func viewSheet(g sslx.Gallery) ([]byte, error) {
	titles := []string{"original"}
	for i := range g.Views {
		titles = append(titles, fmt.Sprintf("view %d", i+1))
	}
	return plots.ViewSheet(g.Height, g.Width, titles, append([][][]byte{g.Originals}, g.Views...)...)
}
