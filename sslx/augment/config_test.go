package augment

import (
	"math"
	"reflect"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestAConfigurationMakesTheOperationsThatItTurnsOn(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   Pipeline
	}{
		{Config{}, nil},
		{Config{CropScale: 0.08, Flip: 0.5, Jitter: 0.5, Gray: 0.2}, simCLR()},
		{Config{CropScale: 0.08, Flip: 0.5, Jitter: 0.5, Gray: 0.2, Noise: 0.1}, everything()},
		{Config{CropScale: 0.2, Size: 24}, Pipeline{NewResizedCrop(24, 0.2)}},
		{Config{Noise: 0.3}, Pipeline{GaussianNoise{Sigma: 0.3}}},
	} {
		if err := c.config.Check(); err != nil {
			t.Errorf("%+v: %v", c.config, err)
		}
		if got := c.config.Pipeline(32, 32); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v makes %+v, want %+v", c.config, got, c.want)
		}
	}
	crop := Config{CropScale: 0.2}.Pipeline(20, 30)[0].(ResizedCrop)
	if crop.Height != 20 || crop.Width != 30 {
		t.Errorf("without a size the crop is %d x %d, want the image's 20 x 30", crop.Height, crop.Width)
	}
}

func TestCheckSaysWhichValueIsOutOfRange(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{CropScale: 1.5}, "views.crop_scale is 1.5: it must be between 0 and 1"},
		{Config{Flip: -0.1}, "views.flip is -0.1: it must be between 0 and 1"},
		{Config{Jitter: 3}, "views.jitter is 3: it must be between 0 and 2.5"},
		{Config{Gray: math.NaN()}, "views.gray is NaN: it must be between 0 and 1"},
		{Config{Noise: math.Inf(1)}, "views.noise is +Inf: it must be between 0 and 1000"},
		{Config{Size: 24}, "views.size is 24, but only a crop changes the size: set views.crop_scale too"},
	} {
		if err := c.config.Check(); !usage.Is(err) || err.Error() != c.want {
			t.Errorf("%+v: %v, want %q", c.config, err, c.want)
		}
	}
}
