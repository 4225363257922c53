package experiments

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/objective"
)

// The arms of version one, whose negatives lack the noise of the anchors, fail the cue test; arms in which negatives
// differ from anchors by what they show pass it.
func TestCue_TellsArmsThatAreDecidedByTheirConstruction(t *testing.T) {
	if testing.Short() {
		t.Skip("-short leaves it out: it compiles views")
	}
	noise := augment.Config{Noise: 0.1}
	crop := augment.Config{CropScale: 0.2, CropScaleMax: 0.5, Noise: 0.2}
	again := crop
	again.SameRegion = true
	native := augment.Config{Size: 12, Patch: 12, Noise: 0.2}
	sameNative := native
	sameNative.SameRegion = true

	images := smooth(1024, 20)
	for _, c := range []struct {
		name      string
		views     augment.Views
		negatives objective.Negatives
		decided   bool
	}{
		{"batch, full", augment.MustPreset("cifar"), objective.Negatives{}, false},
		{"patch-same, noise, as in version one", augment.Views{noise, noise},
			objective.Negatives{Kind: "patch-same"}, true},
		{"patch-fixed, noise, as in version one", augment.Views{noise, noise},
			objective.Negatives{Kind: "patch-fixed"}, true},
		{"one region, another region of the image", augment.Views{crop, again},
			objective.Negatives{Kind: "crop-same"}, false},
		{"one native patch, another patch of the image", augment.Views{native, sameNative},
			objective.Negatives{Kind: "crop-same"}, false},
	} {
		config := sslx.Default()
		config.Views, config.Objective = c.views, objective.SimCLR{Temperature: 0.2, Negatives: c.negatives}
		accuracy, err := Cue(testbackend.Open(t), config, images)
		if err != nil {
			t.Fatal(err)
		}
		if decided := accuracy > MaxCue; decided != c.decided {
			t.Errorf("%s: %.1f %% of the views are told apart", c.name, 100*accuracy)
		}
	}
}

// smooth returns images of waves: random, but without noise, as photographs are.
func smooth(n, side int) dataset.Images {
	random := rand.New(rand.NewPCG(7, 7))
	images := dataset.Images{Pixels: make([]byte, n*side*side*3), N: n, Height: side, Width: side}
	for i := range n {
		pixels := images.At(i)
		for channel := range 3 {
			level, height := 60+120*random.Float64(), 10+40*random.Float64()
			down, across, phase := random.NormFloat64()/3, random.NormFloat64()/3, 6*random.Float64()
			for p := range side * side {
				wave := math.Sin(down*float64(p/side) + across*float64(p%side) + phase)
				pixels[3*p+channel] = uint8(level + height*wave)
			}
		}
	}
	return images
}
