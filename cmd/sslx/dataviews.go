package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
)

// maxSheet bounds the number of images on a sheet.
const maxSheet = 256

type viewsFlags struct {
	preset, data, out string
	count             int
	seed              uint64
}

func dataViewsCommand(a *app) *cobra.Command {
	var f viewsFlags
	cmd := &cobra.Command{
		Use:   "views --out SHEET.png",
		Short: "Draw the views that training makes, with their parameters",
		Long: `Draw images of a data set and the views that training makes of them in its first epoch, with the
operations that were applied and their parameters beside each view. All are drawn at the size of the images.

Presets: ` + strings.Join(augment.Presets(), ", ") + `.`,
		Example: `  sslx data views --out views.png
  sslx data views --preset multi-crop --data cifar10 --count 4 --seed 1 --out views.png`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.dataViews(cmd.Context(), f) },
	}
	cmd.Flags().StringVar(&f.preset, "preset", "simclr-cifar", "name of the views")
	cmd.Flags().StringVar(&f.data, "data", "factors", "name or path of the data: see \"sslx data list\"")
	cmd.Flags().IntVar(&f.count, "count", 8, "number of images")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "seed of the views")
	cmd.Flags().StringVar(&f.out, "out", "", "PNG `file` to write")
	completeFunc(cmd, "preset", cobra.FixedCompletions(augment.Presets(), cobra.ShellCompDirectiveNoFileComp))
	completeFunc(cmd, "data", completeDataName)
	return cmd
}

func (a *app) dataViews(ctx context.Context, f viewsFlags) error {
	views, err := augment.Preset(f.preset)
	switch {
	case err != nil:
		return err
	case f.out == "":
		return usage.Errorf("data views needs --out SHEET.png, the file to write")
	case f.count < 1 || f.count > maxSheet:
		return usage.Errorf("--count is %d: it must be from 1 to %d", f.count, maxSheet)
	}
	var sheet []byte
	err = a.work(func(opt sslx.Options) (err error) {
		sheet, err = viewSheet(ctx, views, f, opt)
		return err
	})
	if err != nil {
		return err
	}
	if err := atomicfile.Write(f.out, func(w io.Writer) error { _, err := w.Write(sheet); return err }); err != nil {
		return fmt.Errorf("cannot write the sheet: %w", err)
	}
	_, err = fmt.Fprintln(a.stdout, f.out)
	return err
}

// viewSheet draws the first training images and their views.
func viewSheet(ctx context.Context, views augment.Views, f viewsFlags, opt sslx.Options) (sheet []byte, err error) {
	set, err := dataset.Locate(ctx, f.data, dataset.LocateOptions{Progress: func(done, total int64) {
		opt.Progress(sslx.Progress{Phase: "import " + f.data, Done: done, Total: total})
	}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	split, err := set.Split("train")
	if err != nil {
		return nil, err
	}
	h, err := backend.Open(ctx, backend.Options{Warn: opt.Warn})
	if err != nil {
		return nil, err
	}
	defer h.Close()
	height, width := set.Height(), set.Width()
	n, size := min(f.count, split.N), height*width*3
	columns, err := describedViews(h.Backend, views, split.Pixels[:n*size], height, width, f.seed)
	if err != nil {
		return nil, err
	}
	titles, lines := []string{"original"}, make([][]plots.Captioned, n)
	for i := range lines {
		lines[i] = []plots.Captioned{{Pixels: split.Pixels[i*size : (i+1)*size]}}
		for _, column := range columns {
			lines[i] = append(lines[i], column[i])
		}
	}
	for i := range columns {
		titles = append(titles, fmt.Sprintf("view %d", i+1))
	}
	return plots.CaptionSheet(height, width, titles, lines)
}
