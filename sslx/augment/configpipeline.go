package augment

import (
	"math"
	"strconv"
	"strings"
)

// Pipeline returns the operations for images of the given size. The configuration must pass Check.
func (c Config) Pipeline(height, width int) (p Pipeline) {
	p = c.cut(height, width)
	for _, op := range p {
		height, width = op.Size(height, width)
	}
	for _, o := range []struct {
		on bool
		op Operation
	}{
		{c.Flip > 0, HorizontalFlip{Probability: c.Flip}},
		{c.VerticalFlip > 0, VerticalFlip{Probability: c.VerticalFlip}},
		{c.Rotation > 0, Rotation{Degrees: c.Rotation}},
		{c.Translation > 0, Translation{Height: c.Translation, Width: c.Translation}},
		{c.Jitter > 0, c.jitter()},
		{c.Gray > 0, Grayscale{Probability: c.Gray}},
		{c.Blur > 0, c.blur(height, width)},
		{c.Solarize > 0, Solarize{Threshold: solarizeThreshold, Probability: c.Solarize}},
		{c.Posterize > 0, Posterize{Bits: posterizeBits, Probability: c.Posterize}},
		{c.Erase > 0, NewRandomErasing(c.Erase)},
		{c.Cutout > 0, Cutout{Side: share(c.Cutout, min(height, width))}},
		{c.Noise > 0, GaussianNoise{Sigma: c.Noise}},
	} {
		if o.on {
			p = append(p, o.op)
		}
	}
	return p
}

// cut returns the operations that choose the part of the image and its size.
func (c Config) cut(height, width int) (p Pipeline) {
	toHeight, toWidth := c.viewSize(height, width)
	if c.Patch > 0 {
		patch := c.patch(height, width)
		if c.CropScale == 0 {
			patch.Height, patch.Width = toHeight, toWidth
		}
		p = append(p, patch)
	}
	switch {
	case c.CropScale > 0:
		crop := NewResizedCrop(0, c.CropScale)
		crop.Height, crop.Width = toHeight, toWidth
		if c.CropScaleMax > 0 {
			crop.ScaleMax = c.CropScaleMax
		}
		p = append(p, crop)
	case c.Patch == 0 && (toHeight != height || toWidth != width):
		p = append(p, Resize{Height: toHeight, Width: toWidth})
	}
	return p
}

// viewSize returns the size of a view of images of the given size.
func (c Config) viewSize(height, width int) (int, int) {
	if c.Size > 0 {
		height, width = c.Size, c.Size
	}
	if c.SizeShare > 0 {
		height, width = share(c.SizeShare, height), share(c.SizeShare, width)
	}
	return height, width
}

// share returns a share of a size in whole pixels, at least 1.
func share(of float64, size int) int { return max(1, int(math.Round(of*float64(size)))) }

// patch returns the square, of its own size, of images of the given size.
func (c Config) patch(height, width int) Patch {
	patch := Patch{Side: c.Patch, Height: c.Patch, Width: c.Patch}
	switch c.PatchAt {
	case "":
		patch.Random = true
	case patchCenter:
		patch.Top, patch.Left = (height-c.Patch)/2, (width-c.Patch)/2
	default:
		patch.Top, patch.Left, _ = corner(c.PatchAt)
	}
	return patch
}

const patchCenter = "center"

// corner parses "top,left".
func corner(text string) (top, left int, ok bool) {
	t, l, _ := strings.Cut(text, ",")
	top, errTop := strconv.Atoi(strings.TrimSpace(t))
	left, errLeft := strconv.Atoi(strings.TrimSpace(l))
	return top, left, errTop == nil && errLeft == nil && top >= 0 && left >= 0
}

func (c Config) jitter() ColorJitter {
	jitter := NewColorJitter(c.Jitter)
	if c.JitterSaturation > 0 {
		jitter.Saturation = c.JitterSaturation
	}
	return jitter
}

// blur returns the blur for views of the given size. A tenth of the size is made odd as in SimCLR's code
// (data_util.py, random_blur): twice the half of it, rounded down, and one.
func (c Config) blur(height, width int) GaussianBlur {
	kernel := func(given, size int) int {
		if given > 0 {
			return given
		}
		return max(3, size/10/2*2+1)
	}
	blur := NewGaussianBlur(0, c.Blur)
	blur.KernelHeight, blur.KernelWidth = kernel(c.BlurKernel, height), kernel(c.BlurKernel, width)
	if c.BlurKernelWidth > 0 {
		blur.KernelWidth = c.BlurKernelWidth
	}
	return blur
}
