package embedding

import (
	"math"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

// TestUnfolding_ConvolvesAsTheBackend compares with the backend's own convolution.
func TestUnfolding_ConvolvesAsTheBackend(t *testing.T) {
	own := testbackend.PureGo(t)
	first := compute.ConvolveAxesConfig{InputChannels: 1, InputSpatial: []int{2, 3}, KernelInputChannels: 1,
		KernelSpatial: []int{2, 3}, OutputChannels: 1, OutputSpatial: []int{2, 3}}
	last := compute.ConvolveAxesConfig{InputChannels: 3, InputSpatial: []int{1, 2}, KernelInputChannels: 2,
		KernelOutputChannels: 3, KernelSpatial: []int{0, 1}, OutputChannels: 3, OutputSpatial: []int{1, 2}}

	for _, c := range []struct {
		axes            compute.ConvolveAxesConfig
		images, kernel  []int
		strides         []int
		padding         [][2]int
		dilation, group int
	}{
		{first, []int{2, 3, 7, 8}, []int{4, 3, 3, 3}, []int{1, 1}, [][2]int{{1, 1}, {1, 1}}, 1, 1},
		{first, []int{1, 2, 9, 9}, []int{5, 2, 3, 2}, []int{2, 3}, [][2]int{{2, 0}, {0, 1}}, 1, 1},
		{last, []int{2, 8, 7, 4}, []int{3, 3, 4, 6}, []int{2, 2}, [][2]int{{1, 1}, {1, 1}}, 1, 1},
		{last, []int{1, 5, 5, 4}, []int{1, 1, 4, 3}, []int{1, 1}, nil, 1, 1},
		{first, []int{1, 4, 6, 6}, []int{4, 2, 3, 3}, []int{1, 1}, [][2]int{{1, 1}, {1, 1}}, 1, 2},
		{first, []int{1, 2, 8, 8}, []int{3, 2, 3, 3}, []int{1, 1}, [][2]int{{2, 2}, {2, 2}}, 2, 1},
	} {
		convolution := func(images, kernel *Node) *Node {
			conv := Convolve(images, kernel).AxesConfig(c.axes).StridePerAxis(c.strides...).
				DilationPerAxis(c.dilation, c.dilation).ChannelGroupCount(c.group)
			if c.padding != nil {
				conv = conv.PaddingPerDim(c.padding)
			}
			return conv.Done()
		}
		var results [2][]float32
		for i, b := range []compute.Backend{own, unfolding{own}} {
			out, err := ExecOnce(b, convolution, numbered(c.images), numbered(c.kernel))
			if err != nil {
				t.Fatal(err)
			}
			results[i] = append(tensors.MustCopyFlatData[float32](out), shapeOf(out)...)
		}
		for i, want := range results[0] {
			if len(results[1]) != len(results[0]) || math.Abs(float64(results[1][i]-want)) > 1e-4 {
				t.Errorf("%+v: %v, want %v", c, results[1], results[0])
				break
			}
		}
	}
}

// numbered returns a tensor of dimensions whose elements are small and differ.
func numbered(dims []int) *tensors.Tensor {
	x := tensors.FromScalarAndDimensions(float32(0), dims...)
	tensors.MustMutableFlatData(x, func(flat []float32) {
		for i := range flat {
			flat[i] = float32(i*7919%101)/50 - 1
		}
	})
	return x
}

// shapeOf returns the dimensions of a tensor as numbers to compare.
func shapeOf(x *tensors.Tensor) (dims []float32) {
	for _, d := range x.Shape().Dimensions {
		dims = append(dims, float32(d))
	}
	return dims
}
