package augment

import "github.com/sslx-go/lab/internal/usage"

// maxSide bounds sizes in pixels, so that a typing error does not ask for all memory.
const maxSide = 4096

// Check returns an error of package usage that names the first value out of range.
func (c Config) Check() error { return c.check("views") }

// check is Check for a configuration that is found at the key name.
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
	switch {
	case c.CropScaleMax > 0 && (c.CropScale == 0 || c.CropScale > c.CropScaleMax):
		return usage.Errorf("%s.crop_scale_max is %g: it must not be below crop_scale, which is %g and must be above 0",
			name, c.CropScaleMax, c.CropScale)
	case c.JitterSaturation > 0 && c.Jitter == 0:
		return usage.Errorf("%s.jitter_saturation is %g, but there is no jitter: set jitter too", name, c.JitterSaturation)
	case c.BlurKernel > 0 && c.BlurKernel%2 == 0:
		return usage.Errorf("%s.blur_kernel is %d: it must be odd", name, c.BlurKernel)
	case c.BlurKernelWidth > 0 && c.BlurKernelWidth%2 == 0:
		return usage.Errorf("%s.blur_kernel_width is %d: it must be odd", name, c.BlurKernelWidth)
	}
	return c.checkPatch(name)
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
