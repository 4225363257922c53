// Package inference computes representations of convolutional encoders, in evaluation mode, with kernels for processors
// that have AVX-512. Batch normalization is folded into kernels when the weights are loaded, and convolutions of 3x3
// pixels are computed by minimal filtering. Each core works on images of its own, so that no core waits for another.
package inference

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/sslx-go/lab/internal/convolution"
	"github.com/sslx-go/lab/internal/cores"
	"github.com/sslx-go/lab/sslx/encoder"
)

// Input is what the images of a network are: height, width, and mean and standard deviation of each channel, on [0, 1],
// by which they are normalized.
type Input struct {
	Height, Width int
	Mean, Std     []float64
}

func (in Input) maps() convolution.Maps {
	return convolution.Maps{Height: in.Height, Width: in.Width, Channels: len(in.Mean)}
}

// Network is an encoder with its weights. It is safe for use by several goroutines.
type Network struct {
	images convolution.Maps
	border int              // pixels before those of images
	within convolution.Maps // images with their border
	levels [][256]float32   // what the bytes of a channel become
	dim    int              // of a representation
	steps  []step
	layers []convolution.Layer // of the steps
	last   int                 // the layer whose mean is the representation

	// The number of the memory that each layer's output is in, and how many there are.
	slots     []int
	slotCount int

	block int       // the most images that a core computes together
	idle  sync.Pool // of workspaces
}

// workspace is the memory of a core.
type workspace struct {
	images []float32   // with borders of zeros
	maps   [][]float32 // by slot
	convolution.Scratch
}

// Supports returns nil where New can make a network of an encoder, and otherwise an error that says what is missing.
func Supports(e encoder.Encoder, in Input) error {
	_, err := newPlan(e, in.maps())
	return err
}

// New returns the network of an encoder with the values of its variables by path.
func New(e encoder.Encoder, values map[string][]float32, in Input) (*Network, error) {
	p, err := newPlan(e, in.maps())
	if err != nil {
		return nil, err
	}

	n := &Network{images: p.images, dim: e.Dim(), steps: p.steps, last: p.last}
	n.slots, n.slotCount = p.slots()
	n.border, n.within = p.border()
	for channel, mean := range in.Mean {
		var levels [256]float32
		for b := range levels {
			levels[b] = (float32(b)/255 - float32(mean)) / float32(in.Std[channel])
		}
		n.levels = append(n.levels, levels)
	}

	largest := n.images.Size()
	for _, s := range p.steps {
		l, err := n.newLayer(s, values)
		if err != nil {
			return nil, err
		}
		n.layers = append(n.layers, l)
		largest = max(largest, l.Out.Size())
	}

	// So many that products of the smallest maps are of filterTiles, and few enough to stay near the processor.
	const most, mostValues = convolution.FilterTiles, 1 << 21
	n.block = max(convolution.TileRows, min(most, mostValues/largest/convolution.TileRows*convolution.TileRows))
	return n, nil
}

// newLayer returns the layer of a step. Channels are filled up with zeros, but for those of images.
func (n *Network) newLayer(s step, values map[string][]float32) (l convolution.Layer, err error) {
	l = convolution.Layer{In: s.in, Out: s.out, Window: s.window, Floor: convolution.NoFloor}
	l.Out.Channels = filled(s.out.Channels, convolution.TileColumns)
	if s.from != fromImages {
		l.In.Channels = filled(s.in.Channels, convolution.TileColumns)
	} else {
		l.In, l.Window.Before = n.within, s.window.Before-n.border
	}
	l.InPlace = s.from == fromImages && l.Out.Width%convolution.TileRows == 0
	if s.relu {
		l.Floor = 0
	}

	kernel, bias, err := s.folded(values, l.In.Channels, l.Out.Channels)
	if err != nil {
		return l, err
	}
	for _, v := range bias {
		l.Bias = append(l.Bias, float32(v))
	}

	// Minimal filtering is for whole tiles, and for channels in panels.
	whole := s.out.Height%convolution.TileSide == 0 && s.out.Width%convolution.TileSide == 0
	if s.window == (convolution.Window{Size: 3, Stride: 1, Before: 1}) && whole && s.from != fromImages {
		l.Kernel = convolution.FilterKernels(kernel, l.In.Channels, l.Out.Channels)
	} else {
		l.Kernel = []convolution.Panels{convolution.Packed(kernel, len(kernel)/l.Out.Channels, l.Out.Channels)}
	}
	return l, nil
}

// Embed returns the representations [count, dim] of images in bytes, [count, height, width, channels].
func (n *Network) Embed(ctx context.Context, pixels []byte, count int) ([]float32, error) {
	features := make([]float32, count*n.dim)

	// Every core takes one block of images after the other. There are as many blocks for each, of one size.
	blocks := filled((count+n.block-1)/n.block, cores.Count())
	block := max(convolution.TileRows, filled((count+blocks-1)/max(1, blocks), convolution.TileRows))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(cores.Count(), (count+block-1)/block) {
		wait.Go(func() {
			w, ok := n.idle.Get().(*workspace)
			if !ok {
				w = &workspace{maps: make([][]float32, n.slotCount)}
			}
			defer n.idle.Put(w)

			for ctx.Err() == nil {
				first := int(next.Add(1)-1) * block
				if first >= count {
					return
				}
				last := min(count, first+block)
				n.embed(features[first*n.dim:last*n.dim], pixels[first*n.images.Size():last*n.images.Size()], w)
			}
		})
	}
	wait.Wait()
	return features, ctx.Err()
}

// filled returns the smallest multiple of unit that is n or more.
func filled(n, unit int) int { return (n + unit - 1) / unit * unit }

// embed computes the representations of a block of images.
func (n *Network) embed(features []float32, pixels []byte, w *workspace) {
	count := len(features) / n.dim
	whole := filled(count, convolution.TileRows) // with black images
	w.images = convolution.Grown(w.images, whole*n.within.Size())
	clear(w.images[count*n.within.Size():])
	for line := range count * n.images.Height {
		image, y, width := line/n.images.Height, line%n.images.Height, n.images.Width*n.images.Channels
		at := image*n.within.Size() + ((y+n.border)*n.within.Width+n.border)*n.images.Channels
		from, to := pixels[line*width:(line+1)*width], w.images[at:at+width]
		for c := range n.levels {
			levels := &n.levels[c]
			for i := c; i < len(from) && i < len(to); i += len(n.levels) {
				to[i] = levels[from[i]]
			}
		}
	}

	output := func(step int) []float32 {
		switch step {
		case fromImages:
			return w.images
		case none:
			return nil
		}
		return w.maps[n.slots[step]]
	}
	for i := range n.layers {
		l, s, maps := &n.layers[i], n.steps[i], &w.maps[n.slots[i]]
		*maps = convolution.Grown(*maps, whole*l.Out.Size())
		l.Compute(*maps, output(s.from), output(s.plus), whole, &w.Scratch)
	}

	// Means over the pixels.
	last, out := output(n.last), n.layers[n.last].Out
	for i := range count {
		means := out.Mean(last[i*out.Size():], &w.Scratch)
		copy(features[i*n.dim:(i+1)*n.dim], means)
	}
}
