package backend

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
)

// Progress follows a download: item names it, done and total count bytes, and total is 0 while it is not known.
type Progress func(item string, done, total int64)

// InstallOptions are the options of [Install]. The zero value installs quietly into the first plugin folder.
type InstallOptions struct {
	// Folder to install into; "" is the first plugin folder, see [FolderEnv].
	Folder string
	// Pinned allows only plugins whose checksum is pinned in this package.
	Pinned bool
	// Progress, when not nil, follows a download.
	Progress Progress
	// Warn receives a sentence when a plugin was installed that no checksum guards; nil writes it to standard error.
	Warn func(sentence string)
}

// Install puts a PJRT plugin into a plugin folder and returns its path. which is "cpu", "cuda12" or "cuda13". A plugin
// that is there and whole is kept; a damaged one is replaced.
//
// The CPU plugin (63 MB to fetch, 260 MB on disk) is the wheel xla-cpu-pjrt on PyPI, checked against a pinned sha256.
// Where PyPI cannot be reached, it is the release that go-xla installs, which no checksum guards: Install warns of it.
// The file is written to a temporary one in the folder, synced and renamed. A failure or a canceled ctx leaves nothing,
// and of two processes one installs while the other waits. Errors are one sentence each: no network, wrong checksum,
// broken download, no space left.
//
// The CUDA plugins and NVIDIA's libraries (about 3 GB) come through go-xla's installer, which shows progress of its own
// and cannot be interrupted: canceling ctx returns at once, and the installer ends with the process. The plugin's
// version and checksum are pinned; NVIDIA's libraries are compared with the checksums that PyPI publishes.
func Install(ctx context.Context, which string, opt InstallOptions) (string, error) {
	known := []string{cpu, "cuda12", "cuda13"}
	switch {
	case !slices.Contains(known, which):
		return "", usage.Unknown("plugin", which, known)
	case !builtWithXLA:
		return "", errNoXLA
	}

	if opt.Warn == nil {
		opt.Warn = warn
	}
	folder := opt.Folder
	if folder == "" {
		folders, err := pluginFolders("")
		if err != nil {
			return "", err
		}
		folder = folders[0]
	}

	// Of two processes, the second waits here and then finds the plugin whole.
	unlock, err := lock(ctx, folder)
	if err != nil {
		return "", explain("install the XLA plugin", folder, err)
	}
	defer unlock()

	if which != cpu {
		return installCUDA(ctx, which, folder)
	}
	in := cpuInstaller{folder: folder, pin: pins[platform()], wheel: wheelURL, release: releaseURL,
		progress: opt.Progress, warn: opt.Warn}

	// The release is the only source without a checksum.
	if opt.Pinned {
		in.release = nil
	}
	return in.install(ctx)
}

// lock takes the folder's lock, creating the folder, or waits until another process has given it back.
func lock(ctx context.Context, folder string) (unlock func(), err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	l := flock.New(filepath.Join(folder, ".sslx-install.lock"), flock.SetPermissions(0o666))
	if _, err := l.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return nil, err
	}
	return func() { _ = l.Unlock() }, nil
}

// cpuInstaller installs the CPU plugin; the folder is locked while it works.
type cpuInstaller struct {
	folder         string
	pin            pin                                           // zero where PyPI has no wheel for the platform
	wheel, release func(context.Context) (url string, err error) // without release, only the wheel serves
	progress       Progress
	warn           func(sentence string)
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

	// A wrong checksum is never answered with a file that has none, and a full disk would fail again.
	if ctx.Err() != nil || errors.As(err, &wrong) || isDisk(err) || in.release == nil {
		return "", explain(doing, in.folder, err)
	}

	// PyPI has no wheel, or it cannot be reached.
	fallback := in.fromRelease(ctx, path)
	switch {
	case fallback == nil:
		in.warn(fmt.Sprintf("the XLA CPU plugin is go-xla's release, which no checksum guards (%v)", err))
		return path, rememberRelease(path)
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
	sum, err := sumOf(path)
	return err == nil && sum == in.pin.library
}

func (in cpuInstaller) fromWheel(ctx context.Context, path string) error {
	if in.pin.wheel == "" {
		return fmt.Errorf("PyPI has no plugin for %s", platform())
	}
	url, err := in.wheel(ctx)
	if err != nil {
		return err
	}

	// The checksum is the wheel's, and so covers the library in it.
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

			// The name ends in a version that is not known here.
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

	// A killed process left its download. The folder is locked, so nobody writes to it now.
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
