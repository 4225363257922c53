package report

import (
	"context"
	"fmt"

	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// WriteRun writes the HTML report of the run in dir, which was trained, into the run folder, and returns its path.
func WriteRun(ctx context.Context, dir string, opt sslx.Options) (string, error) {
	gallery, err := sslx.Illustrate(ctx, dir, opt)
	if err != nil {
		return "", err
	}
	report, err := plots.RunReport(dir)
	if err != nil {
		return "", err
	}
	report.Chance, report.NeighbourTask = gallery.Chance, gallery.Task

	// What training sees: each image beside its views.
	titles := []string{"original"}
	for i := range gallery.Views {
		titles = append(titles, fmt.Sprintf("view %d", i+1))
	}
	report.Views, err = plots.ViewSheet(gallery.Height, gallery.Width, titles,
		append([][][]byte{gallery.Originals}, gallery.Views...)...)
	if err != nil {
		return "", err
	}

	// What the encoder finds alike.
	lines := make([]plots.Neighbours, len(gallery.Queries))
	for i, q := range gallery.Queries {
		lines[i] = plots.Neighbours{Query: q.Image, Nearest: q.Nearest, Same: q.Same}
	}
	if report.Neighbours, err = plots.NeighbourSheet(gallery.Height, gallery.Width, lines); err != nil {
		return "", err
	}
	return record.ReportPath(dir), report.Write(record.ReportPath(dir))
}
