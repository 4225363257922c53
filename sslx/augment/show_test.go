package augment

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/dataset"
)

// noisy returns n images of noise.
func noisy(n int) dataset.Images {
	pixels := tensors.MustCopyFlatData[uint8](randomImages(n, 16, 12))
	return dataset.Images{Pixels: pixels, N: n, Height: 16, Width: 12}
}

func TestShow_ViewsAreOfTheImagesAndDifferFromEachOther(t *testing.T) {
	images, views := noisy(3), two(Config{CropScale: 0.2, Flip: 0.5, Size: 8})
	shown, err := views.Show(testbackend.Open(t), images, nil, 7, 1)
	if err != nil {
		t.Fatal(err)
	}

	if len(shown) != 2 {
		t.Fatalf("%d views, want 2", len(shown))
	}

	for i, view := range shown {
		if err := view.Check(); err != nil || view.N != 3 {
			t.Errorf("view %d has %d images, want 3 (%v)", i, view.N, err)
		}
	}

	if slices.Equal(shown[0].Pixels, shown[1].Pixels) {
		t.Error("the two views are the same")
	}

	if slices.Equal(shown[0].Pixels, images.Pixels) {
		t.Error("the first view is the image")
	}
}

func TestShow_ViewsOfSomeImagesAreThoseOfTheWholeSet(t *testing.T) {
	images, views := noisy(5), two(Config{CropScale: 0.2, Flip: 0.5})
	all, err := views.Show(testbackend.Open(t), images, nil, 7, 1)
	if err != nil {
		t.Fatal(err)
	}
	some, err := views.Show(testbackend.Open(t), images, []int{1, 4}, 7, 1)
	if err != nil {
		t.Fatal(err)
	}

	for i := range some {
		if want := all[i].Pick([]int{1, 4}); !slices.Equal(some[i].Pixels, want.Pixels) {
			t.Errorf("view %d differs", i)
		}
	}
}

func TestShow_TwoEpochsBeginWithTheFirst(t *testing.T) {
	images, views := noisy(3), two(Config{CropScale: 0.2, Flip: 0.5})
	one, err := views.Show(testbackend.Open(t), images, nil, 7, 1)
	if err != nil {
		t.Fatal(err)
	}

	two, err := views.Show(testbackend.Open(t), images, nil, 7, 2)
	if err != nil || len(two) != 4 {
		t.Fatalf("%d views of two epochs, want 4 (%v)", len(two), err)
	}

	if !slices.Equal(two[0].Pixels, one[0].Pixels) {
		t.Error("the first epoch has other views")
	}

	if slices.Equal(two[2].Pixels, one[0].Pixels) {
		t.Error("both epochs have the same views")
	}
}

func TestShow_WithoutOperationsTheViewsAreTheImages(t *testing.T) {
	images := noisy(3)
	shown, err := make(Views, 3).Show(testbackend.Open(t), images, nil, 7, 1)
	if err != nil || len(shown) != 3 {
		t.Fatalf("%d views, want 3 (%v)", len(shown), err)
	}

	for i, view := range shown {
		if !slices.Equal(view.Pixels, images.Pixels) {
			t.Errorf("view %d is not the image", i)
		}
	}
}

func TestShowWords_SaysWhatWasDoneToEachImage(t *testing.T) {
	images := noisy(8)
	views := Views{{}, {Flip: 1, Gray: 0.5, Noise: 0.1, Operations: Pipeline{CenterCrop{Height: 4, Width: 4}}}}
	shown, err := views.ShowWords(testbackend.Open(t), images, nil, 3)
	if err != nil || len(shown) != 2 {
		t.Fatalf("%d views, want 2 (%v)", len(shown), err)
	}

	if err := shown[1].Check(); err != nil {
		t.Error(err)
	}

	gray := 0
	for i := range images.N {
		if words := shown[0].Words[i]; len(words) > 0 {
			t.Errorf("nothing was done to image %d, but %v is said", i, words)
		}

		pixel := shown[1].At(i)[:3]
		want := []string{"horizontal-flip", "grayscale", "gaussian-noise", "center-crop", "resize"}
		if slices.Index(shown[1].Words[i], "grayscale") < 0 {
			want = slices.Delete(want, 1, 2)
		} else {
			gray++
		}
		if got := shown[1].Words[i]; !slices.Equal(got, want) {
			t.Errorf("image %d, pixel %v: %s, want %s", i, pixel, strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}

	if gray == 0 || gray == images.N {
		t.Errorf("%d of %d images are gray", gray, images.N)
	}
}

// An encoder sees views of their own sizes.
func TestSample_ViewsHaveTheSizesOfTraining(t *testing.T) {
	views := Views{{CropScale: 0.2, Size: 8}, {CropScale: 0.05, SizeShare: 0.5}}
	sampled, err := views.Sample(testbackend.PureGo(t), noisy(3), 7, 2)
	if err != nil || len(sampled) != 4 {
		t.Fatalf("%d views (%v)", len(sampled), err)
	}
	for i, want := range [][2]int{{8, 8}, {8, 6}, {8, 8}, {8, 6}} {
		if v := sampled[i]; v.Height != want[0] || v.Width != want[1] || v.Check() != nil {
			t.Errorf("view %d is %dx%d, want %v (%v)", i, v.Height, v.Width, want, v.Check())
		}
	}
}
