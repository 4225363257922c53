package augment

import (
	"slices"

	"github.com/sslx-go/lab/internal/usage"
)

// byolView is what both views of BYOL share (Grill et al. 2020, https://arxiv.org/abs/2006.07733, table 6). FFCV-SSL,
// the code of Bordes et al. 2023 (https://arxiv.org/abs/2303.01986), has the same in examples/train_ssl.py.
var byolView = Config{CropScale: 0.08, Flip: 0.5, Jitter: 0.5, JitterSaturation: 0.2, Gray: 0.2}

// swavView is what the views of SwAV share (Caron et al. 2020, https://arxiv.org/abs/2006.09882, appendix A), but for
// the scale and the size.
var swavView = Config{Flip: 0.5, Jitter: 1, Gray: 0.2, Blur: 0.5}

// noColor is the preset without operations on color.
const noColor = "no-color"

// presets are the named views, in the order in which they are listed.
var presets = []struct {
	name  string
	views Views
}{
	// Chen et al. 2020 (https://arxiv.org/abs/2002.05709), appendix A: ImageNet.
	{"simclr", two(Config{CropScale: 0.08, Flip: 0.5, Jitter: 1, Gray: 0.2, Blur: 0.5})},

	// Chen et al. 2020, appendix B.9: half of the jitter, no blur.
	{"simclr-cifar", two(Config{CropScale: 0.08, Flip: 0.5, Jitter: 0.5, Gray: 0.2})},

	// The views that this project trains small images with: simclr-cifar with larger crops, which suit short training.
	{"cifar", two(Config{CropScale: 0.2, Flip: 0.5, Jitter: 0.5, Gray: 0.2})},

	// The same for images that have not three channels: brightness and contrast are jittered, and there is no
	// grayscale.
	{noColor, two(Config{CropScale: 0.2, Flip: 0.5, Operations: Pipeline{
		ColorJitter{Brightness: 0.4, Contrast: 0.4, Probability: 0.8},
	}})},

	// Bordes et al. 2023, their code: blur (9 rows by 5 columns) on one view, solarize on the other.
	{"paper", Views{
		byolView.with(func(c *Config) { c.Blur, c.BlurKernel, c.BlurKernelWidth = 1, 9, 5 }),
		byolView.with(func(c *Config) { c.Solarize = 0.2 }),
	}},

	// Grill et al. 2020, table 6.
	{"byol", Views{
		byolView.with(func(c *Config) { c.Blur = 1 }),
		byolView.with(func(c *Config) { c.Blur, c.Solarize = 0.1, 0.2 }),
	}},

	// Caron et al. 2020, appendix A: 224 and 96 pixels; the number of local views varies there.
	{"multi-crop", slices.Concat(
		slices.Repeat(Views{swavView.with(func(c *Config) { c.CropScale = 0.14 })}, 2),
		slices.Repeat(Views{swavView.with(func(c *Config) {
			c.SizeShare, c.CropScale, c.CropScaleMax = 0.43, 0.05, 0.14
		})}, 4),
	)},

	// The subsets of Bordes et al. 2023, section on augmentations; as in SimCLR, a crop goes with a flip.
	{"crop-gray", two(Config{CropScale: 0.08, Flip: 0.5, Gray: 0.2})},
	{"crop-jitter", two(Config{CropScale: 0.08, Flip: 0.5, Jitter: 0.5})},
	{"crop", two(Config{CropScale: 0.08, Flip: 0.5})},

	// Bordes et al. 2023 give no sigma; 0.1 is the default of torchvision's GaussianNoise.
	{"noise", two(Config{Noise: 0.1})},

	{"none", two(Config{})},
}

// two returns two views made in the same way.
func two(c Config) Views { return Views{c, c} }

// with returns a changed copy.
func (c Config) with(change func(*Config)) Config {
	change(&c)
	return c
}

// Preset returns the views of the given name, or an error of package usage with the nearest one.
func Preset(name string) (Views, error) {
	for _, p := range presets {
		if p.name == name {
			return slices.Clone(p.views), nil
		}
	}
	return nil, usage.Unknown("preset of views", name, Presets())
}

// MustPreset is [Preset] for a name that is known to exist. It panics for another.
func MustPreset(name string) Views {
	views, err := Preset(name)
	if err != nil {
		panic(err)
	}
	return views
}

// Presets returns the names of the presets.
func Presets() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return names
}
