//go:build !(linux || darwin || freebsd)

package backend

import (
	"errors"
	"io/fs"
)

func freeDisk(string) (uint64, error) { return 0, errors.ErrUnsupported }

func inode(fs.FileInfo) uint64 { return 0 }
