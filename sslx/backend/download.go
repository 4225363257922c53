package backend

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path"
	"syscall"
	"time"
)

// stallLimit is how long a download may go without a byte before it is given up.
const stallLimit = time.Minute

// checksumError says that a download is whole but not the file that is pinned.
type checksumError struct{ item, got, want string }

func (e *checksumError) Error() string {
	return fmt.Sprintf("wrong checksum of %s (sha256 %s, expected %s): the file was altered on its way or at its "+
		"source; nothing was installed", e.item, e.got, e.want)
}

// fetch downloads url into w and returns its size in bytes. When want is not empty it is the sha256 (hex) that the
// content must have.
func fetch(ctx context.Context, url, want string, w io.Writer, progress Progress) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	// The whole may take long on a slow line; only silence ends it.
	stalled := time.AfterFunc(stallLimit, func() { cancel(fmt.Errorf("nothing came for %v", stallLimit)) })
	defer stalled.Stop()
	item := path.Base(url)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("cannot download %s: %w", item, cause(ctx, err))
	}
	defer func() { _ = response.Body.Close() }()

	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("cannot download %s: the server answers %q", item, response.Status)
	}

	// The length is -1 where the server does not say it.
	total := max(response.ContentLength, 0)
	var done int64
	body := readerFunc(func(p []byte) (int, error) {
		n, err := response.Body.Read(p)
		stalled.Reset(stallLimit)
		done += int64(n)
		if progress != nil {
			progress(item, done, total)
		}
		if err != nil && err != io.EOF {
			err = fmt.Errorf("the download of %s broke off after %d of %d bytes: %w", item, done, total,
				cause(ctx, err))
		}
		return n, err
	})

	// Summed on the way, so that the file is not read twice.
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, sum), body); err != nil {
		return done, err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); want != "" && got != want {
		return done, &checksumError{item, got, want}
	}
	return done, nil
}

// cause returns why ctx was ended, or err while it was not.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	return err
}

// explain turns a failed installation into one sentence that says what to do.
func explain(doing, folder string, err error) error {
	// The order counts: a full disk is an error of the disk too, and a canceled download looks like a lost network.
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("stopped before the XLA plugin was installed: %w", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("cannot %s: no space left in %s: free 400 MB there, or set $%s to a folder with room: %w",
			doing, folder, FolderEnv, err)
	case isDisk(err):
		return fmt.Errorf("cannot %s: %s cannot be written: change its permissions, or set $%s to another folder: %w",
			doing, folder, FolderEnv, err)
	case isNetwork(err):
		return fmt.Errorf("cannot %s: no network (%w): connect and try again, or copy the plugin from another machine "+
			"into %s", doing, network(err), folder)
	}
	return fmt.Errorf("cannot %s: %w", doing, err)
}

// isDisk reports whether err comes from the file system: another source of the plugin would not help.
func isDisk(err error) bool {
	var path *fs.PathError
	return errors.As(err, &path) && !errors.Is(err, fs.ErrNotExist) ||
		errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// isNetwork reports whether err says that the other side was not reached.
func isNetwork(err error) bool { return network(err) != nil }

// network returns the part of err that says why the other side was not reached, nil when that is not the reason.
func network(err error) error {
	var name *net.DNSError
	if errors.As(err, &name) {
		return name
	}

	// Dialing alone: a connection that breaks later was no lack of a network.
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") {
		return op
	}

	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() {
		return slow
	}
	return nil
}
