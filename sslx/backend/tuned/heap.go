//go:build cgo && linux && (amd64 || arm64)

package tuned

// A package can have C files, here heap.c, only if one of its Go files imports C.

import "C"
