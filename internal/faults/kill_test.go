package faults

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx/dataset"
)

const sameBits = "done again or resumed, same bits"

func pause(random *rand.Rand, most time.Duration) {
	time.Sleep(time.Duration(random.Int64N(int64(most))))
}

func killStart(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at := place(dir, train)
	p := w.start(t, train, at)
	pause(random, []time.Duration{400 * time.Millisecond, 4 * time.Second}[random.IntN(2)])
	p.kill()
	w.again(t, train, at)
	return outcome{what: sameBits}
}

func killSteps(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at := place(dir, train)
	for range 1 + random.IntN(2) { // once or twice
		p := w.start(t, train, at)
		p.until(2 + random.IntN(6))
		pause(random, 20*time.Millisecond)
		p.kill()
	}
	w.again(t, train, at)
	return outcome{what: sameBits}
}

// killSaving kills when the temporary file of a checkpoint is there.
func killSaving(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at := place(dir, train)
	p := w.start(t, train, at)
	p.until(2 + random.IntN(6))
	for begun := time.Now(); time.Since(begun) < time.Second && !found(filepath.Join(at, ".checkpoint.safetensors*")); {
	}
	p.kill()
	half := found(filepath.Join(at, ".checkpoint.safetensors*"))
	w.again(t, train, at)
	if half {
		return outcome{what: "a half-written file was left beside the checkpoint; resumed without it, same bits"}
	}
	return outcome{what: sameBits}
}

func killAppend(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at := place(dir, add)
	p := w.start(t, add, at)
	p.until(random.IntN(many))
	pause(random, 3*time.Millisecond)
	p.kill()
	records, err := experiments.Store{Path: at}.Read()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range p.said {
		if _, ok := records[key]; !ok {
			t.Errorf("record %s was acknowledged and is lost", key)
		}
	}
	w.again(t, add, at)
	return outcome{what: "every acknowledged record is there; done again, same bytes"}
}

func killPacking(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at := place(dir, pack)
	p := w.start(t, pack, at)
	p.until(random.IntN(images/100 + 1))
	pause(random, 100*time.Millisecond)
	p.kill()
	packs, _ := filepath.Glob(filepath.Join(at, "packs", "*.sslx"))
	for _, path := range packs {
		if err := dataset.Verify(path); err != nil {
			t.Error(err)
		}
	}
	w.again(t, pack, at)
	return outcome{what: sameBits}
}

// clockJump sets all times of files to another year between kill and resume.
func clockJump(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at := place(dir, train)
	p := w.start(t, train, at)
	p.until(3 + random.IntN(5))
	p.kill()
	year := time.Date(1971+random.IntN(120), 1, 1, 0, 0, 0, 0, time.UTC)
	for _, path := range append([]string{w.pack}, absolute(at, names(t, at))...) {
		if err := os.Chtimes(path, year, year); err != nil {
			t.Fatal(err)
		}
	}
	w.again(t, train, at)
	return outcome{what: sameBits}
}

func absolute(dir string, names []string) (paths []string) {
	for _, name := range names {
		paths = append(paths, filepath.Join(dir, name))
	}
	return paths
}

func twoTrain(t *testing.T, w *world, dir string, _ *rand.Rand) outcome {
	at := place(dir, train)
	p := w.start(t, train, at)
	if !p.pausedIn(at) {
		p.end()
		return outcome{what: "it was done before"}
	}
	status, text := w.start(t, train, at).end()
	if status == 0 {
		t.Fatal("two processes trained in one folder")
	}
	p.resume()
	if status, text := p.end(); status != 0 {
		t.Fatalf("the first ended with status %d: %s", status, text)
	}
	w.same(t, train, at)
	return refused(t, status, text, dir)
}

func twoAppend(t *testing.T, w *world, dir string, _ *rand.Rand) outcome {
	at := place(dir, add)
	a, b := w.start(t, add, at), w.start(t, add, at)
	for _, p := range []*process{a, b} {
		if status, text := p.end(); status != 0 {
			t.Fatalf("status %d: %s", status, text)
		}
	}
	got, err := experiments.Store{Path: at}.Read()
	want, other := experiments.Store{Path: w.undisturbed(t, add)}.Read()
	if err != nil || other != nil || len(got) != len(want) {
		t.Errorf("%d records of %d (%v, %v)", len(got), len(want), err, other)
	}
	return outcome{what: "every record is there, whole"}
}

func twoPack(t *testing.T, w *world, dir string, _ *rand.Rand) outcome {
	at := place(dir, pack)
	a, b := w.start(t, pack, at), w.start(t, pack, at)
	for _, p := range []*process{a, b} {
		if status, text := p.end(); status != 0 {
			t.Fatalf("status %d: %s", status, text)
		}
	}
	w.same(t, pack, at)
	return outcome{what: "one packs, the other waits; same bytes"}
}
