package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
)

type importFlags struct {
	name          string
	size          int
	skipBad, json bool
}

func dataImportCommand(a *app) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import SOURCE",
		Short: "Pack images into the cache",
		Long: fmt.Sprintf(`Pack the images of a source into one checksummed file in the cache. SOURCE is a folder, or
a .tar, .tar.gz, .tgz or .zip of one, that holds
  - one folder a class, with PNG and JPEG images, and train, val and test above the classes where there are
    splits (torchvision's ImageFolder);
  - or the binary files of CIFAR-10 or CIFAR-100;
  - or the four idx files of an MNIST-like set, plain or gzipped.

Without --size, all images must have the same size. With --size S (%d at most), the short side is
brought to S and the S x S centre kept. A bad image stops the import, unless --skip-bad leaves it
out.`, dataset.MaxSize),
		Example: `  sslx data import cifar10.tar.gz
  sslx data import ~/photos --name photos --size 64 --skip-bad`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("size") && (f.size <= 0 || f.size > dataset.MaxSize) {
				return usage.Errorf("--size is %d: it must be from 1 to %d", f.size, dataset.MaxSize)
			}
			return a.dataImport(cmd.Context(), args[0], f)
		},
	}
	cmd.Flags().StringVar(&f.name, "name", "", "name of the set; that of the source when left out")
	cmd.Flags().IntVar(&f.size, "size", 0, "side in pixels that images are brought to; their own when left out")
	cmd.Flags().BoolVar(&f.skipBad, "skip-bad", false, "leave out images that cannot be decoded, and count them")
	jsonFlag(cmd, &f.json)
	return cmd
}

func (a *app) dataImport(ctx context.Context, source string, f importFlags) error {
	var report dataset.Report
	err := a.work(func(opt sslx.Options) (err error) {
		_, report, err = dataset.Import(ctx, source, dataset.ImportOptions{Name: f.name, Size: f.size, SkipBad: f.skipBad,
			Progress: func(done, total int64) {
				opt.Progress(sslx.Progress{Phase: "import " + source, Done: done, Total: total})
			}})
		return err
	})
	if err != nil {
		return err
	}
	if f.json {
		return a.printJSON(report)
	}
	return a.printImport(report)
}

// printImport says what an import did, and on stderr what it left out.
func (a *app) printImport(r dataset.Report) error {
	how := "packed in " + r.Elapsed.Round(time.Second/10).String()
	if r.Reused {
		how = "was packed already"
	}
	t := table{left: 2}
	t.add("set", fmt.Sprintf("%s (%s), %s", r.Name, r.Kind, how))
	t.add("pack", r.Pack)
	t.add("images", fmt.Sprintf("%s, %s; %s", sizeText(r.Height, r.Width), r.Resize, splitsText(r.Splits)))
	t.add("tasks", tasksText(r.Tasks))
	t.add("mean", fmt.Sprintf("%.6f %.6f %.6f", r.Mean[0], r.Mean[1], r.Mean[2]))
	t.add("std", fmt.Sprintf("%.6f %.6f %.6f", r.Std[0], r.Std[1], r.Std[2]))
	for _, note := range r.Notes {
		t.add("note", note)
	}
	if len(r.Skipped) > 0 {
		t.add("left out", fmt.Sprintf("%d bad images", len(r.Skipped)))
	}
	for i, s := range r.Skipped {
		if i == 10 {
			a.warn(fmt.Sprintf("and %d more, which --json lists", len(r.Skipped)-i))
			break
		}
		a.warn(fmt.Sprintf("left out %s: %s", s.Name, s.Reason))
	}
	return t.print(a.stdout)
}
