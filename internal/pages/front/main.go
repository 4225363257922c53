// Command front keeps a finished run of the quickstart as the record that the README shows, with pictures of what its
// encoder learned:
//
//	go run ./cmd/sslx quickstart --out runs/front
//	go run ./internal/pages/front runs/front
//	go generate ./internal/pages
//
// It is run in the root of the repository.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"

	"github.com/sslx-go/lab/internal/pages"
	"github.com/sslx-go/lab/sslx"
	_ "github.com/sslx-go/lab/sslx/backend/tuned" // as in cmd/sslx
)

const (
	record    = "experiments/results/quickstart"
	rows      = 4
	neighbors = 5 // of each query
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./internal/pages/front RUN")
		os.Exit(2)
	}
	if err := keep(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "front:", err)
		os.Exit(1)
	}
}

// keep copies the record of a run, and draws its gallery.
func keep(ctx context.Context, run string) error {
	g, err := sslx.Illustrate(ctx, run, sslx.Options{})
	if err != nil {
		return err
	}
	if len(g.Originals) < rows || len(g.Queries) < rows || len(g.Queries[0].Nearest) < neighbors {
		return fmt.Errorf("the gallery of %s is too small", run)
	}
	tiles, text, err := draw(g)
	if err != nil {
		return err
	}

	err = errors.Join(os.WriteFile(filepath.Join(record, pages.TilesFile), tiles, 0o644),
		os.WriteFile(filepath.Join(record, pages.GalleryFile), append(text, '\n'), 0o644))
	for _, name := range []string{"config.yaml", "environment.json", "metrics.jsonl", "results.jsonl"} {
		content, failed := os.ReadFile(filepath.Join(run, name))
		if failed == nil {
			failed = os.WriteFile(filepath.Join(record, name), content, 0o644)
		}
		err = errors.Join(err, failed)
	}
	return err
}

// draw returns the tiles of a gallery as one picture, and what they show.
func draw(g sslx.Gallery) (tiles, text []byte, err error) {
	shown := pages.Gallery{Side: g.Height, Views: len(g.Views), Task: g.Task}
	for _, q := range g.Queries[:rows] {
		shown.Same = append(shown.Same, q.Same[:neighbors])
	}
	sheet := image.NewRGBA(image.Rect(0, 0, shown.Tiles()*g.Width, rows*g.Height))
	for row := range rows {
		all := [][]byte{g.Originals[row]}
		for _, views := range g.Views {
			all = append(all, views[row])
		}
		all = append(append(all, g.Queries[row].Image), g.Queries[row].Nearest[:neighbors]...)
		for k, pixels := range all {
			for i := range g.Height * g.Width {
				p := pixels[3*i:]
				sheet.SetRGBA(k*g.Width+i%g.Width, row*g.Height+i/g.Width, color.RGBA{p[0], p[1], p[2], 0xff})
			}
		}
	}

	var picture bytes.Buffer
	if err := png.Encode(&picture, sheet); err != nil {
		return nil, nil, err
	}
	text, err = json.Marshal(shown)
	return picture.Bytes(), text, err
}
