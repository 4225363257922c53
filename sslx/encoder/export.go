package encoder

import (
	"fmt"
	"math"
	"slices"
)

// Exporter is an encoder that can be written as a graph of ONNX operators, in evaluation mode.
type Exporter interface {
	Encoder

	// Export adds the network to a graph for images [batch, channels, height, width], and returns the name of its
	// output, the representations [batch, Dim].
	Export(g Operators, images string, channels, height, width int) string
}

// Operators is a graph of ONNX operators that is being built. Names of its values are texts.
type Operators interface {
	// Add adds an operator of opset 17 and returns the name of its output. Attributes are int, float64, string or
	// []int.
	Add(operator string, attributes map[string]any, inputs ...string) string

	// Variable adds the values of a variable of the encoder, by its path, in the order of a tensor of another library
	// (see Tensor), or as they are for the zero Tensor.
	Variable(path string, as Tensor) string

	// Floats and Ints add constants; no shape is a scalar for Floats, and Ints are a list.
	Floats(values []float32, shape ...int) string
	Ints(values ...int) string

	// Values returns the values of a variable of the encoder.
	Values(path string) []float32
}

// attributes of an operator.
type attributes = map[string]any

// exporter adds layers to a graph.
type exporter struct{ Operators }

// convolution adds a convolution of a map of the given sides, padded as in Build, with its batch normalization.
func (g exporter) convolution(x string, c convolutionAt, height, width int) string {
	before := (c.size - 1) / 2
	after := func(length int) int { return max(0, (length-1)/c.stride*c.stride+c.size-before-length) }
	end, right := after(height), after(width)
	if c.size%2 == 1 { // padded alike on both sides
		end, right = before, before
	}
	kernel := g.Variable(c.scope+"/kernel", kernelTensor("", "", c.size, c.in, c.out))
	x = g.Add("Conv", attributes{"kernel_shape": []int{c.size, c.size}, "strides": []int{c.stride, c.stride},
		"pads": []int{before, before, end, right}}, x, kernel)
	inputs := []string{x}
	for _, name := range []string{"scale", "offset", "mean", "variance"} {
		inputs = append(inputs, g.Variable(c.scope+"/"+name, Tensor{}))
	}
	return g.Add("BatchNormalization", attributes{"epsilon": batchNormEpsilon}, inputs...)
}

// relu adds max(x, 0).
func (g exporter) relu(x string) string { return g.Add("Relu", nil, x) }

// pooled adds the mean over the pixels of maps.
func (g exporter) pooled(x string) string {
	return g.Add("Flatten", attributes{"axis": 1}, g.Add("GlobalAveragePool", nil, x))
}

// reduced returns a side of a map after a stride.
func reduced(side, stride int) int { return (side + stride - 1) / stride }

// Export adds the network to a graph; see [Exporter].
func (r ResNet) Export(g Operators, images string, channels, height, width int) string {
	return r.design().export(exporter{g}, images, channels, height, width)
}

// Export adds the network to a graph; see [Exporter].
func (r CIFARResNet) Export(g Operators, images string, channels, height, width int) string {
	return r.design().export(exporter{g}, images, channels, height, width)
}

// export adds what build builds.
func (r resNet) export(g exporter, x string, channels, height, width int) string {
	all := r.convolutions(channels)
	x = g.relu(g.convolution(x, all[0], height, width))
	height, width = reduced(height, all[0].stride), reduced(width, all[0].stride)
	if r.large {
		x = g.Add("MaxPool", attributes{"kernel_shape": []int{3, 3}, "strides": []int{2, 2},
			"pads": []int{1, 1, 1, 1}}, x)
		height, width = reduced(height, 2), reduced(width, 2)
	}

	// A block is its convolutions, and its shortcut's, if it has one.
	all = all[1:]
	for stage, count := range r.blocks {
		for i := range count {
			n := 2
			if r.bottleneck {
				n = 3
			}
			block, stride := all[:n], 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			all = all[n:]

			y, h, w := x, height, width
			for c, at := range block {
				if c > 0 {
					y = g.relu(y)
				}
				y = g.convolution(y, at, h, w)
				h, w = reduced(h, at.stride), reduced(w, at.stride)
			}

			shortcut := x
			switch {
			case len(all) > 0 && all[0].scope == fmt.Sprintf("stage%d_block%d/shortcut", stage, i):
				shortcut = g.convolution(x, all[0], height, width)
				all = all[1:]
			case stride > 1:
				missing := block[n-1].out - block[0].in
				shortcut = g.Add("Slice", nil, x, g.Ints(0, 0), g.Ints(math.MaxInt32, math.MaxInt32), g.Ints(2, 3),
					g.Ints(stride, stride))
				shortcut = g.Add("Pad", attributes{"mode": "constant"}, shortcut,
					g.Ints(0, missing/2, 0, 0, 0, missing-missing/2, 0, 0))
			}
			x, height, width = g.relu(g.Add("Add", nil, y, shortcut)), h, w
		}
	}
	return g.pooled(x)
}

// Export adds the network to a graph; see [Exporter].
func (c ConvNet) Export(operators Operators, x string, channels, height, width int) string {
	g := exporter{operators}
	layer := func(scope string, in, out, size, stride int) {
		x = g.convolution(x, convolutionAt{scope: scope, in: in, out: out, size: size, stride: stride}, height, width)
		height, width = reduced(height, stride), reduced(width, stride)
	}

	layer("stem", channels, c.Width, 4, 2)
	x = g.relu(x)
	for stage := 1; stage <= 2; stage++ {
		wide := c.Width << stage
		layer(fmt.Sprintf("down%d", stage), wide/2, wide, 3, 2)
		x = g.relu(x)
		shortcut := x
		layer(fmt.Sprintf("block%d/conv0", stage), wide, wide, 3, 1)
		x = g.relu(x)
		layer(fmt.Sprintf("block%d/conv1", stage), wide, wide, 3, 1)
		x = g.relu(g.Add("Add", nil, x, shortcut))
	}
	layer("last", 4*c.Width, c.Dim(), 3, 1)
	return g.pooled(g.relu(x))
}

// Export adds the network to a graph; see [Exporter].
func (v ViT) Export(operators Operators, x string, channels, height, width int) string {
	g, p, dim := exporter{operators}, v.Patch, v.Dim()
	rows, columns := height/p, width/p
	n := v.tokens() + rows*columns

	// Patches of whole pixels only: [batch, dim, rows, columns], then [batch, patches, dim].
	if rows*p != height || columns*p != width {
		x = g.Add("Slice", nil, x, g.Ints(0, 0), g.Ints(rows*p, columns*p), g.Ints(2, 3))
	}
	kernel := g.Variable("patches/kernel", v.Tensors(channels)[0])
	x = g.Add("Conv", attributes{"kernel_shape": []int{p, p}, "strides": []int{p, p}}, x, kernel,
		g.Variable("patches/bias", Tensor{}))
	x = g.Add("Reshape", nil, x, g.Ints(0, dim, -1))
	x = g.Add("Transpose", attributes{"perm": []int{0, 2, 1}}, x)
	if v.Pool == PoolToken {
		batch := g.Add("Gather", attributes{"axis": 0}, g.Add("Shape", nil, x), g.Ints(0))
		shape := g.Add("Concat", attributes{"axis": 0}, batch, g.Ints(1, dim))
		token := g.Add("Expand", nil, g.Floats(g.Values("token"), 1, 1, dim), shape)
		x = g.Add("Concat", attributes{"axis": 1}, token, x)
	}
	x = g.Add("Add", nil, x, g.Floats(v.positionsFor(g.Values("positions"), rows, columns), 1, n, dim))

	for i := range vitBlocks {
		block := fmt.Sprintf("block%d/", i)
		x = g.Add("Add", nil, x, g.attention(block, g.layerNorm(block+"norm0", x), n, dim))
		y := g.affine(block+"mlp0", g.layerNorm(block+"norm1", x))
		x = g.Add("Add", nil, x, g.affine(block+"mlp1", g.gelu(y)))
	}

	if v.Pool == PoolMean {
		x = g.Add("ReduceMean", attributes{"axes": []int{1}, "keepdims": 0}, x)
	} else {
		x = g.Add("Reshape", nil, g.Add("Slice", nil, x, g.Ints(0), g.Ints(1), g.Ints(1)), g.Ints(0, dim))
	}
	return g.layerNorm("norm", x)
}

// positionsFor returns the positions of a grid of patches, as Build interpolates them.
func (v ViT) positionsFor(values []float32, rows, columns int) []float32 {
	grid, dim := v.grid(), v.Dim()
	if rows == grid && columns == grid {
		return values
	}
	// The class token has no place on the grid: its position stays.
	all := slices.Clone(values[:v.tokens()*dim])
	patches := values[v.tokens()*dim:]
	// Interpolation is separable: one matrix for each axis. [rows, grid], [columns, grid]
	down, across := bicubic(grid, rows), bicubic(grid, columns)
	for i := range rows {
		for j := range columns {
			sum := make([]float64, dim)
			for a, x := range down[i] {
				for b, y := range across[j] {
					for d := range sum {
						sum[d] += x * y * float64(patches[(a*grid+b)*dim+d])
					}
				}
			}
			for _, s := range sum {
				all = append(all, float32(s))
			}
		}
	}
	return all
}

func (g exporter) layerNorm(scope, x string) string {
	return g.Add("LayerNormalization", attributes{"axis": -1, "epsilon": vitEpsilon}, x,
		g.Variable(scope+"/scale", Tensor{}), g.Variable(scope+"/offset", Tensor{}))
}

func (g exporter) affine(scope, x string) string {
	y := g.Add("MatMul", nil, x, g.Variable(scope+"/kernel", Tensor{}))
	return g.Add("Add", nil, y, g.Variable(scope+"/bias", Tensor{}))
}

func (g exporter) gelu(x string) string {
	y := g.Add("Erf", nil, g.Add("Mul", nil, x, g.Floats([]float32{1 / math.Sqrt2})))
	y = g.Add("Mul", nil, g.Add("Add", nil, y, g.Floats([]float32{1})), g.Floats([]float32{0.5}))
	return g.Add("Mul", nil, x, y)
}

func (g exporter) attention(block, x string, n, dim int) string {
	heads := dim / vitHead
	qkv := g.Add("Reshape", nil, g.affine(block+"qkv", x), g.Ints(0, n, 3, heads, vitHead))
	qkv = g.Add("Transpose", attributes{"perm": []int{2, 0, 3, 1, 4}}, qkv) // [3, batch, heads, n, 64]
	part := func(i int) string {
		y := g.Add("Slice", nil, qkv, g.Ints(i), g.Ints(i+1), g.Ints(0))
		return g.Add("Squeeze", nil, y, g.Ints(0))
	}

	scores := g.Add("MatMul", nil, part(0), g.Add("Transpose", attributes{"perm": []int{0, 1, 3, 2}}, part(1)))
	scores = g.Add("Mul", nil, scores, g.Floats([]float32{1 / 8.0}))
	y := g.Add("MatMul", nil, g.Add("Softmax", attributes{"axis": -1}, scores), part(2))
	y = g.Add("Reshape", nil, g.Add("Transpose", attributes{"perm": []int{0, 2, 1, 3}}, y), g.Ints(0, n, dim))
	return g.affine(block+"attention", y)
}
