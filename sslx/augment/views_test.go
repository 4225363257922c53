package augment

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"gonum.org/v1/gonum/stat"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
)

// before are the views that are there when a file is read, in the tests below.
var before = Views{{CropScale: 0.3, Gray: 0.1}, {CropScale: 0.3, Blur: 1}}

// readViews reads the value of the key views.
func readViews(text string) (Views, error) {
	document := struct{ Views Views }{slices.Clone(before)}
	err := yaml.Unmarshal([]byte("views: "+text), &document)
	return document.Views, err
}

func preset(t *testing.T, name string) Views {
	t.Helper()
	v, err := Preset(name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestViews_ReadFromANameAMappingOrAList(t *testing.T) {
	cifar, byol := preset(t, "simclr-cifar"), preset(t, "byol")
	gray := func(v Views, share float64) Views {
		v = slices.Clone(v)
		for i := range v {
			v[i].Gray = share
		}
		return v
	}

	for _, c := range []struct {
		text string
		want Views
	}{
		{"simclr-cifar", cifar},
		{"{gray: 0.4}", gray(before, 0.4)},
		{"{}", before},
		{"{gray: 0.4, preset: byol}", gray(byol, 0.4)},
		{"{preset: simclr-cifar, crop_scale: 0.2}", preset(t, "cifar")}, // as the first records of methods have it
		{"{preset: byol, count: 3}", Views{byol[0], byol[1], byol[0]}},
		{"{count: 1}", before[:1]},
		{"{patch: 8, patch_at: \"0,4\", size: 16, noise: 1}", Views{
			{Patch: 8, PatchAt: "0,4", Size: 16, Noise: 1, CropScale: 0.3, Gray: 0.1},
			{Patch: 8, PatchAt: "0,4", Size: 16, Noise: 1, CropScale: 0.3, Blur: 1}}},
		{"[{flip: 0.5}, {}, {preset: simclr-cifar, count: 1, size: 8}]",
			Views{{Flip: 0.5}, {}, cifar[0].with(func(c *Config) { c.Size = 8 })}},
		{"[{flip: 1, count: 2}, {preset: byol}]", Views{{Flip: 1}, {Flip: 1}, byol[0], byol[1]}},
		{"\n- &a {flip: 1}\n- *a", Views{{Flip: 1}, {Flip: 1}}},
		{"[{crop_scale: 0.2, same_region: true, count: 2}]",
			Views{{CropScale: 0.2, SameRegion: true}, {CropScale: 0.2, SameRegion: true}}},
	} {
		if got, err := readViews(c.text); err != nil || !got.Equal(c.want) {
			t.Errorf("%s: %+v (%v), want %+v", c.text, got, err, c.want)
		}
	}
}

func TestViews_WrongOnesAreAUsageErrorThatSaysWhatAndWhere(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"simclr-cifra", `unknown preset of views "simclr-cifra": did you mean "simclr-cifar"?`},
		{"3", `unknown preset of views "3"`},
		{"{grey: 0.4}", `unknown key "views.grey": did you mean "views.gray"?`},
		{"{gray: }", `"views.gray" has no value`},
		{"{gray: many}", `"views.gray" is many: it must be a number`},
		{`{gray: "0.4"}`, `"views.gray" is 0.4: it must be a number`},
		{"{gray: [1]}", `"views.gray" must be a number`},
		{"{size: 2.5}", `"views.size" is 2.5: it must be a whole number`},
		{"{patch_at: 3}", `"views.patch_at" is 3: it must be a text`},
		{"{same_region: 1}", `"views.same_region" is 1: it must be true or false`},
		{"{preset: byoll}", `did you mean "byol"?`},
		{"{preset: }", `"views.preset" has no value`},
		{"{count: 0}", `"views.count" is 0: it must be between 1 and 64`},
		{"{count: 1000000000}", "it must be between 1 and 64"},
		{"{gray: 0.1, gray: 0.2}", `"views.gray" is there twice`},
		{"[simclr]", "each of its entries must be keys with values"},
		{"\n- {}\n- ", "line 3"},
		{"{<<: {gray: 1}}", `unknown key "views.<<"`},
	} {
		if _, err := readViews(c.text); !usage.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestViews_WriteThemselvesWithoutPresets(t *testing.T) {
	cifar, byol := preset(t, "simclr-cifar"), preset(t, "byol")
	turned := Pipeline{Rotation{Degrees: 9}, Sometimes{HorizontalFlip{Probability: 1}, 0.25}}
	for _, c := range []struct {
		views Views
		want  string
	}{
		{cifar, "[{count: 2, crop_scale: 0.08, flip: 0.5, jitter: 0.5, gray: 0.2}]"},
		{byol, "[{crop_scale: 0.08, flip: 0.5, jitter: 0.5, jitter_saturation: 0.2, gray: 0.2, blur: 1}, " +
			"{crop_scale: 0.08, flip: 0.5, jitter: 0.5, jitter_saturation: 0.2, gray: 0.2, blur: 0.1, solarize: 0.2}]"},
		{Views{{Noise: 0.1, Patch: 4, PatchAt: "1,2"}, {}}, "[{patch: 4, patch_at: '1,2', noise: 0.1}, {}]"},
		{Views{{Flip: 0.5}, {Flip: 0.5}, {Gray: 1}}, "[{count: 2, flip: 0.5}, {gray: 1}]"},
		{Views{{}}, "[{}]"},
		{two(Config{Noise: 1, Operations: turned}),
			"[{count: 2, noise: 1, operations: [{name: rotation, degrees: 9}, " +
				"{name: sometimes, operation: {name: horizontal-flip, probability: 1}, probability: 0.25}]}]"},
	} {
		if got := c.views.String(); got != c.want {
			t.Errorf("%+v prints as %s, want %s", c.views, got, c.want)
		}
	}

	for _, name := range Presets() {
		v := preset(t, name)
		other := slices.Clone(v)
		other[0].Rotation, other[0].Operations = 7.5, turned
		for _, v := range []Views{v, other, v[:1]} {
			if got, err := readViews(v.String()); err != nil || !got.Equal(v) {
				t.Errorf("%s reads back as %+v (%v)", v, got, err)
			}
			text, err := yaml.Marshal(struct{ Views Views }{v})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := readViews(strings.TrimPrefix(string(text), "views:")); err != nil || !got.Equal(v) {
				t.Errorf("%s reads back as %+v (%v)", text, got, err)
			}
		}
	}
}

// A record must not change its meaning when a preset does.
func TestViews_RecordsKeepTheirMeaningWhenAPresetChanges(t *testing.T) {
	written := preset(t, "cifar")
	text, err := yaml.Marshal(struct{ Views Views }{written})
	if err != nil {
		t.Fatal(err)
	}

	unchanged := presets
	defer func() { presets = unchanged }()
	presets = slices.Clone(presets)
	for i := range presets {
		presets[i].views = Views{{Noise: 0.5}}
	}

	if changed := preset(t, "cifar"); changed.Equal(written) {
		t.Fatal("the preset did not change")
	}

	if read, err := readViews(strings.TrimPrefix(string(text), "views:")); err != nil || !read.Equal(written) {
		t.Errorf("the record reads as %v (%v), want %v", read, err, written)
	}
}

func TestViews_JSONIsAListWithoutTheKeysThatAreOff(t *testing.T) {
	text, err := json.Marshal(Views{{Flip: 0.5, Blur: 1}})
	want := `[{"size":0,"crop_scale":0,"flip":0.5,"jitter":0,"gray":0,"blur":1,"noise":0}]`
	if err != nil || string(text) != want {
		t.Errorf("got %s (%v), want %s", text, err, want)
	}
	var back Views
	if err := json.Unmarshal(text, &back); err != nil || !back.Equal(Views{{Flip: 0.5, Blur: 1}}) {
		t.Errorf("it reads back as %+v (%v)", back, err)
	}
}

// In the records of the repository, all views of a run are alike.
func TestViews_OfRecordsStillRead(t *testing.T) {
	paths, err := filepath.Glob("../../experiments/results/*/config.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no records: %v", err)
	}

	methods, err := filepath.Glob("../../experiments/results/methods/*/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	paths = append(paths, methods...)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		document := struct{ Views Views }{two(Config{Gray: 1})}
		if err := yaml.Unmarshal(text, &document); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if v := document.Views; len(v) < 2 || !v[0].Equal(v[1]) || v[0].CropScale == 0 || v[0].Gray == 1 {
			t.Errorf("%s: %+v", path, v)
		}
	}
}

func TestViews_CheckSaysWhichViewIsWrong(t *testing.T) {
	for _, c := range []struct {
		views Views
		want  string
	}{
		{nil, "views has 0 views: there must be between 1 and 64"},
		{make(Views, 65), "views has 65 views: there must be between 1 and 64"},
		{two(Config{Flip: 2}), "views.flip is 2: it must be between 0 and 1"},
		{Views{{}, {Flip: 2}}, "views[1].flip is 2: it must be between 0 and 1"},
		{Views{{CropScale: 0.3}, {CropScale: 0.2, SameRegion: true}}, "views[1].same_region is true, but size, patch " +
			"or crop are not those of the first view: make them equal"},
	} {
		if err := c.views.Check(); !usage.Is(err) || err.Error() != c.want {
			t.Errorf("%+v: %v, want %q", c.views, err, c.want)
		}
	}

	for _, name := range Presets() {
		if err := preset(t, name).Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestViews_OfTheSameRegionDifferInWhatFollowsTheCrop(t *testing.T) {
	const n = 3
	region := Config{Patch: 8, CropScale: 0.2, Size: 6}
	same, noisy := region, region
	same.SameRegion = true
	noisy.SameRegion, noisy.Noise = true, 0.1
	views := Views{region, same, noisy, region}

	for _, count := range []int{1, n} {
		images := randomImages(count, 10, 10)
		made := call(t, testbackend.Open(t), func(images, stream, samples *Node) (outputs []*Node) {
			for _, v := range views.Make(FromBytes(images), Key{Stream: stream, Samples: samples}, []float64{0, 0, 0},
				[]float64{1, 1, 1}) {
				outputs = append(outputs, v.Images)
			}
			return outputs
		}, images, Stream(3, 0), upTo(count))

		if d := largestDifference(made[0], made[1]); d != 0 {
			t.Errorf("%d images: two views of one region differ by %g", count, d)
		}
		if d := largestDifference(made[0], made[2]); d == 0 || d > 1 {
			t.Errorf("%d images: with noise of 0.1 the view of the region differs by %g", count, d)
		}
		if d := largestDifference(made[0], made[3]); d == 0 {
			t.Errorf("%d images: a view with a region of its own has the first view's", count)
		}
	}
}

func TestViews_OfDifferentSizesHaveDrawsOfTheirOwn(t *testing.T) {
	const n = 2000
	images := randomImages(n, 10, 10)
	views := Views{{CropScale: 0.14, Flip: 0.5}, {CropScale: 0.05, SizeShare: 0.43, Flip: 0.5}, {Flip: 0.5, Size: 3}}
	mean, std := []float64{0.5, 0.4, 0.3}, []float64{0.1, 0.2, 0.3}
	made := call(t, testbackend.Open(t), func(images, stream, samples *Node) (outputs []*Node) {
		x := FromBytes(images)
		key := Key{Stream: stream, Samples: samples, View: 5}
		for _, v := range views.Make(x, key, mean, std) {
			outputs = append(outputs, v.Images, v.Params[1]["flipped"])
		}
		p := views[2].Pipeline(10, 10)
		last := p.Make(x, Key{Stream: stream, Samples: samples, View: 7})
		return append(outputs, Normalize(last.Images, mean, std))
	}, images, Stream(3, 0), upTo(n))

	for i, side := range []int{10, 4, 3} { // 0.43 of 10 is 4
		if got := len(made[2*i]); got != n*side*side*3 {
			t.Errorf("view %d has %d values, want those of %d pixels a side", i, got, side)
		}
		for j := range i {
			r := stat.Correlation(float64s(made[2*i+1]), float64s(made[2*j+1]), nil)
			if math.Abs(r) > 4/math.Sqrt(n) {
				t.Errorf("the flips of the views %d and %d are correlated: %.3f", i, j, r)
			}
		}
	}

	if d := largestDifference(made[4], made[6]); d > 1e-6 {
		t.Errorf("view 2 under the key of view 5 is not that of view 7: they differ by %g", d)
	}
}
