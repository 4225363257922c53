package sslx

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/record"
)

// imagesAt writes n images of random colors, 8 pixels wide, at each of the paths, in which * stands for the number.
func imagesAt(t *testing.T, n int, paths ...string) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 0))
	for k, path := range paths {
		for i := range n {
			m := image.NewRGBA(image.Rect(0, 0, 8, 8))
			for at := range 64 {
				m.SetRGBA(at%8, at/8, color.RGBA{byte(100*k) + byte(random.IntN(99)), byte(random.IntN(256)), 50, 255})
			}
			name := strings.Replace(path, "*", fmt.Sprint(i), 1)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			file, err := os.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(file, m); err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A flat folder of photographs is all that somebody has, and two labeled sets that the encoder is measured on. The sets
// are stand-ins of their names.
func TestUnlabeled_AFlatFolderIsTrainedOnAndMeasured(t *testing.T) {
	cached(t)
	data := t.TempDir()
	t.Setenv("SSLX_DATA", data)
	imagesAt(t, 64, filepath.Join(data, "photos", "*.png"))
	for _, set := range []string{"cifar10", "eurosat5k"} {
		in := func(class string) string { return filepath.Join(data, set, class, "*.png") }
		imagesAt(t, 12, in("train/a"), in("train/b"), in("test/a"), in("test/b"))
	}

	c := Default()
	c.Data, c.Epochs, c.Batch = filepath.Join(data, "photos"), 1, 16
	for i := range c.Views {
		c.Views[i].Jitter = 0
	}
	c.Encoder, c.Projector = encoder.ConvNet{Width: 2}, []int{8, 8}
	dir := filepath.Join(t.TempDir(), "flat")
	var said []string
	opt := Options{Warn: func(sentence string) { said = append(said, sentence) }}
	summary, err := Pretrain(ctx, dir, c, opt)
	if err != nil {
		t.Fatal(err)
	}
	if len(summary.Tasks) != 0 || !slices.Equal(summary.Splits, []string{"train", "test"}) {
		t.Errorf("%+v", summary)
	}
	for _, note := range []string{"the set has no labels", "13 of 64 images were cut from train"} {
		if n := strings.Count(strings.Join(said, "\n"), note); n != 1 {
			t.Errorf("%q was said %d times: %q", note, n, said)
		}
	}

	// Nothing asked for: what can be measured is measured, and what could serve is said.
	said = nil
	results, err := Evaluate(ctx, dir, EvaluateOptions{Options: opt})
	if err != nil {
		t.Fatal(err)
	}
	wantMeasured(t, results, "photos rankme", "photos/made-rotation knn", "photos/made-gray knn",
		"photos/made-blur linear")
	if !strings.Contains(strings.Join(said, "\n"), "photos has no labels") ||
		!strings.Contains(strings.Join(said, "\n"), "cifar10, eurosat5k") {
		t.Errorf("said %q", said)
	}

	// Measures without labels are of the photographs, not of what is made from them.
	for _, tasks := range [][]string{nil, {"made-rotation", "made-gray"}} {
		results, err = Evaluate(ctx, dir, EvaluateOptions{Tasks: tasks, Protocols: []string{"label-free"},
			Options: opt})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			same := func(other record.Result) bool { return other.Protocol == r.Protocol }
			if r.Task != "photos" || slices.ContainsFunc(results[:i], same) {
				t.Errorf("%s is measured on %s, with tasks %v", r.Protocol, r.Task, tasks)
			}
		}
	}

	// Labels of the photographs are asked for: there are none.
	_, err = Evaluate(ctx, dir, EvaluateOptions{Tasks: []string{"photos"}, Protocols: []string{"knn"}, Options: opt})
	if !usage.Is(err) || !strings.Contains(err.Error(), "made-rotation") || !strings.Contains(err.Error(), "cifar10") {
		t.Errorf("error %v", err)
	}
	if _, err := Illustrate(ctx, dir, opt); err != nil {
		t.Error(err)
	}

	// Labeled sets, by protocols of each kind.
	protocols := []string{"knn", "linear", "few-shot", "kmeans", "retrieval", "label-free"}
	results, err = Evaluate(ctx, dir, EvaluateOptions{Tasks: []string{"cifar10", "eurosat5k"},
		Protocols: protocols, Options: opt})
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []string{"cifar10", "eurosat5k"} {
		wantMeasured(t, results, set+"/class knn", set+"/class linear", set+"/class few-shot", set+"/class kmeans",
			set+"/class retrieval", set+" rankme")
	}
}

// wantMeasured fails unless there are results of these tasks and families of protocols.
func wantMeasured(t *testing.T, results []record.Result, want ...string) {
	t.Helper()
	got := map[string]bool{}
	for _, r := range results {
		got[r.Task+" "+r.Protocol.Name()] = true
		got[r.Task+" "+r.Protocol.Family] = true
	}
	for _, w := range want {
		if !got[w] {
			t.Errorf("%s was not measured: there are %v", w, got)
		}
	}
}
