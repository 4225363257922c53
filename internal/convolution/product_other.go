//go:build !amd64

package convolution

// Available reports whether this processor has what the kernels need, AVX-512.
func Available() bool { return false }

func tile12(*tile) { panic("convolution is not available") }

func tile4(*tile) { panic("convolution is not available") }

func spread(*transform) { panic("convolution is not available") }

func gather(*transform) { panic("convolution is not available") }

func scatter(*transform) { panic("convolution is not available") }

func pause() { panic("convolution is not available") }
