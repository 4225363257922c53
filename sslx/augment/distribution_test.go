package augment

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

const draws = 20000

func TestResizedCrop_ThatFitsHasAUniformAreaAndALogUniformRatio(t *testing.T) {
	const size = 4000 // whole pixels are then finer than the test
	crop := draw(t, ResizedCrop{Height: 32, Width: 32, ScaleMin: 0.08, ScaleMax: 0.5, RatioMin: 0.75, RatioMax: 4. / 3},
		draws, size, size)
	areas, ratios := make([]float32, draws), make([]float32, draws)
	for i := range areas {
		areas[i] = crop["height"][i] * crop["width"][i] / (size * size)
		ratios[i] = float32(math.Log(float64(crop["width"][i] / crop["height"][i])))
	}
	mustBeUniform(t, "area", areas, 0.08, 0.5)
	mustBeUniform(t, "log ratio", ratios, math.Log(0.75), math.Log(4./3))
	if r := stat.Correlation(float64s(areas), float64s(ratios), nil); math.Abs(r) > 4/math.Sqrt(draws) {
		t.Errorf("area and ratio are correlated: %.3f", r)
	}
}

func TestResizedCrop_ThatMayNotFitIsDrawnAsInTorchvision(t *testing.T) {
	crop := NewResizedCrop(32, 0.08)
	drawn := draw(t, crop, draws, 32, 32)
	random := rand.New(rand.NewPCG(8, 8))
	for name, pick := range map[string]func(r rectangle) float64{
		"top": func(r rectangle) float64 { return r.top }, "left": func(r rectangle) float64 { return r.left },
		"height": func(r rectangle) float64 { return r.height }, "width": func(r rectangle) float64 { return r.width },
	} {
		want := make([]float64, draws)
		for i := range want {
			want[i] = pick(torchvisionCrop(random, crop, 32, 32))
		}
		mustMatch(t, name, float64s(drawn[name]), want)
	}

	area, want := make([]float64, draws), make([]float64, draws)
	for i := range area {
		area[i] = float64(drawn["height"][i] * drawn["width"][i])
		r := torchvisionCrop(random, crop, 32, 32)
		want[i] = r.height * r.width
	}
	mustMatch(t, "area", area, want)
}

type rectangle struct{ top, left, height, width float64 }

// torchvisionCrop follows RandomResizedCrop.get_params of torchvision 0.29.2, line by line.
func torchvisionCrop(random *rand.Rand, c ResizedCrop, height, width int) rectangle {
	area := float64(height * width)
	for range 10 {
		target := area * (c.ScaleMin + random.Float64()*(c.ScaleMax-c.ScaleMin))
		low, high := math.Log(c.RatioMin), math.Log(c.RatioMax)
		aspect := math.Exp(low + random.Float64()*(high-low))
		w, h := int(math.RoundToEven(math.Sqrt(target*aspect))), int(math.RoundToEven(math.Sqrt(target/aspect)))
		if 0 < w && w <= width && 0 < h && h <= height {
			return rectangle{float64(random.IntN(height - h + 1)), float64(random.IntN(width - w + 1)),
				float64(h), float64(w)}
		}
	}
	panic("the fallback has a test of its own")
}

func TestResizedCrop_CornerIsUniformWithBothEnds(t *testing.T) {
	quarter := ResizedCrop{Height: 8, Width: 8, ScaleMin: 0.25, ScaleMax: 0.25, RatioMin: 1, RatioMax: 1}
	crop := draw(t, quarter, draws, 32, 32)
	for _, name := range []string{"height", "width"} {
		if v := crop[name][0]; v != 16 {
			t.Fatalf("%s is %g, want 16", name, v)
		}
	}
	mustBeEven(t, "top", crop["top"], 16)
	mustBeEven(t, "left", crop["left"], 16)
}

func TestOperation_AppliesAsOftenAsItsProbability(t *testing.T) {
	mustBeUniform(t, "flip", draw(t, HorizontalFlip{}, draws, 8, 8)["flipped"], 0, 1)
	mustBeFrequent(t, "flip", draw(t, HorizontalFlip{}, draws, 8, 8)["flipped"], 0.5)
	mustBeFrequent(t, "gray", draw(t, Grayscale{}, draws, 8, 8)["gray"], 0.2)
	mustBeFrequent(t, "jitter", draw(t, ColorJitter{}, draws, 8, 8)["jittered"], 0.8)
}

func TestColorJitter_FactorsAreUniform(t *testing.T) {
	jitter := draw(t, ColorJitter{Brightness: 0.4, Contrast: 0.3, Saturation: 1.5, Hue: 0.1}, draws, 8, 8)
	mustBeUniform(t, "brightness", jitter["brightness"], 0.6, 1.4)
	mustBeUniform(t, "contrast", jitter["contrast"], 0.7, 1.3)
	mustBeUniform(t, "saturation", jitter["saturation"], 0, 2.5) // torchvision: from max(0, 1-1.5)
	mustBeUniform(t, "hue", jitter["hue"], -0.1, 0.1)
}

func TestGaussianNoise_IsStandardNormal(t *testing.T) {
	noise := draw(t, GaussianNoise{Sigma: 0.1}, 200, 11, 9)["noise"] // 297 numbers an image, not even
	mustFollow(t, "noise", noise, distuv.UnitNormal.CDF)
	mean, variance := stat.MeanVariance(float64s(noise), nil)
	n := float64(len(noise))
	if math.Abs(mean) > 4/math.Sqrt(n) || math.Abs(variance-1) > 4*math.Sqrt(2/n) {
		t.Errorf("mean %.4f and variance %.4f", mean, variance)
	}

	if kurtosis := stat.ExKurtosis(float64s(noise), nil); math.Abs(kurtosis) > 4*math.Sqrt(24/n) {
		t.Errorf("excess kurtosis %.3f", kurtosis)
	}
}
