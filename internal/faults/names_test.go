package faults

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/record"
)

// name is that of several folders of images.
const name = "x"

// photos writes a folder of images called x below dir, which a seed decides, and returns its path.
func photos(t testing.TB, dir string, seed uint64) string {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	folder := filepath.Join(dir, name)
	for split, n := range map[string]int{"train": 32, "test": 8} {
		for _, class := range []string{"crow", "jay"} {
			if err := os.MkdirAll(filepath.Join(folder, split, class), 0o755); err != nil {
				t.Fatal(err)
			}
			for i := range n {
				img := image.NewNRGBA(image.Rect(0, 0, 8, 8))
				for j := range img.Pix {
					img.Pix[j] = byte(random.IntN(256)) | 255*byte(j%4/3)
				}
				var file bytes.Buffer
				if err := png.Encode(&file, img); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(folder, split, class, fmt.Sprintf("%d.png", i))
				if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return folder
}

// imported packs a folder into a cache and returns the pack.
func imported(t testing.TB, source, cache string) string {
	t.Helper()
	pack, _, err := dataset.Import(t.Context(), source, dataset.ImportOptions{Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

// onPhotos is a world that trains on the photos of seed 1.
func (w *world) onPhotos(t testing.TB) *world {
	return w.variant("photos", func(v *world) { v.pack = photos(t, v.root, 1) })
}

// secondImport imports another folder of the name that a run was started with, then resumes and measures the run. It
// must be the run that it would have been; or be refused, when its images are gone.
func secondImport(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	v := w.onPhotos(t)
	first, second := photos(t, filepath.Join(dir, "first"), 1), photos(t, filepath.Join(dir, "second"), 2)
	own := *v
	own.cache, own.pack = filepath.Join(dir, "cache"), first
	byName := random.IntN(2) == 0
	if byName {
		own.pack = name
	}

	pack := imported(t, first, own.cache)
	at := place(dir, train)
	p := own.start(t, train, at)
	p.until(4 + random.IntN(8))
	p.kill()
	imported(t, second, own.cache)

	// Without pack and source only the other images of the name are left.
	gone := random.IntN(3) == 0
	if gone {
		if err := errors.Join(os.Remove(pack), os.RemoveAll(first), os.Rename(second, first)); err != nil {
			t.Fatal(err)
		}
		status, text := own.start(t, train, at).end()
		if status == 0 {
			t.Fatal("the run was resumed on other images")
		}
		return refused(t, status, text, at)
	}

	own.again(t, train, at)
	own.do(t, test, at)
	sameResults(t, at, v.undisturbed(t, test))
	return outcome{what: "resumed and measured on its own images, same bits and results"}
}

// sameResults fails the test unless two run folders hold the same results.
func sameResults(t testing.TB, at, want string) {
	t.Helper()
	a, errA := record.ReadResults(at)
	b, errB := record.ReadResults(want)
	if errors.Join(errA, errB) != nil || len(b) == 0 || !reflect.DeepEqual(a, b) {
		t.Errorf("results %+v (%v), undisturbed %+v (%v)", a, errA, b, errB)
	}
}

// importWhileOpened imports one folder again and again while another of its name is opened: each opening must give what
// was asked for.
func importWhileOpened(t *testing.T, w *world, dir string, _ *rand.Rand) outcome {
	first, second := photos(t, filepath.Join(dir, "first"), 1), photos(t, filepath.Join(dir, "second"), 2)
	own := *w
	own.cache = filepath.Join(dir, "cache")
	set, err := dataset.Open(imported(t, first, own.cache))
	if err != nil {
		t.Fatal(err)
	}
	want := set.Fingerprint()
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}

	p := own.start(t, locate, first)
	ended, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		for ended.Err() == nil {
			pack, _, err := dataset.Import(context.Background(), second, dataset.ImportOptions{Cache: own.cache})
			if err == nil {
				err = os.Remove(pack)
			}
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	status, text := p.end()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}

	if status != 0 || len(p.said) != openings {
		t.Fatalf("status %d after %d openings: %s", status, len(p.said), text)
	}
	for _, print := range p.said {
		if print != want {
			t.Fatal("the other folder's images were opened")
		}
	}
	return outcome{what: "every opening gave the folder that was asked for"}
}

// editedConfig flips a bit in the configuration of a run: the run must be refused, or be the same training.
func editedConfig(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at := place(dir, train)
	copied(t, w.undisturbed(t, test), at)
	damaged := changed(t, filepath.Join(at, "config.yaml"), flip(random))
	if err := os.Remove(filepath.Join(at, "results.jsonl")); err != nil {
		t.Fatal(err)
	}

	status, text := w.start(t, test, at).end()
	if now, err := os.ReadFile(filepath.Join(at, "config.yaml")); err != nil || !bytes.Equal(now, damaged) {
		t.Errorf("the configuration was changed (%v)", err)
	}
	if status != 0 {
		o := refused(t, status, text, at)
		o.sentence = "" // it depends on the bit
		return o
	}
	sameResults(t, at, w.undisturbed(t, test))
	return outcome{what: "the bit decides nothing of the training; same results"}
}
