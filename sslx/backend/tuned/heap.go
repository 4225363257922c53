//go:build cgo && linux && (amd64 || arm64)

package tuned

// A package can have C files, here heap.c, only if one of its Go files imports C. Before version 2.34 of glibc, dlsym
// was in a library of its own.

// #cgo LDFLAGS: -ldl
import "C"
