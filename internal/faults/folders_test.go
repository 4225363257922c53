package faults

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
)

// renamed renames the folder of a running training. The training must end without writing to what has its name since,
// and can be resumed where its folder is.
func renamed(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at, moved := place(dir, train), place(dir, "moved")
	if err := os.MkdirAll(filepath.Dir(moved), 0o755); err != nil {
		t.Fatal(err)
	}
	whole := w.undisturbed(t, train)
	p := w.start(t, train, at)
	p.until(4 + random.IntN(5))
	if err := os.Rename(at, moved); err != nil {
		t.Fatal(err)
	}

	// The name is free, or that of another run at once.
	o := outcome{what: "the name is free: "}
	switch random.IntN(3) {
	case 0:
		o.what = "the name is a finished run's: "
		copied(t, whole, at)
	case 1:
		o.what = "the name is a new run's: "
		w.do(t, train, at)
	}
	status, text := p.end()
	if status != 0 {
		r := refused(t, status, text, moved)
		o.what, o.sentence = o.what+r.what+"; ", r.sentence
	}

	if exists(at) {
		w.same(t, train, at)
	}
	w.again(t, train, moved)
	o.what += "resumed under the new name, same bits"
	return o
}

// The files that a run folder can have.
var runFiles = []string{".lock", "config.yaml", "environment.json", "metrics.jsonl", "results.jsonl",
	"checkpoint.safetensors", "report.html", ".checkpoint.safetensors123"}

// linked puts a symbolic link to a file of the user in the place of a file of a run, as in a run folder from elsewhere.
// Whatever is done with the run, the user's file stays.
func linked(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at, diary := place(dir, train), filepath.Join(dir, "diary")
	copied(t, w.undisturbed(t, test), at)
	file := runFiles[random.IntN(len(runFiles))]
	text, err := os.ReadFile(filepath.Join(at, file))
	if err != nil || random.IntN(2) == 0 {
		text = []byte("dear diary\n")
	}
	if err := os.WriteFile(diary, text, 0o644); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(at, file))
	if err := os.Symlink(diary, filepath.Join(at, file)); err != nil {
		t.Fatal(err)
	}

	// Deleting is of the run alone, measuring and training write to it.
	do := []string{train, test, "delete"}[random.IntN(3)]
	o := outcome{what: "the run is refused or deleted, the other file stays"}
	if do == "delete" {
		done, err := runs.Discard(at, func(string) string { return "a test" })
		switch {
		case err != nil:
			Sentence(t, err)
		case done && exists(at):
			t.Error("the deleted run is there")
		}
	} else if status, text := w.start(t, do, at).end(); status != 0 {
		refused(t, status, text, filepath.Join(dir, "nothing"))
	} else {
		o.what = "nothing is read or written through the link that differs, the other file stays"
		sameTraining(t, w, at)
		if do == test {
			sameResults(t, at, w.undisturbed(t, test))
		}
	}
	if now, err := os.ReadFile(diary); err != nil || !bytes.Equal(now, text) {
		t.Errorf("the file behind the link %s was changed by %s (%v)", file, do, err)
	}
	return o
}

// sameTraining fails the test unless checkpoint and log of a run are those of an undisturbed one.
func sameTraining(t testing.TB, w *world, at string) {
	t.Helper()
	for _, name := range []string{"checkpoint.safetensors", "metrics.jsonl", "config.yaml"} {
		if !bytes.Equal(content(t, at, name), content(t, w.undisturbed(t, train), name)) {
			t.Errorf("%s differs from that of an undisturbed run", name)
		}
	}
}

// throughLink trains in a folder that is a symbolic link, and takes it by its own name meanwhile.
func throughLink(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at, link := place(dir, train), filepath.Join(dir, "link")
	if err := errors.Join(os.MkdirAll(at, 0o755), os.Symlink(at, link)); err != nil {
		t.Fatal(err)
	}
	p := w.start(t, train, link)
	if !p.pausedIn(at) {
		return outcome{what: "it was done before"}
	}
	status, text := w.start(t, train, at).end()
	if status == 0 {
		t.Fatal("two processes trained in one folder")
	}
	o := refused(t, status, text, filepath.Join(dir, "nothing"))
	p.resume()
	p.until(1 + random.IntN(6))
	p.kill()
	w.again(t, train, at)
	o.what += "; resumed by its own name, same bits"
	return o
}

// killTest kills an evaluation.
func killTest(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at := place(dir, train)
	copied(t, w.undisturbed(t, train), at)
	own := *w
	own.cache = filepath.Join(dir, "cache")
	p := own.start(t, test, at)
	p.until(1 + random.IntN(30))
	p.kill()
	if _, err := record.ReadResults(at); err != nil {
		t.Error(err)
	}
	own.do(t, test, at)
	sameResults(t, at, w.undisturbed(t, test))
	return outcome{what: "done again, same results"}
}
