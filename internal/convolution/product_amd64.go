package convolution

import "golang.org/x/sys/cpu"

// Available reports whether this processor has what the kernels need, AVX-512.
func Available() bool { return cpu.X86.HasAVX512F }

// tile12 computes a tile of 12 rows.
//
//go:noescape
func tile12(t *tile)

// tile4 computes a tile of 4 rows.
//
//go:noescape
func tile4(t *tile)

// spread computes what products take of the pixels of a tile.
//
//go:noescape
func spread(t *transform)

// gather computes the outputs of a tile.
//
//go:noescape
func gather(t *transform)

// scatter computes what products take of the outputs of a tile, for the gradient to a kernel: the transpose of gather.
//
//go:noescape
func scatter(t *transform)

// pause tells the processor that a thread waits for another one.
func pause()
