//go:build !amd64

package convolution

// Available reports whether this processor has what the kernels need, AVX-512.
func Available() bool { return false }

// AvailableBFloat16 reports whether it has what those for bfloat16 need, too.
func AvailableBFloat16() bool { return false }

func tile12(*tile) { panic("convolution is not available") }

func pairs12(*tile) { panic("convolution is not available") }

func pairs4(*tile) { panic("convolution is not available") }

func tile4(*tile) { panic("convolution is not available") }

func spread(*transform) { panic("convolution is not available") }

func spreadRounded(*transform) { panic("convolution is not available") }

func spreadSecond(*transform) { panic("convolution is not available") }

func gatherRounded(*transform) { panic("convolution is not available") }

func gather(*transform) { panic("convolution is not available") }

func scatter(*transform) { panic("convolution is not available") }

func scatterSecond(*transform) { panic("convolution is not available") }

func sumFloats(*columnSum) { panic("convolution is not available") }

func sumProducts(*columnSum) { panic("convolution is not available") }

func sumRounded(*columnSum) { panic("convolution is not available") }

func sumMixedProducts(*columnSum) { panic("convolution is not available") }

func sumRoundedProducts(*columnSum) { panic("convolution is not available") }

func bend(*transform) { panic("convolution is not available") }

func bendSecond(*transform) { panic("convolution is not available") }

func round(_, _ *float32, _ int) { panic("convolution is not available") }

func pair(_, _, _ *float32, _ int) { panic("convolution is not available") }

func pause() { panic("convolution is not available") }
