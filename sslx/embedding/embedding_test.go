package embedding

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sslx-go/lab/internal/faults"
	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/testonnx"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/progress"
)

const side = 8

// tinyFile writes an ONNX encoder of images of 8x8, changed by change.
func tinyFile(t *testing.T, dir string, change func(*testonnx.Model)) string {
	t.Helper()
	m := testonnx.Tiny()
	m.Metadata = map[string]string{"input_size": "[3, 8, 8]", "mean": "[0.5, 0.5, 0.5]", "std": "[0.25, 0.5, 1]"}
	if change != nil {
		change(&m)
	}
	path := filepath.Join(dir, "tiny.onnx")
	if err := os.WriteFile(path, m.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// load opens a file in pure Go.
func load(t *testing.T, path string, opt Options) *Model {
	t.Helper()
	testbackend.PureGo(t) // skips under -race
	opt.Backend = "go"
	m, err := Load(t.Context(), path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// picture returns an image that no other number has.
func picture(i int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for at := range side * side {
		img.Set(at%side, at/side, color.NRGBA{uint8(at * (i + 1)), uint8(at + 11*i), uint8(7 * i * i), 255})
	}
	return img
}

// folder writes ten images of two classes, with a test split, and keeps the cache apart.
func folder(t *testing.T) string {
	t.Helper()
	t.Setenv("SSLX_CACHE", t.TempDir())
	dir := filepath.Join(t.TempDir(), "pictures")
	for i := range 10 {
		split, class := "train", []string{"cat", "dog"}[i%2]
		if i >= 6 {
			split = "test"
		}
		var file bytes.Buffer
		if err := png.Encode(&file, picture(i)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, split, class, fmt.Sprintf("%d.png", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// order is the number of the picture in each row of the folder's set.
var order = []int{0, 2, 4, 1, 3, 5, 6, 8, 7, 9}

// oracle is the encoder of testonnx.Tiny in plain Go, after the normalization of tinyFile.
func oracle(img image.Image) (features [2]float64) {
	std := [3]float64{0.25, 0.5, 1}
	pixel := func(x, y, c int) float64 {
		of := img.At(x, y).(color.NRGBA)
		return (float64([]uint8{of.R, of.G, of.B}[c])/255 - 0.5) / std[c]
	}
	for c := range 2 {
		for y := 0; y < side; y += 2 {
			for x := 0; x < side; x += 2 {
				sum := []float64{0.5, 1}[c]
				for k := range 12 {
					in, dy, dx := k/4, k/2%2, k%2
					sum += (float64((12*c+k)%7) - 3) * pixel(x+dx, y+dy, in)
				}
				features[c] += max(sum, 0) / 16
			}
		}
	}
	return features
}

func checkFeatures(t *testing.T, got []float32, i int) {
	t.Helper()
	for c, want := range oracle(picture(i)) {
		if len(got) != 2 || math.Abs(float64(got[c])-want) > 1e-5*max(1, want) {
			t.Errorf("features of picture %d are %v, want %v", i, got, oracle(picture(i)))
			return
		}
	}
}

func TestModel_Embed(t *testing.T) {
	m := load(t, tinyFile(t, t.TempDir(), nil), Options{})
	if h, w := m.Size(); m.Dim() != 2 || h != side || w != side || m.Name() != "tiny" || m.Layer() != "features" {
		t.Fatalf("model %s gives %d features of layer %s for images of %dx%d", m.Name(), m.Dim(), m.Layer(), h, w)
	}

	// Batches of 1, 8 and more images are different programs, and must not differ.
	var pictures []image.Image
	for i := range 70 {
		pictures = append(pictures, picture(i))
	}
	for _, n := range []int{1, 3, 8, 9, 70} {
		all, err := m.Embed(t.Context(), pictures[:n]...)
		if err != nil || len(all) != n {
			t.Fatalf("%d images give %d features: %v", n, len(all), err)
		}
		for i, features := range all {
			checkFeatures(t, features, i)
		}
	}
	if all, err := m.Embed(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("no images give %v, %v", all, err)
	}
	if _, err := m.Embed(t.Context(), image.NewRGBA(image.Rectangle{})); !usage.Is(err) {
		t.Errorf("an image without pixels gives %v", err)
	}
}

// TestModel_EmbedDoesNotWriteToImages has the image models whose memory an import reuses.
func TestModel_EmbedDoesNotWriteToImages(t *testing.T) {
	m := load(t, tinyFile(t, t.TempDir(), nil), Options{})
	clear := color.NRGBA64{100 << 8, 200 << 8, 50 << 8, 7 << 8}
	rect := image.Rect(0, 0, 2*side, side)
	a, b := image.NewNRGBA(rect), image.NewNRGBA64(rect)
	for at := range 2 * side * side {
		a.Set(at%(2*side), at/(2*side), clear)
		b.Set(at%(2*side), at/(2*side), clear)
	}
	before := append(slices.Clone(a.Pix), b.Pix...)
	if _, err := m.Embed(t.Context(), a, b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, append(slices.Clone(a.Pix), b.Pix...)) {
		t.Error("Embed changed the images")
	}
}

// TestModel_EmbedFromManyGoroutines computes on XLA where it is, so that the race detector can look on.
func TestModel_EmbedFromManyGoroutines(t *testing.T) {
	path := tinyFile(t, t.TempDir(), nil)
	m, err := Load(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m.Backend() == "go" {
		testbackend.PureGo(t) // skips under -race
	}
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			all, err := m.Embed(context.Background(), picture(i), picture(i+1))
			if err != nil {
				t.Error(err)
				return
			}
			checkFeatures(t, all[0], i)
			checkFeatures(t, all[1], i+1)
		})
	}
	wait.Wait()

	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Embed(t.Context(), picture(0)); !usage.Is(err) {
		t.Errorf("a closed model gives %v", err)
	}
}

func TestLoad_RefusesWhatIsNotKnown(t *testing.T) {
	dir := t.TempDir()
	bare := tinyFile(t, dir, func(m *testonnx.Model) { m.Metadata = nil })
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	half := []float64{0.5, 0.5, 0.5}
	for _, c := range []struct {
		path, argument string
		opt            Options
	}{
		{filepath.Join(dir, "absent"), "run", Options{}},
		{text, "", Options{}},
		{dir, "run", Options{}}, // a folder that is no run
		{bare, "size", Options{Mean: half, Std: half}},
		{bare, "mean", Options{Size: side, Std: half}},
		{bare, "std", Options{Size: side, Mean: half}},
		{bare, "std", Options{Size: side, Mean: half, Std: []float64{1, 0, 1}}},
		{bare, "mean", Options{Size: side, Mean: half[:1], Std: half}},
		{bare, "", Options{Size: side, Mean: half, Std: half, Layer: "map"}},
	} {
		c.opt.Backend = "go"
		_, err := Load(t.Context(), c.path, c.opt)
		if !usage.Is(err) || c.argument != "run" && usage.ArgumentOf(err) != c.argument {
			t.Errorf("%s with %+v: the error is %v, want a usage error about %q", filepath.Base(c.path), c.opt, err,
				c.argument)
		}
	}
}

func TestWrite_EveryFormat(t *testing.T) {
	m, data, dir := load(t, tinyFile(t, t.TempDir(), nil), Options{}), folder(t), t.TempDir()
	for ending := range formats {
		out := filepath.Join(dir, "features"+ending)
		info, err := Write(t.Context(), m, data, out, WriteOptions{})
		if err != nil {
			t.Fatal(err)
		}
		x, err := ReadIndex(out)
		if err != nil {
			t.Fatal(err)
		}
		if x.Info.Images != 10 || info.Identity != m.Identity() || x.Check(m) != nil {
			t.Errorf("%s: the info is %+v: %v", ending, x.Info, x.Check(m))
		}

		f, _ := formatOf(out)
		rows, features, err := f.read(out, info)
		if err != nil {
			t.Fatal(err)
		}
		for row, i := range order {
			checkFeatures(t, features.Row(row), i)
			split, class := "train", []string{"cat", "dog"}[i%2]
			if i >= 6 {
				split = "test"
			}
			want := Row{fmt.Sprintf("%s/%s/%d.png", split, class, i), split, []string{class}}
			if r := rows[row]; r.Name != want.Name || r.Split != want.Split || !slices.Equal(r.Labels, want.Labels) {
				t.Errorf("%s: row %d is %+v, want %+v", ending, row, rows[row], want)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("there remain %v", left)
	}
}

func TestWrite_OneSplit(t *testing.T) {
	m, data := load(t, tinyFile(t, t.TempDir(), nil), Options{}), folder(t)
	out := filepath.Join(t.TempDir(), "test.npy")
	info, err := Write(t.Context(), m, data, out, WriteOptions{Splits: []string{"test"}})
	if err != nil || info.Images != 4 {
		t.Fatalf("%d images: %v", info.Images, err)
	}
	if _, err := Write(t.Context(), m, data, out, WriteOptions{Splits: []string{"tset"}}); !usage.Is(err) {
		t.Errorf("a misspelled split gives %v", err)
	}
	if _, err := Write(t.Context(), m, data, "features.txt", WriteOptions{}); usage.ArgumentOf(err) != "out" {
		t.Errorf("an unknown ending gives %v", err)
	}
}

// TestWrite_ResumesAfterAKill stops after the first of five batches, damages what was left in several ways, and
// compares the files with those of an uninterrupted call.
func TestWrite_ResumesAfterAKill(t *testing.T) {
	m, data, dir := load(t, tinyFile(t, t.TempDir(), nil), Options{}), folder(t), t.TempDir()
	m.most = 2
	whole := filepath.Join(dir, "whole.csv")
	if _, err := Write(t.Context(), m, data, whole, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}

	// Each returns the number of rows that are still good.
	damages := map[string]func(spool []byte) ([]byte, int64){
		"none":       func(b []byte) ([]byte, int64) { return b, 4 },
		"cut":        func(b []byte) ([]byte, int64) { return b[:len(b)-3], 2 },
		"zeros":      func(b []byte) ([]byte, int64) { return append(b, make([]byte, 100)...), 4 },
		"flipped":    func(b []byte) ([]byte, int64) { b[len(b)-9] ^= 1; return b, 2 },
		"other line": func(b []byte) ([]byte, int64) { b[5] ^= 1; return b, 0 },
		"empty":      func([]byte) ([]byte, int64) { return nil, 0 },
	}
	for _, name := range slices.Sorted(maps.Keys(damages)) {
		out := filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".csv")
		ctx, cancel := context.WithCancel(t.Context())
		stop := progress.Options{Progress: func(s progress.State) {
			if strings.HasPrefix(s.Phase, "embed") && s.Done == 4 {
				cancel()
			}
		}}
		if _, err := Write(ctx, m, data, out, WriteOptions{Options: stop}); err == nil {
			t.Fatalf("%s: an interrupted call gives no error", name)
		}
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("%s: an interrupted call leaves %s", name, out)
		}

		left, err := os.ReadFile(spoolPath(out))
		if err != nil {
			t.Fatal(err)
		}
		spoiled, good := damages[name](left)
		if err := os.WriteFile(spoolPath(out), spoiled, 0o644); err != nil {
			t.Fatal(err)
		}

		first := int64(-1)
		again := progress.Options{Progress: func(s progress.State) {
			if strings.HasPrefix(s.Phase, "embed") && first < 0 {
				first = s.Done
			}
		}}
		if _, err := Write(t.Context(), m, data, out, WriteOptions{Options: again}); err != nil {
			t.Fatal(err)
		}
		if first != good {
			t.Errorf("%s: the next call continues after %d images, want %d", name, first, good)
		}
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: the result is another one: %v", name, err)
		}
	}
}

func TestWrite_OneAtATime(t *testing.T) {
	m, data := load(t, tinyFile(t, t.TempDir(), nil), Options{}), folder(t)
	out := filepath.Join(t.TempDir(), "features.csv")
	s, err := openSpool(out, Info{Dim: 2, Images: 10}, m.handle, 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), m, data, out, WriteOptions{}); !usage.Is(err) {
		t.Errorf("a second writer gets %v", err)
	}
	if err := s.remove(); err != nil {
		t.Fatal(err)
	}
}

func TestIndex_Nearest(t *testing.T) {
	m, data := load(t, tinyFile(t, t.TempDir(), nil), Options{}), folder(t)
	out := filepath.Join(t.TempDir(), "features.parquet")
	if _, err := Write(t.Context(), m, data, out, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	x, err := ReadIndex(out)
	if err != nil {
		t.Fatal(err)
	}

	// All rows by brute force in float64.
	query := oracle(picture(3))
	near := func(i int) float64 {
		f := oracle(picture(i))
		return (f[0]*query[0] + f[1]*query[1]) / math.Hypot(f[0], f[1]) / math.Hypot(query[0], query[1])
	}
	found, err := x.Nearest([]float32{float32(query[0]), float32(query[1])}, 4)
	if err != nil || len(found) != 4 {
		t.Fatalf("%d neighbors: %v", len(found), err)
	}
	similar := make([]float64, len(order))
	for row, i := range order {
		similar[row] = near(i)
	}
	slices.Sort(similar)
	slices.Reverse(similar)
	for rank, n := range found {
		if math.Abs(n.Similarity-near(order[n.Row])) > 1e-5 || math.Abs(n.Similarity-similar[rank]) > 1e-5 {
			t.Errorf("neighbor %d is row %d of similarity %g, want %g", rank, n.Row, n.Similarity, similar[rank])
		}
	}

	images, err := x.Images(t.Context(), []int{found[0].Row}, progress.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fitted, err := dataset.FitImages(t.Context(), []image.Image{picture(order[found[0].Row])}, side)
	if err != nil || !bytes.Equal(images.Pixels, fitted.Pixels) {
		t.Errorf("the image of row %d is another one: %v", found[0].Row, err)
	}

	if _, err := x.Nearest([]float32{1}, 3); !usage.Is(err) {
		t.Errorf("a query of another length gives %v", err)
	}
	if _, err := x.Nearest([]float32{float32(math.NaN()), 1}, 3); err == nil {
		t.Error("a query that is no number gives no error")
	}
	if _, err := x.Nearest([]float32{1, 1}, 0); usage.ArgumentOf(err) != "count" {
		t.Errorf("no neighbors: %v", err)
	}
	if all, err := x.Nearest([]float32{1, 1}, 99); err != nil || len(all) != 10 {
		t.Errorf("%d neighbors of 10 images: %v", len(all), err)
	}
}

func TestIndex_Check(t *testing.T) {
	data := folder(t)
	m := load(t, tinyFile(t, t.TempDir(), nil), Options{})
	other := load(t, tinyFile(t, t.TempDir(), func(m *testonnx.Model) {
		m.Tensors[1] = testonnx.Floats("bias", []float32{0.5, 2}, 2)
	}), Options{})
	layer := load(t, tinyFile(t, t.TempDir(), nil), Options{Layer: "means"})
	out := filepath.Join(t.TempDir(), "features.npy")
	if _, err := Write(t.Context(), m, data, out, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	x, err := ReadIndex(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Check(m); err != nil {
		t.Errorf("the model itself: %v", err)
	}
	if !usage.Is(x.Check(other)) || !usage.Is(x.Check(layer)) {
		t.Errorf("another bias: %v; another layer: %v", x.Check(other), x.Check(layer))
	}
}

// TestReadIndex_RefusesDamage cuts files and contradicts them; each error is one sentence.
func TestReadIndex_RefusesDamage(t *testing.T) {
	m, data := load(t, tinyFile(t, t.TempDir(), nil), Options{}), folder(t)
	for ending := range formats {
		out := filepath.Join(t.TempDir(), "features"+ending)
		if _, err := Write(t.Context(), m, data, out, WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, damaged := range [][]byte{nil, text[:len(text)/2], text[:len(text)-1], append(slices.Clone(text), 7),
			bytes.Repeat([]byte{0xff}, len(text))} {
			if err := os.WriteFile(out, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := ReadIndex(out); err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s of %d bytes and not %d: the error is %v", ending, len(damaged), len(text), err)
			}
		}
	}
	if _, err := ReadIndex(filepath.Join(t.TempDir(), "absent.npy")); !usage.Is(err) {
		t.Errorf("a missing file gives %v", err)
	}
}

// FuzzReadIndex reads any bytes as a file of features in one of the formats that are parsed here, with names next to it
// and a description that is true of the file's checksum alone.
func FuzzReadIndex(f *testing.F) {
	const head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }\n"
	npyOf := func(shape, data string) []byte {
		text := fmt.Sprintf(head, shape)
		return []byte(npyMagic + string([]byte{byte(len(text)), 0}) + text + data)
	}
	names := []byte("name,split,kind\na.png,train,x\n")
	f.Add(true, npyOf("1, 2", "\x00\x00\x80\x3f\x00\x00\x00\x40"), names, "kind", 1, 2)
	f.Add(true, npyOf("4611686018427387904, 4", ""), names, "kind", 1<<62, 4)
	f.Add(false, []byte("name,split,kind,f0,f1\na.png,train,x,1,2.5\n"), []byte(nil), "kind", 1, 2)
	f.Add(false, []byte("name,split\n"), []byte(nil), "", 1, math.MaxInt32)
	f.Fuzz(func(t *testing.T, isNPY bool, content, names []byte, tasks string, images, dim int) {
		dir, ending := t.TempDir(), ".csv"
		if isNPY {
			ending = ".npy"
		}
		path := filepath.Join(dir, "x"+ending)
		sum := sha256.Sum256(content)
		info := Info{Images: images, Dim: dim, Tasks: strings.Fields(tasks), SHA256: hex.EncodeToString(sum[:])}
		if err := errors.Join(writeInfo(path, info), os.WriteFile(path, content, 0o644),
			os.WriteFile(namesPath(path), names, 0o644)); err != nil {
			t.Fatal(err)
		}

		var x *Index
		var err error
		faults.Bounded(t, 16<<20+64*uint64(len(content)+len(names)), func() { x, err = ReadIndex(path) })
		if err != nil {
			faults.Sentence(t, err)
			return
		}
		if len(x.Rows) != images || x.features.N != images || len(x.features.X) != images*dim {
			t.Errorf("%d rows and %d features of %d images by %d", len(x.Rows), len(x.features.X), images, dim)
		}
	})
}
