package plots

// images returns n RGB images of the given size, each of one value.
func images(n, height, width int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = make([]byte, height*width*3)
		for k := range out[i] {
			out[i][k] = byte(40 + 10*i)
		}
	}
	return out
}
