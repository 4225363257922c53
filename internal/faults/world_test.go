package faults

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/record"
)

// world holds what undisturbed children made.
type world struct {
	root  string
	pack  string            // images to train on
	cache string            // of sets and features
	whole map[string]string // where each thing was done undisturbed

	environment []string // of children, in addition
	variants    map[string]*world
	original    *world // of a copy that differs for one fault
}

func newWorld(t *testing.T) *world {
	w := &world{root: t.TempDir(), whole: map[string]string{}, variants: map[string]*world{}}
	w.cache, w.original = filepath.Join(w.root, "cache"), w
	set, err := dataset.Factors(t.Context(), dataset.FactorsOptions{Cache: filepath.Join(w.root, "images"), Train: 64,
		Test: 16})
	if err != nil {
		t.Fatal(err)
	}
	w.pack = set.Path()
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	return w
}

// variant returns a world that differs by what change does, made once.
func (w *world) variant(name string, change func(v *world)) *world {
	if w.variants[name] == nil {
		v := *w
		v.root, v.whole, v.variants = filepath.Join(w.root, name), map[string]string{}, map[string]*world{}
		v.cache = filepath.Join(v.root, "cache")
		v.original = &v
		change(&v)
		w.variants[name] = &v
	}
	return w.variants[name]
}

// on is a world whose children compute on a backend.
func (w *world) on(name string) *world {
	return w.variant(name, func(v *world) { v.environment = append(v.environment, backend.ConfigEnv+"="+name) })
}

// undisturbed returns where a child did its work undisturbed. What is tested is a run that was trained undisturbed.
func (w *world) undisturbed(t testing.TB, do string) string {
	t.Helper()
	if w.whole[do] == "" {
		at := place(filepath.Join(w.root, "undisturbed"), do)
		if do == test {
			copied(t, w.undisturbed(t, train), at)
		}
		w.original.do(t, do, at)
		w.whole[do] = at
	}
	return w.whole[do]
}

// place returns where a child works below a folder.
func place(dir, do string) string { return filepath.Join(dir, do, "x") }

// same fails the test unless what a child did at is, bit for bit, what one did undisturbed, with nothing next to it.
func (w *world) same(t testing.TB, do, at string) {
	t.Helper()
	want := w.undisturbed(t, do)
	if got, want := names(t, filepath.Dir(at)), names(t, filepath.Dir(want)); !reflect.DeepEqual(got, want) {
		t.Errorf("%s left %v, undisturbed %v", do, got, want)
	}
	for _, name := range names(t, filepath.Dir(want)) {
		got, want := content(t, filepath.Dir(at), name), content(t, filepath.Dir(want), name)
		if !bytes.Equal(got, want) {
			t.Errorf("%s of %s has %d bytes that differ from the %d of an undisturbed one", name, do, len(got),
				len(want))
		}
	}
}

// names lists the files below a folder, but locks.
func names(t testing.TB, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, ".lock") {
			list = append(list, strings.TrimPrefix(path, dir))
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return list
}

// content returns that of a file without times.
func content(t testing.TB, dir, name string) []byte {
	t.Helper()
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	switch filepath.Base(name) {
	case "environment.json":
		return nil // when it was started
	case "config.yaml": // but where the images are
		return regexp.MustCompile(`(?m)^data: .*\n`).ReplaceAll(text, nil)
	case "checkpoint.safetensors":
		return variables(t, text)
	case "metrics.jsonl":
		log, err := record.ReadMetrics(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for i := range log {
			log[i].Seconds, log[i].Waited = 0, 0
		}
		text, _ = json.Marshal(log)
		return text
	}
	if err != nil {
		t.Error(err)
	}
	return text
}

// variables returns the header of a safetensors file without metadata, and the data.
func variables(t testing.TB, text []byte) []byte {
	t.Helper()
	var header map[string]any
	end := 8 + binary.LittleEndian.Uint64(text)
	if err := json.Unmarshal(text[8:end], &header); err != nil {
		t.Fatal(err)
	}
	delete(header, "__metadata__")
	head, _ := json.Marshal(header)
	return append(head, text[end:]...)
}

// copied copies a folder to another one.
func copied(t testing.TB, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// noTemporary fails the test when a file that was being written is left below dir.
func noTemporary(t testing.TB, dir string) {
	t.Helper()
	for _, name := range names(t, dir) {
		if strings.HasPrefix(filepath.Base(name), ".") {
			t.Errorf("%s is left half-written", name)
		}
	}
}
