package faults

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// volume is a file system in an image file, mounted at dir. What a power cut leaves is what the image holds: of what
// was written and not synced, nothing.
type volume struct {
	dir, image string
	format     []string // of mkfs
	options    string   // of mount
}

// formats are a journal that keeps no order between data and names, the usual one, and none.
var formats = []volume{
	{format: []string{"mkfs.ext4", "-O", "has_journal"}, options: "data=writeback,noauto_da_alloc,commit=600"},
	{format: []string{"mkfs.ext4", "-O", "has_journal"}, options: "data=ordered,noauto_da_alloc,commit=600"},
	{format: []string{"mkfs.ext2"}, options: "noatime"},
}

// volumes says why no image can be mounted, "" where it can.
func volumes(w *world) string {
	dir := filepath.Join(w.root, "try")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err.Error()
	}
	for _, v := range formats {
		v.dir, v.image = filepath.Join(dir, "at"), filepath.Join(dir, "image")
		if err := errors.Join(v.make(), v.mount()); err != nil {
			return fmt.Sprintf("no image of a disk can be mounted here, which needs root: %v", err)
		}
		if err := errors.Join(v.umount(), os.Remove(v.image)); err != nil {
			return err.Error()
		}
	}
	return ""
}

func newVolume(t *testing.T, dir string, random *rand.Rand) volume {
	t.Helper()
	v := formats[random.IntN(len(formats))]
	v.dir, v.image = filepath.Join(dir, "disk"), filepath.Join(dir, "image")
	if err := errors.Join(v.make(), v.mount()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = exec.Command("umount", v.dir).Run() })
	return v
}

// make makes an empty image of 48 MiB.
func (v volume) make() error {
	file, err := os.Create(v.image)
	if err == nil {
		err = errors.Join(file.Truncate(48<<20), file.Close(), os.MkdirAll(v.dir, 0o755))
	}
	if err != nil {
		return err
	}
	args := append(append([]string{}, v.format[1:]...), "-q", "-F", "-E", "lazy_itable_init=0", v.image)
	return run(v.format[0], args...)
}

func (v volume) mount() error { return run("mount", "-o", "loop,"+v.options, v.image, v.dir) }

func (v volume) umount() error { return run("umount", v.dir) }

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, bytes.TrimSpace(out))
	}
	return nil
}

// cut cuts the power under the processes p, and mounts what the disk then holds in the place of the volume.
func (v volume) cut(t *testing.T, p ...*process) {
	t.Helper()
	after := v.state(t)
	for _, p := range p {
		p.kill()
	}
	if err := errors.Join(v.umount(), os.WriteFile(v.image, after, 0o644)); err != nil {
		t.Fatal(err)
	}

	// As at the start of a machine: status 1 says that something was repaired.
	err := exec.Command("e2fsck", "-p", v.image).Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) && exit.ExitCode() > 1 {
		err = run("e2fsck", "-y", v.image)
		if errors.As(err, &exit) && exit.ExitCode() == 1 {
			err = nil
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := v.mount(); err != nil {
		t.Fatal(err)
	}
}

// state returns what the disk holds at one moment: it was read twice alike.
func (v volume) state(t *testing.T) []byte {
	t.Helper()
	var before []byte
	for range 200 {
		now, err := os.ReadFile(v.image)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(now, before) {
			return now
		}
		before = now
	}
	t.Fatal("the disk is never at rest")
	return nil
}

func powerTrain(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	v := newVolume(t, dir, random)
	at := place(v.dir, train)
	p := w.start(t, train, at)
	p.until(3 + random.IntN(12))
	pause(random, 20*time.Millisecond)
	acknowledged := p.lastStep() - 1 // it is saved before the line of the next step
	v.cut(t, p)

	if acknowledged > 0 {
		if done, _, err := pretrain.StepsDone(at); err != nil || done < acknowledged {
			t.Errorf("the checkpoint is of step %d, step %d was saved (%v)", done, acknowledged, err)
		}
	}
	p = w.start(t, train, at)
	if status, text := p.end(); status != 0 {
		t.Fatalf("status %d: %s", status, text)
	}
	if lost := p.warnings(); len(lost) > 0 {
		t.Errorf("it warns: %q", lost)
	}
	w.same(t, train, at)
	return outcome{what: "resumed from the last checkpoint that was saved, with all lines of the log; same bits"}
}

// lastStep returns the step of the last line that a training printed.
func (p *process) lastStep() (step int) {
	for _, line := range p.said {
		_, _ = fmt.Sscanf(line, "train %d", &step)
	}
	return step
}

func powerAppend(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	v := newVolume(t, dir, random)
	at := place(v.dir, add)
	p := w.start(t, add, at)
	p.until(random.IntN(many))
	pause(random, 3*time.Millisecond)
	said := append([]string{}, p.said...)
	v.cut(t, p)

	records, err := experiments.Store{Path: at}.Read()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range said {
		if _, ok := records[key]; !ok {
			t.Errorf("record %s was acknowledged and is lost", key)
		}
	}
	w.again(t, add, at)
	return outcome{what: "every acknowledged record is there; done again, same bytes"}
}

func powerPack(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	v := newVolume(t, dir, random)
	at := place(v.dir, pack)
	p := w.start(t, pack, at)
	ended := random.IntN(2) == 0
	if ended {
		if status, text := p.end(); status != 0 {
			t.Fatalf("status %d: %s", status, text)
		}
	} else {
		p.until(random.IntN(images/100 + 1))
		pause(random, 100*time.Millisecond)
	}
	v.cut(t, p)

	packs, _ := filepath.Glob(filepath.Join(at, "packs", "*.sslx"))
	for _, path := range packs {
		if err := dataset.Verify(path); err != nil {
			t.Error(err)
		}
	}
	if ended && len(packs) == 0 {
		t.Error("a pack that was made is lost")
	}
	w.again(t, pack, at)
	return outcome{what: sameBits}
}

func powerTest(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
	v := newVolume(t, dir, random)
	at := place(v.dir, train)
	copied(t, w.undisturbed(t, train), at)
	if err := run("sync", "-f", v.dir); err != nil {
		t.Fatal(err)
	}
	p := w.start(t, test, at)
	if status, text := p.end(); status != 0 {
		t.Fatalf("status %d: %s", status, text)
	}
	v.cut(t)
	sameResults(t, at, w.undisturbed(t, test))
	sameTraining(t, w, at)
	return outcome{what: "every result is there"}
}
