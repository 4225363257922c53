package faults

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// otherDisk works while $TMPDIR is another disk, which is full or read-only: nothing may need it, and nothing of a
// killed process may be left there.
func otherDisk(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at := disk(t, dir, 4)
	option := []string{"remount,ro", "remount,size=4k,nr_inodes=1"}[random.IntN(2)]
	mount(t, "-o", option, at)
	return temporary(t, w, dir, at, random)
}

// sameDisk works while $TMPDIR is on the disk of what is written.
func sameDisk(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	at := filepath.Join(dir, "tmp")
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	return temporary(t, w, dir, at, random)
}

func temporary(t *testing.T, w *world, dir, tmp string, random *rand.Rand) outcome {
	own := *w
	own.environment = append(own.environment, "TMPDIR="+tmp)
	do := []string{train, add, pack}[random.IntN(3)]
	at := place(dir, do)
	p := own.start(t, do, at)
	p.until(1 + random.IntN(8))
	p.kill()
	own.again(t, do, at)
	if left := names(t, tmp); len(left) > 0 {
		t.Errorf("%s left %v in the folder of temporary files", do, left)
	}
	return outcome{what: "killed and " + sameBits + "; nothing is left in $TMPDIR"}
}

// otherBackend resumes a run with another backend than it was begun with. It says so, in words and in the run's
// record. What the first has done stays, and the next step has nearly the loss that the first would have had.
func otherBackend(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	names := []string{"xla:cpu", "go"}
	random.Shuffle(2, func(i, j int) { names[i], names[j] = names[j], names[i] })
	first, second := w.on(names[0]), w.on(names[1])
	at, want := place(dir, train), first.undisturbed(t, train)

	p := first.start(t, train, at)
	p.until(4 + random.IntN(6))
	p.kill()
	done, total, err := pretrain.StepsDone(at)
	if err != nil {
		t.Fatal(err)
	}
	p = second.start(t, train, at)
	if status, text := p.end(); status != 0 {
		t.Fatalf("status %d: %s", status, text)
	}
	if done == total && done > 0 {
		return outcome{what: "it was done before"}
	}

	warned := strings.Join(p.warnings(), "\n")
	if !strings.Contains(warned, "is resumed with another backend") {
		t.Errorf("it warns: %q", warned)
	}
	e, err := record.ReadEnvironment(at)
	if err != nil || e.Backend != names[0] || len(e.Resumed) != 1 || e.Resumed[0].Backend != names[1] {
		t.Errorf("the record has %q and then %+v (%v)", e.Backend, e.Resumed, err)
	}
	got, undisturbed := losses(t, at), losses(t, want)
	for i := range done {
		if got[i] != undisturbed[i] {
			t.Errorf("the loss of step %d is %v, undisturbed %v", i+1, got[i], undisturbed[i])
		}
	}
	if !(math.Abs(got[done]-undisturbed[done]) < 1e-4*undisturbed[done]) {
		t.Errorf("the loss of step %d is %v, undisturbed %v", done+1, got[done], undisturbed[done])
	}
	return outcome{what: "resumed with a warning, both in the record; the next step's loss within 0.01 %"}
}

// losses returns the losses of all steps.
func losses(t testing.TB, at string) (list []float64) {
	t.Helper()
	log, err := record.ReadMetrics(at)
	if err != nil || len(log) != 12 {
		t.Fatalf("%d lines (%v)", len(log), err)
	}
	for _, line := range log {
		list = append(list, line.Loss)
	}
	return list
}

// damagedStream cuts or overwrites the pack that a training streams from. Nothing of other images may be kept.
func damagedStream(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	v := w.variant("streaming", func(v *world) { v.environment = append(v.environment, childStream+"=yes") })
	whole, err := os.ReadFile(w.pack)
	if err != nil {
		t.Fatal(err)
	}
	own := *v
	own.pack = filepath.Join(dir, "x.sslx")
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(own.pack, text, 0o644); err != nil { // in place: the file stays the one that is mapped
			t.Fatal(err)
		}
	}
	write(whole)

	at := place(dir, train)
	p := own.start(t, train, at)
	p.until(3 + random.IntN(6))
	damage := append([]byte{}, whole...)
	if random.IntN(2) == 0 {
		damage = damage[:random.IntN(len(damage)/2)]
	} else {
		random := rand.NewChaCha8([32]byte{byte(random.IntN(256))})
		_, _ = random.Read(damage[len(damage)/4:])
	}
	write(damage)
	status, text := p.end()

	write(whole)
	o := outcome{what: "it was done before; same bits"}
	if status != 0 {
		o = refused(t, status, text, at)
		o.what += "; resumed with the whole pack, same bits"
	}
	own.again(t, train, at)
	return o
}
