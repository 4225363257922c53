package sslx

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/evaluate"
)

// ownImages returns PNG images of 16x16 pixels of two classes, bright and dark ones, in turn.
func ownImages(t *testing.T, seed uint64, n int) (pngs [][]byte) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range n {
		img := image.NewRGBA(image.Rect(0, 0, 16, 16))
		for k := range 256 {
			v := uint8(random.IntN(128) + 127*(i%2))
			img.Set(k%16, k/16, color.RGBA{v, v / 2, 255 - v, 255})
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		pngs = append(pngs, b.Bytes())
	}
	return pngs
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// writeParquet writes images as a hub serves them.
func writeParquet(t *testing.T, path string, images [][]byte) {
	t.Helper()
	type row struct {
		Image struct {
			Bytes []byte `parquet:"bytes"`
		} `parquet:"image"`
		Label int64 `parquet:"label"`
	}
	rows := make([]row, len(images))
	for i := range rows {
		rows[i].Image.Bytes, rows[i].Label = images[i], int64(i%2)
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, b.Bytes())
}

// writeShard writes images as a WebDataset shard.
func writeShard(t *testing.T, path string, images [][]byte) {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, content := range images {
		for name, data := range map[string][]byte{"png": content, "cls": {byte('0' + i%2)}} {
			head := &tar.Header{Name: fmt.Sprintf("%05d.%s", i, name), Size: int64(len(data)), Mode: 0o644}
			if err := w.WriteHeader(head); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, b.Bytes())
}

// short is a training of two steps on the data at a path.
func short(data string) Config {
	c := Default()
	c.Data, c.Epochs, c.Batch, c.LogSteps, c.Views = data, 1, 16, 1, augment.MustPreset("no-color")
	c.Encoder, c.Projector = encoder.ConvNet{Width: 4}, []int{8}
	return c
}

// trained trains in a new folder and measures kNN on tasks. It returns the names of the tasks with results.
func trained(t *testing.T, c Config, tasks ...string) (dir string, measured map[string]int) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	if _, err := Pretrain(ctx, dir, c, Options{}); err != nil {
		t.Fatal(err)
	}
	results, err := Evaluate(ctx, dir, EvaluateOptions{Tasks: tasks, Protocols: []string{"knn"}, Baselines: true})
	if err != nil {
		t.Fatal(err)
	}
	measured = map[string]int{}
	for _, r := range results {
		measured[r.Task]++
	}
	return dir, measured
}

func TestPretrain_OnParquetFilesAndEvaluateOnShards(t *testing.T) {
	cached(t)
	train, test := ownImages(t, 1, 32), ownImages(t, 2, 24)
	root := t.TempDir()
	hub, shards := filepath.Join(root, "hub"), filepath.Join(root, "shards")
	writeParquet(t, filepath.Join(hub, "train-00000-of-00001.parquet"), train)
	writeParquet(t, filepath.Join(hub, "test-00000-of-00001.parquet"), test)
	writeShard(t, filepath.Join(shards, "train-000000.tar"), train[:16])
	writeShard(t, filepath.Join(shards, "train-000001.tar"), train[16:])
	writeShard(t, filepath.Join(shards, "test-000000.tar"), test)

	_, measured := trained(t, short(hub), "hub", shards)
	if measured["hub/label"] != 4 || measured["shards/class"] != 4 {
		t.Errorf("results by task: %v", measured)
	}

	// The same images: a training on shards has the same pixels and labels.
	prints := map[string]bool{}
	for _, source := range []string{hub, shards} {
		set, err := dataset.Locate(ctx, source, dataset.LocateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		split, err := set.Split("train")
		if err != nil {
			t.Fatal(err)
		}
		prints[string(split.Pixels)] = true
		if err := set.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(prints) != 1 {
		t.Error("the images of the two sets differ")
	}
}

func TestPretrain_OnImagesOfFiveChannels(t *testing.T) {
	cached(t)
	source := filepath.Join(t.TempDir(), "bands")
	random := rand.New(rand.NewPCG(3, 0))
	for i := range 56 {
		head := "{'descr': '|u1', 'fortran_order': False, 'shape': (16, 16, 5), }\n"
		file := append(binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(head))), head...)
		for range 16 * 16 * 5 {
			file = append(file, byte(random.IntN(128)+127*(i%2)))
		}
		split := "train"
		if i >= 32 {
			split = "test"
		}
		writeFile(t, filepath.Join(source, split, []string{"dark", "bright"}[i%2], fmt.Sprintf("%d.npy", i)), file)
	}

	if _, err := Pretrain(ctx, filepath.Join(t.TempDir(), "x"), func() Config {
		c := short(source)
		c.Views = augment.MustPreset("cifar")
		return c
	}(), Options{}); !IsUsage(err) {
		t.Errorf("jitter of five channels: %v", err)
	}
	dir, measured := trained(t, short(source), "bands", "made-rotation")
	if measured["bands/class"] != 4 || measured["bands/made-rotation"] != 4 {
		t.Errorf("results by task: %v", measured)
	}
	g, err := Illustrate(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Originals[0]) != 16*16*3 || len(g.Views[0][0]) != 16*16*3 {
		t.Errorf("pictures of %d and %d bytes", len(g.Originals[0]), len(g.Views[0][0]))
	}
}

// Fluorescence images have one channel with anything in it, and some sets hold one gray or black alone.
func TestPretrain_OnImagesWithoutVariance(t *testing.T) {
	cached(t)
	for name, v := range map[string]color.RGBA{"green": {}, "gray": {128, 128, 128, 255}} {
		source := filepath.Join(t.TempDir(), name)
		random := rand.New(rand.NewPCG(4, 0))
		for i := range 24 {
			img := image.NewRGBA(image.Rect(0, 0, 8, 8))
			for at := range 64 {
				c := v
				if name == "green" {
					c = color.RGBA{0, uint8(random.IntN(256)), 0, 255}
				}
				img.SetRGBA(at%8, at/8, c)
			}
			var b bytes.Buffer
			if err := png.Encode(&b, img); err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(source, fmt.Sprintf("%d.png", i)), b.Bytes())
		}

		// A loss that is no number ends a training with an error.
		c := short(source)
		c.Batch, c.Encoder = 8, encoder.ConvNet{Width: 2}
		summary, err := Pretrain(ctx, filepath.Join(t.TempDir(), "run"), c, Options{})
		if err != nil || math.IsNaN(summary.FinalLoss) {
			t.Errorf("%s: loss %v, %v", name, summary.FinalLoss, err)
		}
	}
}

// Whatever somebody's images come in, the encoder is measured on labeled sets by every protocol. The sets are stand-ins
// of their names.
func TestEvaluate_AllProtocolsOnLabeledSetsWhateverWasTrainedOn(t *testing.T) {
	cached(t)
	data, root := t.TempDir(), t.TempDir()
	t.Setenv("SSLX_DATA", data)
	for _, set := range []string{"cifar10", "eurosat5k"} {
		in := func(class string) string { return filepath.Join(data, set, class, "*.png") }
		imagesAt(t, 10, in("train/a"), in("train/b"), in("test/a"), in("test/b"))
	}

	images := ownImages(t, 5, 32)
	for i, content := range images {
		writeFile(t, filepath.Join(root, "flat", fmt.Sprintf("%d.png", i)), content)
	}
	writeParquet(t, filepath.Join(root, "hub", "train-00000-of-00001.parquet"), images)
	writeShard(t, filepath.Join(root, "shards", "train-000000.tar"), images)

	// Some protocols train, or encode the images in 65 ways: once is enough.
	slow := []string{evaluate.ProtocolFineTune, evaluate.ProtocolFineTuneShort, evaluate.ProtocolCorruptions}
	quick := slices.DeleteFunc(evaluate.Names(), func(name string) bool { return slices.Contains(slow, name) })
	for _, source := range []string{"flat", "hub", "shards"} {
		dir := filepath.Join(t.TempDir(), "run")
		c := short(filepath.Join(root, source))
		c.Batch, c.Encoder = 8, encoder.ConvNet{Width: 2}
		if _, err := Pretrain(ctx, dir, c, Options{}); err != nil {
			t.Fatal(err)
		}
		results, err := Evaluate(ctx, dir, EvaluateOptions{Tasks: []string{"cifar10", "eurosat5k"}, Protocols: quick})
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		for _, set := range []string{"cifar10", "eurosat5k"} {
			wantMeasured(t, results, set+"/class knn", set+"/class linear", set+"/class mlp", set+"/class few-shot",
				set+"/class kmeans", set+"/class retrieval", set+" rankme")
		}

		if source == "flat" {
			results, err := Evaluate(ctx, dir, EvaluateOptions{Tasks: []string{"cifar10"},
				Protocols: []string{evaluate.AllProtocols}})
			if err != nil {
				t.Fatal(err)
			}
			wantMeasured(t, results, "cifar10/class knn", "cifar10/class fine-tune", "cifar10/class corruptions")
		}
	}
}
