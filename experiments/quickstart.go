package experiments

import (
	"context"
	"fmt"

	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/record"
)

// QuickstartOptions says what the quickstart runs on.
type QuickstartOptions struct {
	Data string // what to train on: "" is the built-in set
	Seed uint64
	sslx.Options
}

// QuickstartResult is what a quickstart found.
type QuickstartResult struct {
	Results []record.Result
	Report  string // path of the HTML report
}

// QuickstartConfig returns the configuration of the quickstart: SimCLR for some 300 steps, two to three minutes on two
// cores. Crops keep more of an image than the default's, and grayscale is more frequent: the encoder then learns shape
// and texture, where color alone would tell the images apart as well.
func QuickstartConfig(data string, seed uint64) sslx.Config {
	c := sslx.Default()
	c.Epochs = 2
	if data != "" && data != c.Data {
		c.Data, c.Epochs = data, 1
	}
	c.Seed = seed
	c.Batch = 128
	c.Objective.Temperature = 0.2
	c.Optimizer.LR = 0.6
	for i := range c.Views {
		c.Views[i].CropScale, c.Views[i].Gray = 0.4, 0.4
	}
	return c
}

// Quickstart trains a small encoder in the run folder dir, which must be absent or empty, measures it, the untrained
// encoder and raw pixels by kNN on every task, and writes a report.
func Quickstart(ctx context.Context, dir string, opt QuickstartOptions) (QuickstartResult, error) {
	if _, err := sslx.Pretrain(ctx, dir, QuickstartConfig(opt.Data, opt.Seed), opt.Options); err != nil {
		return QuickstartResult{}, err
	}
	results, err := sslx.Evaluate(ctx, dir, sslx.EvaluateOptions{Protocols: []string{evaluate.ProtocolKNN}, Floors: true,
		Options: opt.Options})
	if err != nil {
		return QuickstartResult{}, err
	}
	path, err := Report(ctx, dir, opt.Options)
	return QuickstartResult{results, path}, err
}

// Report writes the HTML report of the run in dir, which was trained, and returns its path.
func Report(ctx context.Context, dir string, opt sslx.Options) (string, error) {
	gallery, err := sslx.Illustrate(ctx, dir, opt)
	if err != nil {
		return "", err
	}
	report, err := plots.RunReport(dir)
	if err != nil {
		return "", err
	}
	report.Chance, report.NeighbourTask = gallery.Chance, gallery.Task
	titles := []string{"original"}
	for i := range gallery.Views {
		titles = append(titles, fmt.Sprintf("view %d", i+1))
	}
	report.Views, err = plots.ViewSheet(gallery.Height, gallery.Width, titles,
		append([][][]byte{gallery.Originals}, gallery.Views...)...)
	if err != nil {
		return "", err
	}
	lines := make([]plots.Neighbours, len(gallery.Queries))
	for i, q := range gallery.Queries {
		lines[i] = plots.Neighbours{Query: q.Image, Nearest: q.Nearest, Same: q.Same}
	}
	if report.Neighbours, err = plots.NeighbourSheet(gallery.Height, gallery.Width, lines); err != nil {
		return "", err
	}
	return record.ReportPath(dir), report.Write(record.ReportPath(dir))
}
