//go:build !amd64

package jpeg

// vectors is false: processors other than amd64 have the Go code alone.
var vectors = false

func inverse8Vectors(b *[64]int32, dst []byte, stride int) {}

func paintVectors(dst, y, cb, cr []byte) {}

func sumVectors(sums []int16, near, far []byte) {}

func widenVectors(out []byte, sums []int16) {}
