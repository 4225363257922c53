package evaluate

import (
	"context"
	"fmt"

	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// The patches of an image: a grid of 3x3 squares that are half as high and wide as the image, from border to border.
const (
	patchGrid  = 3
	patchShare = 2 // an image is so many patches high
)

// patchedImages is how many images are cut into patches at once.
const patchedImages = 1000

// Patches measures a bag of patches: the features of an image are the mean over patches of it, each brought to the size
// of the image, and kNN and the linear probe measure these (Tong et al., "EMP-SSL", 2023,
// https://arxiv.org/abs/2304.03977, section 3.2). Any encoder can be measured so; one that was trained on patches asks
// for it.
type Patches struct{}

// Measures leaves out raw pixels.
func (Patches) Measures(m Model, _ string) bool { return m.Network != nil }

// Measure averages the features of the patches, and measures them.
func (Patches) Measure(ctx context.Context, in Input) (all []Outcome, err error) {
	// The other protocols get the same input with features of bags, and need not know of patches.
	bags := in
	for _, split := range []struct {
		name   string
		images dataset.Images
		to     *probe.Features
	}{{"train", in.TrainImages, &bags.Train}, {"test", in.TestImages, &bags.Test}} {
		*split.to, err = in.derived(ctx, split.name+" "+patchName, func() (probe.Features, error) {
			return bagsOf(ctx, in, split.images)
		})
		if err != nil {
			return nil, err
		}
	}

	for _, p := range []Protocol{KNN{}, Linear{}} {
		outcomes, err := p.Measure(ctx, bags)
		for _, o := range outcomes {
			o.Protocol = record.Protocol{Family: ProtocolPatches, Details: patchName + "/" + o.Protocol.String()}
			all = append(all, o)
		}
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// patchName says what the patches are: their number, and their side as a share of the image's.
var patchName = fmt.Sprintf("p%d/s%g", patchGrid*patchGrid, 1./patchShare)

// bagsOf returns the mean features of the patches of each image.
func bagsOf(ctx context.Context, in Input, images dataset.Images) (probe.Features, error) {
	const count = patchGrid * patchGrid
	bags := probe.Features{N: images.N, D: in.Train.D, X: make([]float32, images.N*in.Train.D), Layer: in.Layer()}
	for from := 0; from < images.N; from += patchedImages {
		part := images.Slice(from, min(images.N, from+patchedImages))
		f, err := in.Encode(ctx, patchesOf(part)) // [images*count, dim]
		if err != nil {
			return bags, err
		}
		for i := range part.N {
			bag := bags.Row(from + i)
			for k := range count {
				for j, v := range f.Row(i*count + k) {
					bag[j] += v / count
				}
			}
		}
	}
	return bags, nil
}

// patchesOf returns the patches of each image, one after another, in the size of the images.
func patchesOf(images dataset.Images) dataset.Images {
	height, width := max(1, images.Height/patchShare), max(1, images.Width/patchShare)
	made := images
	made.N = images.N * patchGrid * patchGrid
	made.Pixels = make([]byte, 0, made.N*images.Stride())
	for i := range images.N {
		for row := range patchGrid {
			for column := range patchGrid {
				top := row * (images.Height - height) / (patchGrid - 1)
				left := column * (images.Width - width) / (patchGrid - 1)
				made.Pixels = append(made.Pixels, enlarged(images, i, top, left, height, width)...)
			}
		}
	}
	return made
}

// enlarged returns a rectangle of an image in the size of the whole, by bilinear interpolation between the centers of
// pixels.
func enlarged(images dataset.Images, image, top, left, height, width int) []byte {
	pixels, channels := images.At(image), images.Depth()
	out := make([]byte, images.Stride())
	for y := range images.Height {
		above, below, down := between(y, images.Height, height)
		for x := range images.Width {
			before, after, right := between(x, images.Width, width)
			for c := range channels {
				at := func(row, column int) float64 {
					return float64(pixels[((top+row)*images.Width+left+column)*channels+c])
				}
				upper := at(above, before)*(1-right) + at(above, after)*right
				lower := at(below, before)*(1-right) + at(below, after)*right
				out[(y*images.Width+x)*channels+c] = byte(upper*(1-down) + lower*down + 0.5)
			}
		}
	}
	return out
}

// between returns the two pixels of a line of so many between which pixel i of a line of n lies, and how far from the
// first.
func between(i, n, of int) (first, second int, share float64) {
	at := max(0, (float64(i)+0.5)*float64(of)/float64(n)-0.5)
	first = min(int(at), of-1)
	return first, min(first+1, of-1), at - float64(first)
}
