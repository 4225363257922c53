package probe

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// counts returns the images of each class among the chosen, and fails unless these are sorted and distinct.
func counts(t *testing.T, labels []int32, chosen []int, classes int) []int {
	t.Helper()
	out := make([]int, classes)
	for i, image := range chosen {
		if i > 0 && image <= chosen[i-1] {
			t.Fatalf("%v is not ascending", chosen)
		}
		out[labels[image]]++
	}
	return out
}

func TestSubset_HasSoManyImagesOfEachClassAndGrows(t *testing.T) {
	labels := randomLabels(500, 4, 1)
	var last []int
	for _, perClass := range []int{1, 5, 60} {
		got, err := Subset(labels, 4, perClass, 7)
		if err != nil {
			t.Fatal(err)
		}
		if n := counts(t, labels, got, 4); !slices.Equal(n, []int{perClass, perClass, perClass, perClass}) {
			t.Errorf("%v images of the classes, want %d each", n, perClass)
		}
		for _, image := range last {
			if !slices.Contains(got, image) {
				t.Errorf("image %d is in the smaller subset only", image)
			}
		}
		last = got
	}
	again, _ := Subset(slices.Clone(labels), 4, 60, 7)
	other, _ := Subset(labels, 4, 60, 8)
	if !slices.Equal(again, last) || slices.Equal(other, last) {
		t.Error("a subset does not follow its seed")
	}
}

func TestSubsetShare_IsStratifiedWithAnImageOfEachClass(t *testing.T) {
	var labels []int32
	for class, n := range []int{300, 149, 3, 0, 1} {
		labels = append(labels, slices.Repeat([]int32{int32(class)}, n)...)
	}
	for _, c := range []struct {
		share float64
		want  []int
	}{
		{0.01, []int{3, 1, 1, 0, 1}},
		{0.1, []int{30, 15, 1, 0, 1}},
		{1, []int{300, 149, 3, 0, 1}},
	} {
		got, err := SubsetShare(labels, c.share, 1)
		if n := counts(t, labels, got, 5); err != nil || !slices.Equal(n, c.want) {
			t.Errorf("share %g: %v, %v; want %v", c.share, n, err, c.want)
		}
		again, _ := SubsetShare(labels, c.share, 1)
		if !slices.Equal(again, got) {
			t.Errorf("share %g: two draws of one seed differ", c.share)
		}
	}
}

func TestSubset_NamesTheClassThatIsTooSmall(t *testing.T) {
	labels := []int32{0, 0, 0, 2, 2, 1}
	subset := func(labels []int32, classes, perClass int) error {
		_, err := Subset(labels, classes, perClass, 1)
		return err
	}
	share := func(labels []int32, share float64) error {
		_, err := SubsetShare(labels, share, 1)
		return err
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{subset(labels, 3, 2), "class 1 has 1 train images: 2 of each class"},
		{subset(labels, 4, 1), "class 3 has 0 train images"},
		{subset(labels, 2, 1), "train label 2 of image 3"},
		{subset(labels, 3, 0), "at least one image of each class, got 0"},
		{subset(nil, 3, 1), "class 0 has 0"},
		{share(labels, 0), "got 0"},
		{share(labels, 1.5), "got 1.5"},
		{share(labels, math.NaN()), "got NaN"},
		{share(nil, 0.5), "no train labels"},
	} {
		if !usage.Is(c.err) || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("got %v, want a usage error with %q", c.err, c.want)
		}
	}
}

func TestFewShot_DrawIsTheLinearProbeOfItsSubset(t *testing.T) {
	train, labels := encoderLike(300, 8, 3, 1)
	test, _ := encoderLike(50, 8, 3, 2)
	for _, opt := range []FewShotOptions{{PerClass: 5, Draws: 2}, {Share: 0.1, Draws: 1}} {
		got, err := FewShot(programs, train, labels, test, 3, opt)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != opt.Draws {
			t.Fatalf("%d draws, want %d", len(got), opt.Draws)
		}
		for seed := range got {
			indices, err := opt.draw(labels, 3, uint64(seed))
			if err != nil {
				t.Fatal(err)
			}
			few, fewLabels := train.Pick(indices), PickLabels(labels, indices)
			want, err := LinearProbe(backend, few, fewLabels, Features{}, nil, test, 3,
				LinearOptions{L2: []float64{1 / float64(len(indices))}})
			if err != nil || !slices.Equal(got[seed], want.Predicted) {
				t.Errorf("%v, draw %d: %v, want %v (%v)", opt, seed, got[seed], want.Predicted, err)
			}
		}
		if opt.Draws == 2 && slices.Equal(got[0], got[1]) {
			t.Errorf("%v: two draws predict the same", opt)
		}
	}
}

func TestFewShot_PredictsAnImageWhateverTheOthersAre(t *testing.T) {
	train, labels := encoderLike(200, 8, 3, 1)
	test, _ := encoderLike(20, 8, 3, 2)
	poisoned := Features{N: 23, D: 8, X: append(slices.Clone(test.X), slices.Repeat([]float32{1e6}, 24)...)}
	want, err := FewShot(programs, train, labels, test, 3, FewShotOptions{Draws: 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := FewShot(programs, train, labels, poisoned, 3, FewShotOptions{Draws: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got[0][:20], want[0]) {
		t.Errorf("other test images change %v into %v", want[0], got[0][:20])
	}
}

func TestFewShot_RefusesWhatItCannotMeasure(t *testing.T) {
	train, labels := encoderLike(40, 4, 3, 1)
	bad := Features{N: 40, D: 4, X: slices.Clone(train.X)}
	bad.X[159] = float32(math.NaN()) // the last image, whether or not it is drawn
	probe := func(train Features, labels []int32, classes int, opt FewShotOptions) error {
		_, err := FewShot(programs, train, labels, train, classes, opt)
		return err
	}
	for _, c := range []struct {
		err   error
		usage bool
		want  string
	}{
		{probe(train, labels, 3, FewShotOptions{PerClass: 30}), true, "30 of each class cannot be drawn"},
		{probe(train, labels, 3, FewShotOptions{PerClass: 1, Share: 0.5}), true, "give one"},
		{probe(train, labels, 3, FewShotOptions{Draws: -1}), true, "at least one draw, got -1"},
		{probe(train, labels, 3, FewShotOptions{Share: -1}), true, "share of a few-shot subset"},
		{probe(train, make([]int32, 40), 2, FewShotOptions{Share: 0.5}), true, "are class 0"},
		{probe(train, labels[1:], 3, FewShotOptions{}), true, "39 train labels for 40 images"},
		{probe(bad, labels, 3, FewShotOptions{PerClass: 1}), false, "not finite: image 39"},
	} {
		if c.err == nil || usage.Is(c.err) != c.usage || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("got %v, want %q, of usage: %t", c.err, c.want, c.usage)
		}
	}
}

func TestFewShotOptions_ShowInTheName(t *testing.T) {
	for want, o := range map[string]FewShotOptions{
		"fewshot/lbfgs/10-per-class/draws3":  {},
		"fewshot/lbfgs/1-per-class/draws5":   {PerClass: 1, Draws: 5},
		"fewshot/lbfgs/1pc/draws3":           {Share: 0.01},
		"fewshot/lbfgs/7pc/draws3":           {Share: 0.07},
		"fewshot/lbfgs/0.5pc/draws1":         {Share: 0.005, Draws: 1},
		"fewshot/lbfgs/100-per-class/draws3": {PerClass: 100},
	} {
		if got := o.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
