// Package open opens what a long call needs, the back end and its data, and reports downloads and imports.
package open

import (
	"context"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/progress"
)

// Backend opens the compute back end, and installs its plugin when there is none.
func Backend(ctx context.Context, opt progress.Options) (*backend.Handle, error) {
	return backend.Open(ctx, backend.Options{
		Warn: func(sentence string) { opt.Warnf("%s", sentence) },
		Progress: func(item string, done, total int64) {
			opt.Report("install "+item, done, total, "")
		},
	})
}

// Data opens a data set whose images have the given side (0: their own), and imports it when that was not done.
func Data(ctx context.Context, name string, size int, opt progress.Options) (*dataset.Set, error) {
	return dataset.Locate(ctx, name, dataset.LocateOptions{Size: size, Progress: opt.Counter("import " + name)})
}
