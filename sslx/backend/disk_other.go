//go:build !(linux || darwin || freebsd)

package backend

import "errors"

func freeDisk(string) (uint64, error) { return 0, errors.ErrUnsupported }
