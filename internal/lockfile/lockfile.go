// Package lockfile locks files against other processes by flock(2). A lock file is opened without following a
// symbolic link, must be a regular file, and is written through the descriptor that holds the lock, so that a file
// put in its place is never touched.
package lockfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Lock is an open lock file, locked or not.
type Lock struct {
	path string
	file *os.File
}

// Open opens the lock file at path for reading and writing, and makes it where there is none, with the permissions of
// the process's umask: others may share a folder. Anything else than a regular file is refused.
func Open(path string) (*Lock, error) { return open(path, os.O_RDWR|os.O_CREATE) }

// OpenShared opens the lock file at path, which must exist, to read it and to take shared locks.
func OpenShared(path string) (*Lock, error) { return open(path, os.O_RDONLY) }

func open(path string, flag int) (*Lock, error) {
	// A pipe that nobody writes to would block without O_NONBLOCK.
	file, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o666)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%s is a symbolic link: a lock must be a file of its own", path)
	}
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no regular file: a lock must be one", path)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Lock{path, file}, nil
}

// TryLock takes the lock, unless another process has it. It is not ok either when the file at the path is no longer
// the one that was opened: then the lock protects nothing, and must be opened again.
func (l *Lock) TryLock() (ok bool, err error) {
	if ok, err = l.flock(syscall.LOCK_EX); !ok {
		return false, err
	}
	return l.Current()
}

// TryRLock takes a shared lock, unless another process has the lock.
func (l *Lock) TryRLock() (ok bool, err error) { return l.flock(syscall.LOCK_SH) }

func (l *Lock) flock(how int) (ok bool, err error) {
	err = l.control(func(fd int) error {
		for {
			// A signal interrupts the call.
			if err := syscall.Flock(fd, how|syscall.LOCK_NB); !errors.Is(err, syscall.EINTR) {
				return err
			}
		}
	})
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, &fs.PathError{Op: "lock", Path: l.path, Err: err}
	}
	return true, nil
}

// control calls f with the descriptor, which is not closed meanwhile.
func (l *Lock) control(f func(fd int) error) (err error) {
	connection, err := l.file.SyscallConn()
	if err != nil {
		return err
	}
	outer := connection.Control(func(fd uintptr) { err = f(int(fd)) })
	return errors.Join(outer, err)
}

// Current reports whether the file at the path of the lock is the one that was opened: it was not removed, and its
// folder was not renamed.
func (l *Lock) Current() (bool, error) {
	mine, err := l.file.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Lstat(l.path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(mine, there), nil
}

// Read returns what the file holds, and when it was last written or touched.
func (l *Lock) Read() (text []byte, at time.Time, err error) {
	info, err := l.file.Stat()
	if err != nil {
		return nil, at, err
	}
	text = make([]byte, min(info.Size(), 1<<16)) // nobody writes more
	n, err := l.file.ReadAt(text, 0)
	// The last byte may come with io.EOF.
	if n == len(text) {
		err = nil
	}
	return text[:n], info.ModTime(), err
}

// Write replaces what the file holds.
func (l *Lock) Write(text []byte) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt(text, 0)
	return err
}

// Touch sets the time of the file: a sign of life.
func (l *Lock) Touch(now time.Time) error {
	at := syscall.NsecToTimeval(now.UnixNano())
	return l.control(func(fd int) error { return syscall.Futimes(fd, []syscall.Timeval{at, at}) })
}

// Close gives the lock up. It may be called twice.
func (l *Lock) Close() error {
	if err := l.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}
