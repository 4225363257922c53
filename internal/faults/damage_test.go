package faults

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx/dataset"
)

// changed replaces the content of a file and returns it.
func changed(t *testing.T, path string, change func([]byte) []byte) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = change(text)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return text
}

// flip turns over one bit.
func flip(random *rand.Rand) func([]byte) []byte {
	return func(text []byte) []byte {
		text[random.IntN(len(text))] ^= 1 << random.IntN(8)
		return text
	}
}

func flippedCheckpoint(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	return damagedCheckpoint(t, w, dir, flip(random))
}

func cutCheckpoint(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	return damagedCheckpoint(t, w, dir, func(text []byte) []byte { return text[:random.IntN(len(text))] })
}

// damagedCheckpoint resumes a run whose checkpoint was changed, which must be refused and leave all as it is.
func damagedCheckpoint(t *testing.T, w *world, dir string, change func([]byte) []byte) outcome {
	at := place(dir, train)
	copied(t, w.undisturbed(t, train), at)
	path := filepath.Join(at, "checkpoint.safetensors")
	damaged := changed(t, path, change)
	status, text := w.start(t, train, at).end()
	if status == 0 {
		t.Fatal("a damaged checkpoint was taken")
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, damaged) {
		t.Errorf("the refused checkpoint was changed (%v)", err)
	}
	return refused(t, status, text, at)
}

// flippedPack opens a pack with a flipped bit, which must be refused unless the bit belongs to nothing.
func flippedPack(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	path := filepath.Join(dir, "x.sslx")
	whole, err := os.ReadFile(w.pack)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	changed(t, path, flip(random))
	other := *w
	other.pack = path
	if set, err := dataset.Open(path); err == nil {
		defer func() { _ = set.Close() }()
		sameImages(t, set, w.pack)
		return outcome{what: "the bit is between the sections and belongs to nothing; same images and labels"}
	}
	at := place(dir, train)
	status, text := other.start(t, train, at).end()
	if exists(at) {
		t.Error("a run was begun on a damaged pack")
	}
	return refused(t, status, text, dir)
}

func sameImages(t *testing.T, set *dataset.Set, path string) {
	t.Helper()
	whole, err := dataset.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = whole.Close() }()
	for _, name := range whole.Splits() {
		a, errA := set.Split(name)
		b, errB := whole.Split(name)
		if errA != nil || errB != nil || !bytes.Equal(a.Pixels, b.Pixels) {
			t.Errorf("other pixels in %s were taken (%v, %v)", name, errA, errB)
		}
		for _, task := range whole.Tasks() {
			a, errA := a.Labels(task.Name)
			b, errB := b.Labels(task.Name)
			if errA != nil || errB != nil || len(a) != len(b) {
				t.Errorf("other labels of %s in %s were taken (%v, %v)", task.Name, name, errA, errB)
			}
		}
	}
}

// flippedRecords reads a store with a flipped bit: it must be refused, or hold no record that differs. Then the line is
// deleted, as the sentence says, and the record is made again.
func flippedRecords(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at := place(dir, add)
	copied(t, filepath.Dir(w.undisturbed(t, add)), filepath.Dir(at))
	whole, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	damaged := changed(t, at, flip(random))
	if _, err := (experiments.Store{Path: at}).Read(); err == nil {
		w.do(t, add, at) // only the end of the last line can be lost
		if now, err := os.ReadFile(at); err != nil || !bytes.Equal(now, whole) && !bytes.Equal(now, damaged) {
			t.Errorf("the store differs (%v)", err)
		}
		sameRecords(t, w, at)
		return outcome{what: "no record differs"}
	}
	status, text := w.start(t, add, at).end()
	o := refused(t, status, text, dir)
	changed(t, at, func(text []byte) []byte { return withoutDamage(text, whole) })
	w.do(t, add, at)
	sameRecords(t, w, at)
	o.what += "; with the line deleted, every record is there again"
	return o
}

// withoutDamage returns the lines of text that whole has.
func withoutDamage(text, whole []byte) (kept []byte) {
	for line := range bytes.Lines(text) {
		if bytes.Contains(whole, line) && bytes.HasSuffix(line, []byte("\n")) {
			kept = append(kept, line...)
		}
	}
	return kept
}

func sameRecords(t *testing.T, w *world, at string) {
	t.Helper()
	got, err := experiments.Store{Path: at}.Read()
	if err != nil {
		t.Fatal(err)
	}
	want, err := experiments.Store{Path: w.undisturbed(t, add)}.Read()
	if err != nil {
		t.Fatal(err)
	}
	for key, r := range want {
		if got[key].Images != r.Images || len(got[key].Results) != 1 ||
			got[key].Results[0].Value != r.Results[0].Value {
			t.Errorf("record %s is another", key)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d records of %d", len(got), len(want))
	}
}
