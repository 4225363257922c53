package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
)

// Import is the benchmark of imports: a folder of images becomes a pack on the disk, with images of one size. Peers
// read the same files and bring them to the same size in memory. A unit of work is the whole folder.
type Import struct {
	Set    string `json:"set"` // the name of the folder
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"` // of a file, on average
	Size   int    `json:"size"`  // height and width that images are brought to; 0 is their own
	Cores  int    `json:"cores"`
	Folder string `json:"folder,omitempty"` // that all programs read, CLASS/FILE; not part of the result
}

// NewImport returns the benchmark of a folder of images in one or more class folders.
func NewImport(folder string, size int) *Import {
	return &Import{Set: filepath.Base(folder), Size: size, Cores: runtime.NumCPU(), Folder: folder}
}

// Check returns an error of package usage when a value of the benchmark or of the options is out of range.
func (i *Import) Check(opt Options) error {
	if i.Folder == "" {
		return usage.About("folder", "there is no folder to import: name one with images in class folders")
	}
	if i.Size < 0 || i.Size > dataset.MaxSize {
		return usage.Errorf("size %d is out of range: it must be from 1 to %d, or 0 for the images' own", i.Size,
			dataset.MaxSize)
	}
	return opt.check("import")
}

// Run measures images a second.
func (i *Import) Run(ctx context.Context, h *backend.Handle, opt Options) (result Result, err error) {
	if err := i.Check(opt); err != nil {
		return result, err
	}
	if err := i.count(); err != nil {
		return result, err
	}
	cache, err := os.MkdirTemp("", "sslx-bench-")
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(cache)) }()

	opt.report("import", 0, 0)
	ours := importer{Import: i, cache: cache}
	first, err := ours.Run(ctx, 1)
	if err != nil {
		return result, err
	}
	config := *i
	result, err = measure(ctx, h, benchmark{what: "import", unit: "images/s", config: &config, items: float64(i.Files),
		ours: ours, first: first}, opt)
	config.Folder = "" // which says nothing on another machine
	return result, err
}

// count finds the number of files and their length.
func (i *Import) count() error {
	i.Files, i.Bytes = 0, 0
	err := filepath.WalkDir(i.Folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			i.Files++
			i.Bytes += info.Size()
		}
		return err
	})
	if err != nil || i.Files == 0 {
		return usage.About("folder", "folder %s holds no images: name one with images in class folders", i.Folder)
	}
	i.Bytes /= int64(i.Files)
	return nil
}

// importer imports the folder again and again, each time into an empty cache.
type importer struct {
	*Import
	cache string
}

// Run implements [runner].
func (i importer) Run(ctx context.Context, n int) (seconds float64, err error) {
	for range n {
		began := time.Now()
		_, report, err := dataset.Import(ctx, i.Folder, dataset.ImportOptions{Cache: i.cache, Name: "bench",
			Size: i.Size})
		if err != nil {
			return 0, fmt.Errorf("cannot import: %w", err)
		}
		seconds += time.Since(began).Seconds()

		if err := os.Remove(report.Pack); err != nil {
			return 0, err
		}
	}
	return seconds, nil
}
