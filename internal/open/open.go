// Package open opens what a long call needs, the backend and its data, and reports downloads and imports.
package open

import (
	"context"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/progress"
)

// Backend opens the compute backend, and installs its plugin when there is none.
func Backend(ctx context.Context, opt progress.Options) (*backend.Handle, error) {
	return backend.Open(ctx, backend.Options{
		Warn: func(sentence string) { opt.Warnf("%s", sentence) },
		Progress: func(item string, done, total int64) {
			opt.Report("install "+item, done, total, "")
		},
	})
}

// Data opens a data set whose images have the given side (0: their own), and imports it when that was not done. With
// the fingerprint that a run recorded, it is the run's own data while their pack is in the cache, whatever the name or
// the relative path means now and here.
func Data(ctx context.Context, name string, size int, fingerprint string, opt progress.Options) (*dataset.Set, error) {
	return RunData(ctx, name, size, fingerprint, "", opt)
}

// RunData is Data for a set that is called as in the record of a run, unless that is "".
func RunData(ctx context.Context, name string, size int, fingerprint, called string,
	opt progress.Options) (*dataset.Set, error) {
	return dataset.Locate(ctx, name, dataset.LocateOptions{Size: size, Fingerprint: fingerprint, Name: called,
		Progress: opt.Counter("import " + name), Warn: func(sentence string) { opt.Warnf("%s", sentence) }})
}
