package backend

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/sslx-go/lab/internal/atomicfile"
)

// cpuInstaller installs the CPU plugin; the folder is locked while it works.
type cpuInstaller struct {
	folder         string
	pin            pin // zero where PyPI has no wheel for the platform
	wheel, release func(context.Context) (url string, err error)
	progress       Progress
}

func (in cpuInstaller) install(ctx context.Context) (string, error) {
	path := filepath.Join(in.folder, pluginFile(cpu))
	if in.whole(path) {
		return path, nil
	}
	const doing = "install the XLA CPU plugin"
	err := in.fromWheel(ctx, path)
	if err == nil {
		return path, nil
	}
	var wrong *checksumError
	if ctx.Err() != nil || errors.As(err, &wrong) || isDisk(err) {
		return "", explain(doing, in.folder, err)
	}
	fallback := in.fromRelease(ctx, path)
	switch {
	case fallback == nil:
		return path, nil
	case ctx.Err() != nil || isDisk(fallback):
		err = fallback
	case !isNetwork(fallback):
		err = fmt.Errorf("%v; and go-xla's release: %w", err, fallback)
	}
	return "", explain(doing, in.folder, err)
}

// whole reports whether path holds the pinned plugin, or, where none is pinned, a library that can be loaded.
func (in cpuInstaller) whole(path string) bool {
	if in.pin.library == "" {
		return checkLibrary(path) == nil
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	_, err = io.Copy(sum, file)
	return err == nil && hex.EncodeToString(sum.Sum(nil)) == in.pin.library
}

func (in cpuInstaller) fromWheel(ctx context.Context, path string) error {
	if in.pin.wheel == "" {
		return fmt.Errorf("PyPI has no plugin for %s", platform())
	}
	url, err := in.wheel(ctx)
	if err != nil {
		return err
	}
	return in.fetched(ctx, url, in.pin.wheel, func(archive *os.File, size int64) error {
		z, err := zip.NewReader(archive, size)
		if err != nil {
			return err
		}
		library, err := z.Open(wheelLibrary)
		if err != nil {
			return err
		}
		defer func() { _ = library.Close() }()
		return place(ctx, path, library)
	})
}

func (in cpuInstaller) fromRelease(ctx context.Context, path string) error {
	url, err := in.release(ctx)
	if err != nil {
		return err
	}
	return in.fetched(ctx, url, "", func(archive *os.File, _ int64) error {
		unpacked, err := gzip.NewReader(archive)
		if err != nil {
			return err
		}
		files := tar.NewReader(unpacked)
		for {
			header, err := files.Next()
			if err != nil {
				return fmt.Errorf("no plugin in %s: %w", url, err)
			}
			base := filepath.Base(header.Name)
			if header.Typeflag == tar.TypeReg && strings.HasPrefix(base, "pjrt_c_api_cpu_") {
				return place(ctx, path, files)
			}
		}
	})
}

// fetched downloads url to a temporary file in the folder, gives it to use, and removes it.
func (in cpuInstaller) fetched(ctx context.Context, url, sum string, use func(*os.File, int64) error) error {
	const pattern = ".sslx-download-*"
	stale, _ := filepath.Glob(filepath.Join(in.folder, pattern))
	for _, name := range stale {
		_ = os.Remove(name)
	}
	file, err := os.CreateTemp(in.folder, pattern)
	if err != nil {
		return err
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}()
	size, err := fetch(ctx, url, sum, file, in.progress)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return use(file, size)
}

// place writes the library to path, whole or not at all.
func place(ctx context.Context, path string, library io.Reader) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.Copy(w, readerFunc(func(p []byte) (int, error) {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			return library.Read(p)
		}))
		return err
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
