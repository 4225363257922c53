//go:build linux || darwin || freebsd

package backend

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// freeDisk returns the bytes that an ordinary user can still write where folder lies.
func freeDisk(folder string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}

// inode returns the number of a file in its file system.
func inode(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}
