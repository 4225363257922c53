//go:build !amd64

package resample

// vectors is false: processors other than amd64 have the Go code alone.
var vectors = false

func columnVectors(dst, src []byte, l *Line) {}

func rowVectors(dst, src []byte, weights []uint32) {}
