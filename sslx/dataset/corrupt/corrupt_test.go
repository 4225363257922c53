package corrupt

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
)

// golden is testdata/golden.json, written by testdata/golden.py: imagecorruptions 1.1.2, by "side severity" and name.
type golden struct {
	Exact  map[string]map[string][]int        `json:"exact"`
	Random map[string]map[string][2][]float64 `json:"random"` // means of measures over draws, and their deviations
	Motion map[string]map[string][]int        `json:"motion"` // by angle in degrees
}

func readGolden(t *testing.T) (want golden) {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	return want
}

// strides are how many values lie between those that golden.json has, by side.
var strides = map[int]int{32: 7, 96: 61}

// waves is the image of testdata/golden.py, so many times.
func waves(side, n int) dataset.Images {
	wave := func(t int) int { return max(t%510-255, 255-t%510) }
	var pixels []byte
	for range n {
		for y := range side {
			for x := range side {
				for c := range 3 {
					smooth := (3*wave(7*x+3*y+60*c) + wave(11*y+2*x*(c+1))) / 4
					pixels = append(pixels, byte(min(255, smooth*9/10+(31*x+17*y+7*c)%23)))
				}
			}
		}
	}
	return dataset.Images{Pixels: pixels, N: n, Height: side, Width: side, Channels: 3}
}

// sideOf reads a key of golden.json.
func sideOf(t *testing.T, key string) (side, severity int) {
	t.Helper()
	if _, err := fmt.Sscan(key, &side, &severity); err != nil {
		t.Fatal(err)
	}
	return side, severity
}

// theirs is the name of a corruption in imagecorruptions.
func theirs(name string) string {
	return strings.Replace(strings.ReplaceAll(name, "-", "_"), "jpeg", "jpeg_compression", 1)
}

// furthest returns the largest difference of some bytes from every stride-th byte of others.
func furthest(got []byte, want []int, stride int) (worst int) {
	for i, v := range want {
		worst = max(worst, v-int(got[i*stride]), int(got[i*stride])-v)
	}
	return worst
}

func TestImages_AgreeWithImagecorruptions(t *testing.T) {
	want, worst := readGolden(t), map[string]int{}
	for key, all := range want.Exact {
		side, severity := sideOf(t, key)
		for _, name := range Names() {
			values, exact := all[theirs(name)]
			if !exact {
				continue
			}
			got, err := Images(context.Background(), name, severity, waves(side, 1), 0)
			if err != nil {
				t.Fatal(err)
			}
			worst[name] = max(worst[name], furthest(got.Pixels, values, strides[side]))
		}
	}
	for key, all := range want.Motion {
		side, severity := sideOf(t, key)
		line := strength(&picture{height: side, width: side}, severity-1,
			[...][2]float64{{6, 1}, {6, 1.5}, {6, 2}, {8, 2}, {9, 2.5}},
			[...][2]float64{{10, 3}, {15, 5}, {15, 8}, {15, 12}, {20, 15}})
		for degrees, values := range all {
			var angle float64
			if _, err := fmt.Sscan(degrees, &angle); err != nil {
				t.Fatal(err)
			}
			p := newPicture(waves(side, 1).Pixels, side, side)
			p.smear(int(line[0]), line[1], angle*math.Pi/180)
			worst["motion-blur"] = max(worst["motion-blur"], furthest(p.bytes(), values, strides[side]))
		}
	}
	t.Log("largest differences in levels:", worst)
	if len(worst) != 8 {
		t.Fatalf("%d corruptions were compared", len(worst))
	}
	for name, levels := range worst {
		if levels > 2 {
			t.Errorf("%s is up to %d levels off", name, levels)
		}
	}
}

// What is random has the same distribution: the means over draws of the mean and the deviation of the change, and of
// the difference between neighbors.
func TestImages_AreDistributedAsInImagecorruptions(t *testing.T) {
	want := readGolden(t)
	draws := map[int]int{32: 60, 96: 8}
	for key, all := range want.Random {
		side, severity := sideOf(t, key)
		before := waves(side, 1).Pixels
		for _, name := range Names() {
			theirs, random := all[theirs(name)]
			if !random {
				continue
			}
			n := draws[side]
			images, err := Images(context.Background(), name, severity, waves(side, n), 0)
			if err != nil {
				t.Fatal(err)
			}
			var got [3]float64
			for i := range n {
				for k, v := range measuresOf(before, images.At(i), side) {
					got[k] += v / float64(n)
				}
			}
			for k, v := range got {
				// Both means are uncertain by the deviation of a draw; a byte may be rounded otherwise.
				allowed := 4.5*theirs[1][k]*math.Sqrt(1/float64(n)+1/20.) + 0.15
				if !(math.Abs(v-theirs[0][k]) <= allowed) {
					t.Errorf("%s, %s: measure %d is %.3f, want %.3f within %.3f", name, key, k, v, theirs[0][k],
						allowed)
				}
			}
		}
	}
}

// measuresOf are the mean and the deviation of the change of an image, and the mean difference between neighbors in it.
func measuresOf(before, after []byte, side int) [3]float64 {
	n := float64(len(before))
	var sum, squares, steps float64
	for i := range before {
		change := float64(after[i]) - float64(before[i])
		sum, squares = sum+change, squares+change*change
		if i/3%side != 0 {
			steps += math.Abs(change - float64(after[i-3]) + float64(before[i-3]))
		}
	}
	mean := sum / n
	return [3]float64{mean, math.Sqrt(squares/n - mean*mean), steps / (n * float64(side-1) / float64(side))}
}

// An image depends on its number alone, and the last severity is worse than the first.
func TestImages_DependOnTheirNumberAndGetWorse(t *testing.T) {
	ctx, images := context.Background(), waves(32, 5)
	for _, name := range Names() {
		var first, last float64
		for severity := 1; severity <= Severities; severity++ {
			all, err := Images(ctx, name, severity, images, 0)
			if err != nil {
				t.Fatal(err)
			}
			alone, err := Images(ctx, name, severity, images.Slice(3, 4), 3)
			if err != nil || !slices.Equal(alone.Pixels, all.At(3)) {
				t.Errorf("%s: image 3 is another one by itself (%v)", name, err)
			}
			m := measuresOf(images.At(0), all.At(3), 32)
			if last = math.Hypot(m[0], m[1]); severity == 1 {
				first = last
			}
		}
		if last <= first && name != "saturate" { // which goes both ways
			t.Errorf("%s: the last severity changes by %.2f, the first by %.2f", name, last, first)
		}
	}
}

func TestImages_RefuseWhatTheyCannotDo(t *testing.T) {
	ctx, gray := t.Context(), dataset.Images{Pixels: make([]byte, 16), N: 1, Height: 4, Width: 4, Channels: 1}
	for what, call := range map[string]func() (dataset.Images, error){
		"did you mean \"fog\"": func() (dataset.Images, error) { return Images(ctx, "fogg", 1, waves(8, 1), 0) },
		"severity 6":           func() (dataset.Images, error) { return Images(ctx, "fog", 6, waves(8, 1), 0) },
		"1 channels":           func() (dataset.Images, error) { return Images(ctx, "fog", 1, gray, 0) },
	} {
		if _, err := call(); !usage.Is(err) || !strings.Contains(err.Error(), what) {
			t.Errorf("got %v, want %s", err, what)
		}
	}
}
