//go:build cgo && linux && amd64

package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gomlx/go-xla/installer"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// installCUDA installs NVIDIA's libraries and then the plugin, so that a plugin in place means a whole installation;
// what an interrupted one left is removed by the next. The folder is locked.
func installCUDA(ctx context.Context, which, folder string) (string, error) {
	path := filepath.Join(folder, "nvidia", pluginFile(cuda))
	// The folder where go-xla puts the libraries of this CUDA version.
	mark := map[string]string{"cuda12": "cuda_nvcc", "cuda13": "cu13"}[which]
	pinned := []string{cudaPins[which].library}
	whole := func() error { return errors.Join(checkLibrary(path), checkSum(path, pinned)) }
	if _, err := os.Stat(filepath.Join(folder, "nvidia", mark)); err == nil && whole() == nil {
		return path, nil
	}

	_, err := await(ctx, func() (string, error) {
		err := withoutStdout(func() error {
			return installer.CudaInstall(which, cudaVersion, folder, true, installer.Quiet)
		})
		if err == nil {
			err = whole()
		}
		if err != nil {
			// Half of an installation would be found, and loaded, next time.
			removeParts(folder)
		}
		return path, err
	})
	if err != nil {
		return "", explain("install the XLA plugin for "+which, folder, err)
	}
	return path, nil
}

// removeParts removes what a failed installation left in the folder, and unfinished downloads in go-xla's cache.
func removeParts(folder string) {
	_ = os.RemoveAll(filepath.Join(folder, "nvidia"))
	cache, err := os.UserCacheDir()
	if err != nil {
		return
	}
	parts, _ := filepath.Glob(filepath.Join(cache, "go-xla", "*.whl.tmp"))
	for _, part := range parts {
		_ = os.Remove(part)
	}
}

// withoutStdout runs f while what is written to file descriptor 1 goes to standard error when that is a terminal, and
// nowhere otherwise: go-xla's installer draws on standard output, where a command's result belongs.
func withoutStdout(f func() error) error {
	kept, err := unix.FcntlInt(1, unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return fmt.Errorf("cannot set standard output aside: %w", err)
	}
	defer func() {
		_ = unix.Dup3(kept, 1, 0)
		_ = unix.Close(kept)
	}()

	// Somebody at a terminal sees the progress on standard error; a log stays free of it.
	instead := 2
	if !term.IsTerminal(2) {
		null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer func() { _ = null.Close() }()
		instead = int(null.Fd())
	}
	if err := unix.Dup3(instead, 1, 0); err != nil {
		return err
	}
	return f()
}
