package augment

import (
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// Config describes how one view of an image is made: the operations below, in the order of their fields, and then
// Operations. An operation whose number is 0 is left out. Normalizing comes after all of them, with the statistics of
// the data.
//
// Experiments are keyed by their configuration in JSON. So a new field must be left out at its zero value, in YAML and
// in JSON ("omitempty", "omitzero"), and its zero value must mean what was done before there was the field. Otherwise
// no earlier record would be found again.
type Config struct {
	// Size is the height and width of a view in pixels; 0 means the size of the images.
	Size int `yaml:"size" json:"size"`

	// SizeShare makes the view smaller, to this share of Size, in (0, 1]; 0 means 1. Local views have it.
	SizeShare float64 `yaml:"size_share,omitempty" json:"size_share,omitzero"`

	// Patch is the side in pixels of the square that is cut from an image before anything else.
	Patch int `yaml:"patch,omitempty" json:"patch,omitzero"`

	// PatchAt says where Patch lies: "" at random for each image, "center", or its corner in pixels as "top,left".
	PatchAt string `yaml:"patch_at,omitempty" json:"patch_at,omitzero"`

	// CropScale is the smallest share of the image's area that a resized crop keeps, in (0, 1]; 0 leaves the crop out.
	// Without a crop, an image or patch of another size is resized.
	CropScale float64 `yaml:"crop_scale" json:"crop_scale"`

	// CropScaleMax is the largest share, at least CropScale and at most 1; 0 means 1.
	CropScaleMax float64 `yaml:"crop_scale_max,omitempty" json:"crop_scale_max,omitzero"`

	// SameRegion puts the patch and the crop where they are in the first view of the image, which must have the same
	// sizes and shares. The views then differ only in the operations that follow.
	SameRegion bool `yaml:"same_region,omitempty" json:"same_region,omitzero"`

	// Flip is the probability of a horizontal flip.
	Flip float64 `yaml:"flip" json:"flip"`

	// VerticalFlip is the probability of a vertical flip.
	VerticalFlip float64 `yaml:"vertical_flip,omitempty" json:"vertical_flip,omitzero"`

	// Rotation is the largest angle in degrees, to either side, at most 180.
	Rotation float64 `yaml:"rotation,omitempty" json:"rotation,omitzero"`

	// Translation is the largest movement along either axis as a share of its size, at most 1.
	Translation float64 `yaml:"translation,omitempty" json:"translation,omitzero"`

	// Jitter is the strength of SimCLR's color jitter, applied with probability 0.8; at most 2.5.
	Jitter float64 `yaml:"jitter" json:"jitter"`

	// JitterSaturation is the jitter's range of saturation; 0 means 0.8·Jitter, as in SimCLR. BYOL has half of it.
	JitterSaturation float64 `yaml:"jitter_saturation,omitempty" json:"jitter_saturation,omitzero"`

	// Gray is the probability of grayscale.
	Gray float64 `yaml:"gray" json:"gray"`

	// Blur is the probability of a Gaussian blur with a standard deviation of 0.1 to 2 pixels.
	Blur float64 `yaml:"blur,omitempty" json:"blur,omitzero"`

	// BlurKernel is the height and width of its kernel in pixels, odd; 0 means a tenth of the view's, as in SimCLR, and
	// at least 3.
	BlurKernel int `yaml:"blur_kernel,omitempty" json:"blur_kernel,omitzero"`

	// BlurKernelWidth is the width of the kernel where it is not BlurKernel, odd.
	BlurKernelWidth int `yaml:"blur_kernel_width,omitempty" json:"blur_kernel_width,omitzero"`

	// Solarize is the probability of inverting the values of at least 128/255.
	Solarize float64 `yaml:"solarize,omitempty" json:"solarize,omitzero"`

	// Posterize is the probability of keeping 4 bits of each value.
	Posterize float64 `yaml:"posterize,omitempty" json:"posterize,omitzero"`

	// Erase is the probability of erasing a random rectangle of 0.02 to 0.33 of the area, to black.
	Erase float64 `yaml:"erase,omitempty" json:"erase,omitzero"`

	// Cutout is the side of the square that is cut out, to black, as a share of the view's shorter side, at most 1.
	Cutout float64 `yaml:"cutout,omitempty" json:"cutout,omitzero"`

	// Noise is the standard deviation of Gaussian noise, in units of the pixel range [0, 1].
	Noise float64 `yaml:"noise" json:"noise"`

	// Operations come after all others, in their order. They are the operations that were registered under a name
	// ([Register]), from this package and from others.
	Operations Pipeline `yaml:"operations,omitempty" json:"operations,omitempty"`
}

// Thresholds and depths that a configuration does not vary.
const (
	// BYOL (Grill et al. 2020, https://arxiv.org/abs/2006.07733, appendix B) and FFCV-SSL.
	solarizeThreshold = 128. / 255

	// The strongest of AutoAugment's (Cubuk et al. 2018, https://arxiv.org/abs/1805.09501).
	posterizeBits = 4
)

// Equal reports whether two descriptions are the same.
func (c Config) Equal(other Config) bool {
	if len(c.Operations)+len(other.Operations) == 0 { // nil or empty
		c.Operations, other.Operations = nil, nil
	}
	return reflect.DeepEqual(c, other)
}

// Pipeline returns the operations for images of the given size. The configuration must pass Check.
func (c Config) Pipeline(height, width int) (p Pipeline) {
	// Some operations depend on the size of the view.
	p = c.cut(height, width)
	height, width = p.Size(height, width)

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
	return append(p, c.Operations...)
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

// region returns the part of the configuration that chooses the part of the image and its size.
func (c Config) region() [6]any {
	return [...]any{c.Size, c.SizeShare, c.Patch, c.PatchAt, c.CropScale, c.CropScaleMax}
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

// patch returns the square, which is not resized yet, of images of the given size.
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

// Check returns an error of package usage that names the first value out of range.
func (c Config) Check() error { return c.check("views") }

// check is Check for a configuration at the key name.
func (c Config) check(name string) error {
	for _, f := range []struct {
		key        string
		value, max float64
	}{
		{"size", float64(c.Size), maxSide}, {"size_share", c.SizeShare, 1}, {"patch", float64(c.Patch), maxSide},
		{"crop_scale", c.CropScale, 1}, {"crop_scale_max", c.CropScaleMax, 1}, {"flip", c.Flip, 1},
		{"vertical_flip", c.VerticalFlip, 1}, {"rotation", c.Rotation, 180}, {"translation", c.Translation, 1},
		{"jitter", c.Jitter, 2.5}, {"jitter_saturation", c.JitterSaturation, 1e3}, {"gray", c.Gray, 1},
		{"blur", c.Blur, 1}, {"blur_kernel", float64(c.BlurKernel), maxSide},
		{"blur_kernel_width", float64(c.BlurKernelWidth), maxSide}, {"solarize", c.Solarize, 1},
		{"posterize", c.Posterize, 1}, {"erase", c.Erase, 1}, {"cutout", c.Cutout, 1}, {"noise", c.Noise, 1e3},
	} {
		if !(f.value >= 0 && f.value <= f.max) {
			return usage.Errorf("%s.%s is %g: it must be between 0 and %g", name, f.key, f.value, f.max)
		}
	}

	// Values that are right alone and wrong together.
	switch {
	case c.CropScaleMax > 0 && (c.CropScale == 0 || c.CropScale > c.CropScaleMax):
		return usage.Errorf("%s.crop_scale_max is %g: it must not be below crop_scale, which is %g and must be above 0",
			name, c.CropScaleMax, c.CropScale)
	case c.JitterSaturation > 0 && c.Jitter == 0:
		return usage.Errorf("%s.jitter_saturation is %g, but there is no jitter: set jitter too", name,
			c.JitterSaturation)
	case c.BlurKernel > 0 && c.BlurKernel%2 == 0:
		return usage.Errorf("%s.blur_kernel is %d: it must be odd", name, c.BlurKernel)
	case c.BlurKernelWidth > 0 && c.BlurKernelWidth%2 == 0:
		return usage.Errorf("%s.blur_kernel_width is %d: it must be odd", name, c.BlurKernelWidth)
	}
	if err := c.checkPatch(name); err != nil {
		return err
	}
	return c.Operations.check(name + ".operations")
}

func (c Config) checkPatch(name string) error {
	_, _, ok := corner(c.PatchAt)
	switch {
	case c.PatchAt == "" || c.Patch > 0 && (ok || c.PatchAt == patchCenter):
		return nil
	case c.Patch == 0:
		return usage.Errorf("%s.patch_at is %q, but there is no patch: set patch too", name, c.PatchAt)
	}
	return usage.Errorf(`%s.patch_at is %q: it must be "%s", or the corner in pixels as "top,left"`, name, c.PatchAt,
		patchCenter)
}
