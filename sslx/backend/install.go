package backend

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/sslx-go/lab/internal/usage"
)

// Progress follows a download: item names it, done and total count bytes, and total is 0 while it is not known.
type Progress func(item string, done, total int64)

// Install puts a PJRT plugin into the first plugin folder (see [FolderEnv]) and returns its path. which is "cpu",
// "cuda12" or "cuda13". A plugin that is there and whole is kept; a damaged one is replaced.
//
// The CPU plugin (63 MB to fetch, 260 MB on disk) is the wheel xla-cpu-pjrt on PyPI, checked against a pinned sha256;
// where that cannot be had, it is the release that go-xla installs, which no checksum guards. It is written beside,
// synced and renamed: a failure or a cancelled ctx leaves nothing, and of two processes one installs and the other
// waits. Errors are one sentence each: no network, wrong checksum, broken download, no space left.
// The CUDA plugins and NVIDIA's libraries (about 3 GB) come through go-xla's installer, which shows progress of its
// own and cannot be interrupted: cancelling ctx returns at once, while it goes on until the process ends.
func Install(ctx context.Context, which string, progress Progress) (string, error) {
	folders, err := pluginFolders("")
	if err != nil {
		return "", err
	}
	return installInto(ctx, which, folders[0], progress)
}

func installInto(ctx context.Context, which, folder string, progress Progress) (string, error) {
	known := []string{cpu, "cuda12", "cuda13"}
	switch {
	case which != cpu && which != known[1] && which != known[2]:
		return "", usage.Unknown("plugin", which, known)
	case !builtWithXLA:
		return "", errNoXLA
	}
	unlock, err := lock(ctx, folder)
	if err != nil {
		return "", explain("install the XLA plugin", folder, err)
	}
	defer unlock()
	if which != cpu {
		return installCUDA(ctx, which, folder)
	}
	in := cpuInstaller{folder: folder, pin: pins[platform()], wheel: wheelURL, release: releaseURL, progress: progress}
	return in.install(ctx)
}

// lock takes the folder's lock, creating the folder, or waits until another process has given it back.
func lock(ctx context.Context, folder string) (unlock func(), err error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	l := flock.New(filepath.Join(folder, ".sslx-install.lock"))
	if _, err := l.TryLockContext(ctx, 100*time.Millisecond); err != nil {
		return nil, err
	}
	return func() { _ = l.Unlock() }, nil
}
