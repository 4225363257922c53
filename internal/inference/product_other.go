//go:build !amd64

package inference

// Available reports whether this processor has what the kernels need, AVX-512.
func Available() bool { return false }

func tile12(*tile) { panic("inference is not available") }

func tile4(*tile) { panic("inference is not available") }

func spread(*transform) { panic("inference is not available") }

func gather(*transform) { panic("inference is not available") }
