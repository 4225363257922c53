package augment

import (
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
)

// colorless returns every registered operation with parameters that images without color can have.
func colorless() map[string]Operation {
	all := operations()
	delete(all, "grayscale")
	all["color-jitter"] = ColorJitter{Brightness: 0.4, Contrast: 0.4, Probability: 1}
	return all
}

func TestOperation_WorksOnAnyNumberOfChannels(t *testing.T) {
	b := testbackend.Open(t)
	for name, op := range colorless() {
		for _, channels := range []int{1, 4} {
			if err := takesChannels(op, channels); err != nil {
				t.Errorf("%s refuses %d channels: %v", name, channels, err)
				continue
			}
			height, width := op.Size(16, 18)
			pixels := tensors.FromFlatDataAndDimensions(make([]uint8, 3*16*18*channels), 3, 16, 18, channels)
			got := call(t, b, func(pixels, samples, stream *Node) *Node {
				return Pipeline{op}.Make(FromBytes(pixels), Key{Stream: stream, Samples: samples}).Images
			}, pixels, upTo(3), Stream(1, 0))
			if want := 3 * height * width * channels; len(got[0]) != want {
				t.Errorf("%s makes %d values of %d channels, not %d", name, len(got[0]), channels, want)
			}
		}
	}
}

// Each channel of many is cropped, flipped, blurred and jittered as it is in a gray image.
func TestPipeline_TreatsEveryChannelAlike(t *testing.T) {
	p := Pipeline{NewResizedCrop(8, 0.2), HorizontalFlip{Probability: 0.5}, NewGaussianBlur(3, 1),
		ColorJitter{Brightness: 0.4, Probability: 1}, Solarize{Threshold: 0.5, Probability: 1}}
	one := make([]uint8, 2*12*12)
	for i := range one {
		one[i] = uint8(i * 89 % 256)
	}
	views := func(channels int) []float32 {
		pixels := make([]uint8, 0, len(one)*channels)
		for _, v := range one {
			pixels = append(pixels, slices.Repeat([]uint8{v}, channels)...)
		}
		return call(t, testbackend.Open(t), func(pixels, samples, stream *Node) *Node {
			return p.Make(FromBytes(pixels), Key{Stream: stream, Samples: samples}).Images
		}, tensors.FromFlatDataAndDimensions(pixels, 2, 12, 12, channels), upTo(2), Stream(4, 0))[0]
	}

	gray, many := views(1), views(5)
	for i, v := range many {
		if d := v - gray[i/5]; d > 1e-6 || d < -1e-6 {
			t.Fatalf("value %d of channel %d is %v, in gray it is %v", i/5, i%5, v, gray[i/5])
		}
	}
}

func TestViews_RefuseColorOperationsWithoutColor(t *testing.T) {
	for _, c := range []struct {
		views Views
		says  string // nothing where the views can be made
	}{
		{MustPreset("cifar"),
			"views.jitter changes saturation and hue, which images of 1 channel do not have: set it to 0"},
		{two(Config{Gray: 0.2}), "views.gray needs red, green and blue, and the images have 1 channel"},
		{Views{{}, {Gray: 0.2}}, "views[1].gray needs"},
		{two(Config{Operations: Pipeline{NewColorJitter(1)}}),
			"views.operations[0] (color-jitter) cannot change images of 1 channel: saturation and hue need red"},
		{two(Config{Operations: Pipeline{Sometimes{Grayscale{Probability: 1}, 0.5}}}),
			"(sometimes) cannot change images of 1 channel"},
		{two(Config{Operations: Pipeline{Cutout{Side: 2, Fill: [3]float64{1, 0, 0}}}}),
			"fill is a color of red, green"},
		{MustPreset(noColor), ""},
		{two(Config{CropScale: 0.2, Flip: 0.5, Blur: 0.5, Solarize: 0.1, Erase: 0.2, Noise: 0.1, Rotation: 5}), ""},
	} {
		err := c.views.TakesChannels(1)
		if c.says == "" && err != nil || c.says != "" && (!usage.Is(err) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%v: got %v, want %q", c.views, err, c.says)
		}
		if err := c.views.TakesChannels(3); err != nil {
			t.Errorf("%v are refused for color: %v", c.views, err)
		}
	}
}
