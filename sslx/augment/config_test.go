package augment

import (
	"math"
	"reflect"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestConfig_PipelineHasTheOperationsThatAreOnInAFixedOrder(t *testing.T) {
	blur := NewGaussianBlur(0, 0.5)
	blur.KernelHeight, blur.KernelWidth = 9, 5
	byol := NewColorJitter(0.5)
	byol.Saturation = 0.2
	crop := func(height, width int, from, to float64) ResizedCrop {
		c := NewResizedCrop(0, from)
		c.Height, c.Width, c.ScaleMax = height, width, to
		return c
	}

	for _, c := range []struct {
		config        Config
		height, width int
		want          Pipeline
	}{
		{Config{}, 32, 32, nil},
		{Config{CropScale: 0.08, Flip: 0.5, Jitter: 0.5, Gray: 0.2}, 32, 32, simCLR()},
		{Config{CropScale: 0.2}, 20, 30, Pipeline{crop(20, 30, 0.2, 1)}},
		{Config{CropScale: 0.2, Size: 24}, 20, 30, Pipeline{crop(24, 24, 0.2, 1)}},
		{Config{CropScale: 0.05, CropScaleMax: 0.14, SizeShare: 0.43}, 224, 300, Pipeline{crop(96, 129, 0.05, 0.14)}},
		{Config{Size: 24}, 32, 32, Pipeline{Resize{Height: 24, Width: 24}}},
		{Config{Size: 32}, 32, 32, nil},
		{Config{SizeShare: 0.5, Size: 24}, 32, 32, Pipeline{Resize{Height: 12, Width: 12}}},
		{Config{Patch: 8}, 32, 40, Pipeline{Patch{Side: 8, Height: 32, Width: 40, Random: true}}},
		{Config{Patch: 8, PatchAt: "center", Size: 16}, 32, 40,
			Pipeline{Patch{Side: 8, Height: 16, Width: 16, Top: 12, Left: 16}}},
		{Config{Patch: 8, PatchAt: "3, 0", CropScale: 0.5}, 32, 40,
			Pipeline{Patch{Side: 8, Height: 8, Width: 8, Top: 3}, crop(32, 40, 0.5, 1)}},
		{Config{Blur: 1}, 224, 160, Pipeline{GaussianBlur{KernelHeight: 23, KernelWidth: 17, SigmaMin: 0.1, SigmaMax: 2,
			Probability: 1}}},
		{Config{Blur: 1}, 16, 16, Pipeline{NewGaussianBlur(3, 1)}},
		{Config{Cutout: 0.5, Size: 9}, 32, 32, Pipeline{Resize{Height: 9, Width: 9}, Cutout{Side: 5}}},
		{Config{Noise: 1, Cutout: 0.25, Erase: 0.1, Posterize: 0.2, Solarize: 0.3, Blur: 0.5, BlurKernel: 9,
			BlurKernelWidth: 5, Gray: 0.4, Jitter: 0.5, JitterSaturation: 0.2, Translation: 0.6, Rotation: 7,
			VerticalFlip: 0.8, Flip: 0.9}, 32, 32,
			Pipeline{HorizontalFlip{Probability: 0.9}, VerticalFlip{Probability: 0.8}, Rotation{Degrees: 7},
				Translation{Height: 0.6, Width: 0.6}, byol, Grayscale{Probability: 0.4}, blur,
				Solarize{Threshold: 128. / 255, Probability: 0.3}, Posterize{Bits: 4, Probability: 0.2},
				NewRandomErasing(0.1), Cutout{Side: 8}, GaussianNoise{Sigma: 1}}},
	} {
		if err := c.config.Check(); err != nil {
			t.Errorf("%+v: %v", c.config, err)
		}
		if got := c.config.Pipeline(c.height, c.width); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v makes %+v, want %+v", c.config, got, c.want)
		}
	}
}

func TestConfig_CheckSaysWhichValueIsOutOfRange(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{CropScale: 1.5}, "views.crop_scale is 1.5: it must be between 0 and 1"},
		{Config{Flip: -0.1}, "views.flip is -0.1: it must be between 0 and 1"},
		{Config{Jitter: 3}, "views.jitter is 3: it must be between 0 and 2.5"},
		{Config{Gray: math.NaN()}, "views.gray is NaN: it must be between 0 and 1"},
		{Config{Noise: math.Inf(1)}, "views.noise is +Inf: it must be between 0 and 1000"},
		{Config{CropScale: 0.2, CropScaleMax: 0.1},
			"views.crop_scale_max is 0.1: it must not be below crop_scale, which is 0.2 and must be above 0"},
		{Config{CropScaleMax: 0.1},
			"views.crop_scale_max is 0.1: it must not be below crop_scale, which is 0 and must be above 0"},
		{Config{JitterSaturation: 0.1}, "views.jitter_saturation is 0.1, but there is no jitter: set jitter too"},
		{Config{Blur: 1, BlurKernel: 4}, "views.blur_kernel is 4: it must be odd"},
		{Config{Blur: 1, BlurKernelWidth: 4}, "views.blur_kernel_width is 4: it must be odd"},
		{Config{PatchAt: "center"}, `views.patch_at is "center", but there is no patch: set patch too`},
		{Config{Patch: 3, PatchAt: "4"},
			`views.patch_at is "4": it must be "center", or the corner in pixels as "top,left"`},
		{Config{Patch: 3, PatchAt: "-1,2"},
			`views.patch_at is "-1,2": it must be "center", or the corner in pixels as "top,left"`},
	} {
		if err := c.config.Check(); !usage.Is(err) || err.Error() != c.want {
			t.Errorf("%+v: %v, want %q", c.config, err, c.want)
		}
	}

	fields := reflect.TypeFor[Config]()
	for i := range fields.NumField() {
		var c Config
		if f := reflect.ValueOf(&c).Elem().Field(i); f.CanFloat() {
			f.SetFloat(-1)
		} else if f.CanInt() {
			f.SetInt(-1)
		} else {
			continue
		}
		if err := c.Check(); !usage.Is(err) {
			t.Errorf("%s may be negative", fields.Field(i).Name)
		}
	}
}
