package backend

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"
)

// explain turns a failed installation into one sentence that says what to do.
func explain(doing, folder string, err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("stopped before the XLA plugin was installed: %w", err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("cannot %s: no space left in %s: free 400 MB there, or set $%s to a folder with room: %w",
			doing, folder, FolderEnv, err)
	case isDisk(err):
		return fmt.Errorf("cannot %s: %s cannot be written: mend its permissions, or set $%s to another folder: %w",
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
