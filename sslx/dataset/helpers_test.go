package dataset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"image"
	"image/color"
	"image/png"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// files maps paths, with slashes, to content; a path that ends in a slash is a folder.
type files map[string]string

func (f files) names() []string { return slices.Sorted(maps.Keys(f)) }

// pngOf returns a PNG of one color.
func pngOf(t testing.TB, width, height int, c color.Color) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		img.Set(i%width, i/width, c)
	}
	return encoded(t, img)
}

func encoded(t testing.TB, img image.Image) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gray(t testing.TB, v uint8) string { return pngOf(t, 4, 4, color.RGBA{v, v, v, 255}) }

// animals is an image folder with two classes, two train images and one test image each.
func animals(t testing.TB) files {
	return files{
		"train/cat/1.png": gray(t, 10), "train/cat/2.png": gray(t, 20), "train/dog/1.png": gray(t, 30),
		"train/dog/2.png": gray(t, 40), "test/cat/3.png": gray(t, 50), "test/dog/3.png": gray(t, 60),
	}
}

func (f files) with(more files) files {
	all := maps.Clone(f)
	maps.Copy(all, more)
	return all
}

func (f files) below(root string) files {
	moved := files{root + "/": ""}
	for name, content := range f {
		moved[root+"/"+name] = content
	}
	return moved
}

// folder writes the files below a new folder with the given name.
func (f files) folder(t testing.TB, name string) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), name)
	for name, content := range f {
		path := filepath.Join(root, filepath.FromSlash(name))
		dir := filepath.Dir(path)
		if strings.HasSuffix(name, "/") {
			dir = path
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if dir != path {
			write(t, path, content)
		}
	}
	return root
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tar returns a tar archive with the members in the given order.
func (f files) tar(t testing.TB, order []string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range order {
		head := &tar.Header{Name: name, Mode: 0o644, Size: int64(len(f[name])), Typeflag: tar.TypeReg}
		if strings.HasSuffix(name, "/") {
			head.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(head); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func (f files) zip(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range f.names() {
		member, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(member, f[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipped(t testing.TB, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// archived writes content to a new file with the given name.
func archived(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	write(t, path, content)
	return path
}

// imported imports and opens; the set is closed at the end of the test.
func imported(t testing.TB, source string, opt ImportOptions) (*Set, Report) {
	t.Helper()
	if opt.Cache == "" {
		opt.Cache = t.TempDir()
	}
	pack, report, err := Import(context.Background(), source, opt)
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify(pack); err != nil {
		t.Fatal(err)
	}
	return opened(t, pack), report
}

func opened(t testing.TB, pack string) *Set {
	t.Helper()
	set, err := Open(pack)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	return set
}

// split returns a split with its labels for the first task, where there is one.
func split(t testing.TB, set *Set, name string) (*Split, []int32) {
	t.Helper()
	sp, err := set.Split(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Tasks()) == 0 {
		return sp, nil
	}
	labels, err := sp.Labels(set.Tasks()[0].Name)
	if err != nil {
		t.Fatal(err)
	}
	return sp, labels
}

// firstBytes returns the first byte of every image of a split.
func firstBytes(set *Set, sp *Split) []byte {
	var first []byte
	for i := range sp.N {
		first = append(first, sp.Pixels[i*set.Height()*set.Width()*3])
	}
	return first
}

// leftBehind lists what a cache holds besides locks.
func leftBehind(t testing.TB, cache string) []string {
	t.Helper()
	var left []string
	err := filepath.WalkDir(cache, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".lock" {
			left = append(left, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// waitForGoroutines fails unless no more goroutines than before are left within a second.
func waitForGoroutines(t testing.TB, before int) {
	t.Helper()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines remain of %d", runtime.NumGoroutine(), before)
}

// timeOf is a time long ago, another one for each number.
func timeOf(n int) time.Time { return time.Unix(1_000_000_000+int64(n), 0) }

// writeHeader writes the sections of a set under another header.
func writeHeader(t testing.TB, set *Set, h *header, path string) {
	t.Helper()
	var parts []part
	for _, sec := range h.sections() {
		parts = append(parts, part{sec.section, bytes.NewReader(set.section(sec.section))})
	}
	var b bytes.Buffer
	if err := writePack(&b, h, parts); err != nil {
		t.Fatal(err)
	}
	write(t, path, b.String())
}
