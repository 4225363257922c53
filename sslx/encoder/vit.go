package encoder

import (
	"fmt"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/usage"
)

// What represents an image in a [ViT].
const (
	PoolToken = "token" // the class token, after the last normalization
	PoolMean  = "mean"  // the mean over the patches, normalized; there is no class token
)

// Where the positions of a [ViT] come from.
const (
	PositionsLearned = "learned"
	PositionsSine    = "sine" // sines and cosines of row and column (Vaswani et al. 2017, as in MAE); not trained
)

// ViT is a vision transformer (Dosovitskiy et al. 2021, https://arxiv.org/abs/2010.11929) as timm builds it: vit-tiny,
// vit-small and vit-base (Touvron et al. 2021, https://arxiv.org/abs/2012.12877) have 12 blocks of 192, 384 and 768
// channels and heads of 64. It takes images of any size; pixels beyond the last whole patch are left out. A
// representation has as many elements as there are channels.
type ViT struct {
	// Kind is "tiny", "small" or "base". It is part of the encoder's name.
	Kind string `yaml:"-"`

	// Patch is the height and width of a patch in pixels; positive. Its default is 4, for images of 32x32.
	Patch int `yaml:"patch"`

	// ImageSize is the height and width of the images that there is a position for each patch of; for others positions
	// are interpolated. Its default is 32.
	ImageSize int `yaml:"image_size"`

	// Pool is PoolToken, the default, or PoolMean.
	Pool string `yaml:"pool"`

	// Positions is PositionsLearned, the default, or PositionsSine.
	Positions string `yaml:"positions"`

	// DropPath is the share of images for which the last block is left out in training, in [0, 1); that of the blocks
	// before it grows linearly from 0 (Huang et al. 2016, https://arxiv.org/abs/1603.09382).
	DropPath float64 `yaml:"drop_path"`
}

const (
	vitBlocks  = 12
	vitHead    = 64 // channels of a head
	vitHidden  = 4  // times the channels, in the layer between the two of a block's perceptron
	vitEpsilon = 1e-6
	vitSpread  = 0.02 // standard deviation of initial weights
)

// Name returns the name of the network, such as vit-tiny.
func (v ViT) Name() string { return "vit-" + v.Kind }

// Dim returns the number of channels.
func (v ViT) Dim() int { return map[string]int{"tiny": 192, "small": 384, "base": 768}[v.Kind] }

// MinSize returns the size of a patch.
func (v ViT) MinSize() int { return v.Patch }

// Draws reports whether the network draws random numbers while it is trained; see [Random].
func (v ViT) Draws() bool { return v.DropPath > 0 }

// Check returns an error of package usage when a parameter is out of range.
func (v ViT) Check() error {
	pools, positions := []string{PoolToken, PoolMean}, []string{PositionsLearned, PositionsSine}
	switch {
	case v.Dim() == 0:
		return usage.Errorf("there is no vision transformer %q: it must be tiny, small or base", v.Kind)
	case v.Patch < 1:
		return usage.Errorf("encoder.patch is %d: it must be positive", v.Patch)
	case v.ImageSize < v.Patch || v.ImageSize > v.Patch<<10:
		return usage.Errorf("encoder.image_size is %d: it must be at least the patch, %d, and at most %d patches",
			v.ImageSize, v.Patch, 1<<10)
	case !slices.Contains(pools, v.Pool):
		return usage.Unknown("encoder.pool", v.Pool, pools)
	case !slices.Contains(positions, v.Positions):
		return usage.Unknown("encoder.positions", v.Positions, positions)
	case !(v.DropPath >= 0 && v.DropPath < 1):
		return usage.Errorf("encoder.drop_path is %g: it must be in [0, 1)", v.DropPath)
	}
	return nil
}

// grid returns the number of patches along a side of an image of ImageSize.
func (v ViT) grid() int { return v.ImageSize / v.Patch }

// tokens returns the number of tokens that are no patch.
func (v ViT) tokens() int {
	if v.Pool == PoolToken {
		return 1
	}
	return 0
}

// LayerOf returns the number of the layer that a variable of the encoder is in, by its path in the scope of the
// encoder, and the number of the last: 0 has patches and positions, 1 to 12 are the blocks, 13 the norm behind them.
func (v ViT) LayerOf(path string) (layer, last int) {
	var block int
	switch n, _ := fmt.Sscanf(path, "block%d/", &block); {
	case n == 1:
		return block + 1, vitBlocks + 1
	case path == "norm/scale" || path == "norm/offset":
		return vitBlocks + 1, vitBlocks + 1
	}
	return 0, vitBlocks + 1
}

// Build returns the representations [batch, Dim] of images; see [Encoder]. Sums, statistics and attention are float32
// where images are bfloat16.
func (v ViT) Build(scope *model.Scope, images *Node, mode Mode) *Node {
	batch, dtype := images.Shape().Dimensions[0], images.DType()
	x := v.embed(scope, images) // [batch, n, dim]
	dim := v.Dim()
	drop := newDropper(scope, v.DropPath, batch, 2*vitBlocks, mode, x)

	// Attention among the tokens and a perceptron on each, both added to what they see.
	for i := range vitBlocks {
		block, share := scope.At("block%d", i), v.DropPath*float64(i)/(vitBlocks-1)
		y := layerNorm(block.At("norm0"), x)
		x = Add(x, drop.some(attention(block, y), 2*i, share))

		y = affine(block.At("mlp0"), layerNorm(block.At("norm1"), x), vitHidden*dim)
		x = Add(x, drop.some(affine(block.At("mlp1"), gelu(y), dim), 2*i+1, share))
	}

	if v.Pool == PoolMean {
		x = ConvertDType(ReduceMean(wide(x), 1), dtype) // [batch, dim]
		x = Reshape(x, batch, 1, dim)
	} else {
		x = Slice(x, AxisRange(), AxisRange(0, 1), AxisRange()) // the class token
	}
	return Reshape(wide(layerNorm(scope.At("norm"), x)), batch, dim)
}

// embed returns the tokens [batch, n, dim] of images: the class token, if there is one, and the patches, each with its
// position. A patch is a row of pixels in the order of rows, columns and channels: the gradient of GoMLX's convolution
// with an even kernel is wrong.
func (v ViT) embed(scope *model.Scope, images *Node) *Node {
	d := images.Shape().Dimensions // batch, height, width, channels
	p, dim := v.Patch, v.Dim()
	rows, columns := d[1]/p, d[2]/p
	x := Slice(images, AxisRange(), AxisRange(0, rows*p), AxisRange(0, columns*p), AxisRange())
	x = TransposeAllAxes(Reshape(x, d[0], rows, p, columns, p, d[3]), 0, 1, 3, 2, 4, 5)
	x = affine(scope.At("patches"), Reshape(x, d[0], rows*columns, p*p*d[3]), dim) // [batch, n, dim]

	if v.Pool == PoolToken {
		token := wide(valueLike(normalVariable(scope, "token", 1e-6, dim), x))
		token = ConvertDType(BroadcastToDims(Reshape(token, 1, 1, dim), d[0], 1, dim), x.DType())
		x = Concatenate([]*Node{token, x}, 1)
	}

	positions := v.positions(scope, x, rows, columns) // [1, n, dim], wide
	return ConvertDType(Add(wide(x), BroadcastToDims(positions, x.Shape().Dimensions...)), x.DType())
}

// positions returns the positions [1, n, dim] for a grid of patches. The variable is a vector, to which weight decay
// does not apply.
func (v ViT) positions(scope *model.Scope, x *Node, rows, columns int) *Node {
	grid, dim, extra := v.grid(), v.Dim(), v.tokens()
	n := extra + grid*grid
	var variable *model.Variable
	if v.Positions == PositionsSine {
		variable = fixed(scope, "positions", sinePositions(grid, dim, extra)).SetTrainable(false)
	} else {
		variable = normalVariable(scope, "positions", vitSpread, n*dim)
	}
	all := ConvertDType(Reshape(variable.NodeValue(x), 1, n, dim), wideType(x.DType()))
	if rows == grid && columns == grid {
		return all
	}

	// Each axis of the grid is interpolated by a matrix [now, grid].
	patches := Reshape(Slice(all, AxisRange(), AxisRange(extra, n), AxisRange()), grid, grid, dim)
	patches = Einsum("ig,gwd->iwd", constant(all, bicubic(grid, rows)), patches)
	patches = Einsum("jw,iwd->ijd", constant(all, bicubic(grid, columns)), patches)
	patches = Reshape(patches, 1, rows*columns, dim)
	if extra == 0 {
		return patches
	}
	return Concatenate([]*Node{Slice(all, AxisRange(), AxisRange(0, extra), AxisRange()), patches}, 1)
}

// sinePositions returns the positions of a square grid, zeros for other tokens before them: for each patch sines and
// cosines of its column, then of its row.
func sinePositions(grid, dim, extra int) []float32 {
	values := make([]float32, extra*dim, (extra+grid*grid)*dim)
	quarter := dim / 4
	for row := range grid {
		for column := range grid {
			for _, at := range []int{column, row} {
				for _, f := range []func(float64) float64{math.Sin, math.Cos} {
					for i := range quarter {
						values = append(values, float32(f(float64(at)/math.Pow(10000, float64(i)/float64(quarter)))))
					}
				}
			}
		}
	}
	return values
}

// bicubic returns the matrix [to, from] that resizes a row of numbers by cubic convolution (Keys 1981, a = -0.5),
// widened when the row becomes shorter, as PIL does and PyTorch with antialias.
func bicubic(from, to int) [][]float64 {
	cubic := func(x float64) float64 {
		x = math.Abs(x)
		switch {
		case x < 1:
			return (1.5*x-2.5)*x*x + 1
		case x < 2:
			return ((-0.5*x+2.5)*x-4)*x + 2
		}
		return 0
	}

	// A shorter row averages over a wider window, which is what antialiasing means here.
	scale := float64(from) / float64(to)
	width := max(scale, 1)
	matrix := make([][]float64, to)
	for i := range matrix {
		matrix[i] = make([]float64, from)
		center, sum := (float64(i)+0.5)*scale, 0.0
		for j := range matrix[i] {
			matrix[i][j] = cubic((float64(j) + 0.5 - center) / width)
			sum += matrix[i][j]
		}

		// Windows that reach beyond the ends lose weight: each row sums to 1 again.
		for j := range matrix[i] {
			matrix[i][j] /= sum
		}
	}
	return matrix
}

// attention is self-attention among tokens x [batch, n, dim] with heads of 64 channels.
func attention(scope *model.Scope, x *Node) *Node {
	d := x.Shape().Dimensions
	batch, n, dim := d[0], d[1], d[2]
	heads := dim / vitHead
	qkv := Reshape(affine(scope.At("qkv"), x, 3*dim), batch, n, 3, heads, vitHead)
	qkv = TransposeAllAxes(qkv, 2, 0, 3, 1, 4) // [3, batch, heads, n, 64]
	part := func(i int) *Node { return Squeeze(SliceAxis(qkv, 0, AxisRange(i, i+1)), 0) }
	query, key, value := part(0), part(1), part(2)

	scores := wide(Dot(query, key).General([]int{3}, []int{0, 1}, []int{3}, []int{0, 1})) // [batch, heads, n, n]
	shares := ConvertDType(Softmax(MulScalar(scores, 1/math.Sqrt(vitHead)), -1), x.DType())
	y := Dot(shares, value).General([]int{3}, []int{0, 1}, []int{2}, []int{0, 1}) // [batch, heads, n, 64]
	return affine(scope.At("attention"), Reshape(TransposeAllAxes(y, 0, 2, 1, 3), batch, n, dim), dim)
}

// affine is x [batch, n, in] times "kernel" [in, out], plus "bias" [out], added in float32 where x is bfloat16.
func affine(scope *model.Scope, x *Node, out int) *Node {
	d := x.Shape().Dimensions
	in := d[2]
	y := dense(scope, Reshape(x, -1, in), out, vitSpread*vitSpread*float64(in))
	rows := y.WithOutputDType(wideType(x.DType())).Product()
	rows = Add(rows, overChannels(valueLike(filled(scope, "bias", 0, out), rows), rows))
	return Reshape(ConvertDType(rows, x.DType()), d[0], d[1], out)
}

// layerNorm normalizes each token of x [batch, n, dim] to mean 0 and variance 1, then scales and shifts it (Ba et al.
// 2016, https://arxiv.org/abs/1607.06450). Variables in scope: "scale" and "offset", [dim].
func layerNorm(scope *model.Scope, x *Node) *Node {
	dim := x.Shape().Dimensions[2]
	y := wide(x)
	scale, offset := valueLike(filled(scope, "scale", 1, dim), y), valueLike(filled(scope, "offset", 0, dim), y)

	y = Sub(y, ReduceAndKeep(y, ReduceMean, -1))
	variance := ReduceAndKeep(Square(y), ReduceMean, -1) // [batch, n, 1]
	y = Mul(y, Inverse(Sqrt(AddScalar(variance, vitEpsilon))))
	return ConvertDType(Add(Mul(y, overChannels(scale, y)), overChannels(offset, y)), x.DType())
}

// gelu is x·Φ(x) (Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415).
func gelu(x *Node) *Node {
	y := wide(x)
	return ConvertDType(Mul(y, MulScalar(AddScalar(Erf(DivScalar(y, math.Sqrt2)), 1), 0.5)), x.DType())
}

// normalVariable returns a vector of normal numbers of a standard deviation.
func normalVariable(scope *model.Scope, name string, deviation float64, size int) *model.Variable {
	return weights(scope, name, deviation*deviation, 1, size)
}

// fixed returns a vector with the given values when it is new.
func fixed(scope *model.Scope, name string, values []float32) *model.Variable {
	return variable(scope, name, []int{len(values)}, func(string) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(values, len(values))
	})
}

// Model returns timm's name of the network for images of 224x224, "" for another.
func (v ViT) Model() string {
	if v.ImageSize != 224 {
		return ""
	}
	return fmt.Sprintf("vit_%s_patch%d_224", v.Kind, v.Patch)
}

// Tensors returns the names of the variables in timm; see [Portable].
func (v ViT) Tensors(channels int) (all []Tensor) {
	p, dim, n := v.Patch, v.Dim(), v.tokens()+v.grid()*v.grid()
	layer := func(variable, name string, in, out int) {
		all = append(all, denseTensor(variable+"/kernel", name+".weight", in, out),
			sameTensor(variable+"/bias", name+".bias", []int{out}))
	}
	norm := func(variable, name string) {
		all = append(all, sameTensor(variable+"/scale", name+".weight", []int{dim}),
			sameTensor(variable+"/offset", name+".bias", []int{dim}))
	}

	// timm embeds patches by a convolution, [dim, channels, p, p]; here it is a product, [p·p·channels, dim].
	all = append(all, Tensor{"patches/kernel", []int{p * p * channels, dim}, "patch_embed.proj.weight",
		[]int{dim, channels, p, p}, []int{2, 3, 1, 0}}, sameTensor("patches/bias", "patch_embed.proj.bias", []int{dim}))
	// timm names the last norm by what comes after it.
	last := "fc_norm"
	if v.Pool == PoolToken {
		all = append(all, sameTensor("token", "cls_token", []int{dim}, 1, 1, dim))
		last = "norm"
	}
	all = append(all, sameTensor("positions", "pos_embed", []int{n * dim}, 1, n, dim))

	// timm counts both norms of a block from 1, and keeps query, key and value in one layer.
	for i := range vitBlocks {
		variable, name := fmt.Sprintf("block%d/", i), fmt.Sprintf("blocks.%d.", i)
		norm(variable+"norm0", name+"norm1")
		layer(variable+"qkv", name+"attn.qkv", dim, 3*dim)
		layer(variable+"attention", name+"attn.proj", dim, dim)
		norm(variable+"norm1", name+"norm2")
		layer(variable+"mlp0", name+"mlp.fc1", dim, vitHidden*dim)
		layer(variable+"mlp1", name+"mlp.fc2", vitHidden*dim, dim)
	}
	norm("norm", last)
	return all
}
