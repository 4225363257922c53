//go:build linux || darwin || freebsd

package backend

import "golang.org/x/sys/unix"

// freeDisk returns the bytes that an ordinary user can still write where folder lies.
func freeDisk(folder string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}
