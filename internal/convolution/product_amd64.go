package convolution

import "golang.org/x/sys/cpu"

// Available reports whether this processor has what the kernels need, AVX-512.
func Available() bool { return cpu.X86.HasAVX512F }

// AvailableBFloat16 reports whether it has what those for bfloat16 need, too.
func AvailableBFloat16() bool { return Available() && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512BF16 }

// tile12 computes a tile of 12 rows.
//
//go:noescape
func tile12(t *tile)

// tile4 computes a tile of 4 rows.
//
//go:noescape
func tile4(t *tile)

// pairs12 and pairs4 compute tiles of 12 and of 4 rows of products of pairs.
//
//go:noescape
func pairs12(t *tile)

//go:noescape
func pairs4(t *tile)

// spread computes what products take of the pixels of a tile. SpreadRounded writes it in bfloat16, and spreadSecond in
// pairs with what spread wrote of the tile before.
//
//go:noescape
func spread(t *transform)

//go:noescape
func spreadRounded(t *transform)

//go:noescape
func spreadSecond(t *transform)

// gather computes the outputs of a tile. GatherRounded writes them in bfloat16, without bias, plus and floor.
//
//go:noescape
func gather(t *transform)

//go:noescape
func gatherRounded(t *transform)

// scatter computes what products take of the outputs of a tile, for the gradient to a kernel: the transpose of gather.
// ScatterSecond writes it in pairs with what scatter wrote of the tile before.
//
//go:noescape
func scatter(t *transform)

//go:noescape
func scatterSecond(t *transform)

// sumFloats sums up rows of a, and sumProducts the products of a and b. SumRounded and sumRoundedProducts take numbers
// in bfloat16, and sumMixedProducts those of b.
//
//go:noescape
func sumFloats(s *columnSum)

//go:noescape
func sumProducts(s *columnSum)

//go:noescape
func sumRounded(s *columnSum)

//go:noescape
func sumRoundedProducts(s *columnSum)

//go:noescape
func sumMixedProducts(s *columnSum)

// bend computes what products take of the taps of a kernel. BendSecond writes it in pairs with what bend wrote.
//
//go:noescape
func bend(t *transform)

//go:noescape
func bendSecond(t *transform)

// round sets n numbers in bfloat16 to others, and pair n pairs to numbers of a and b. N is a multiple of 16.
//
//go:noescape
func round(to, from *float32, n int)

//go:noescape
func pair(to, a, b *float32, n int)

// pause tells the processor that a thread waits for another one.
func pause()
