package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mounts says why no small disk can be mounted, "" where it can.
func mounts(w *world) string {
	dir := filepath.Join(w.root, "mount")
	_ = os.MkdirAll(dir, 0o755)
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "sslx-faults",
		dir).CombinedOutput(); err != nil {
		return fmt.Sprintf("no disk can be mounted here, which needs root: %s", strings.TrimSpace(string(out)))
	}
	_ = exec.Command("umount", dir).Run()
	return ""
}

// disk mounts an empty disk of so many KiB on a new folder below dir.
func disk(t *testing.T, dir string, kilobytes int) string {
	t.Helper()
	at := filepath.Join(dir, "disk")
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	mount(t, "-t", "tmpfs", "-o", fmt.Sprintf("size=%dk", kilobytes), "sslx-faults", at)
	t.Cleanup(func() { _ = exec.Command("umount", at).Run() })
	return at
}

func mount(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("mount", args...).CombinedOutput(); err != nil {
		t.Fatalf("mount %v: %s", args, out)
	}
}

// full does work on a disk of a few KiB, and resumes when it has grown.
func full(do string, least, most int) func(*testing.T, *world, string, *rand.Rand) outcome {
	return func(t *testing.T, w *world, dir string, random *rand.Rand) outcome {
		at := disk(t, dir, least+random.IntN(most-least))
		status, text := w.start(t, do, place(at, do)).end()
		o := outcome{what: "it fits; same bits"}
		if status != 0 {
			o = refused(t, status, text, at)
			o.what += "; " + sameBits + " when there is room"
			if !strings.Contains(text, "no space left") {
				t.Errorf("it does not say that the disk is full: %s", text)
			}
		}
		mount(t, "-o", "remount,size=1g", at)
		w.again(t, do, place(at, do))
		return o
	}
}

// readOnly does work in a read-only folder, and again when it can be written.
func readOnly(do string) func(*testing.T, *world, string, *rand.Rand) outcome {
	return func(t *testing.T, w *world, dir string, _ *rand.Rand) outcome {
		at := disk(t, dir, 64<<10)
		mount(t, "-o", "remount,ro", at)
		status, text := w.start(t, do, place(at, do)).end()
		if status == 0 {
			t.Fatal("it was written")
		}
		o := refused(t, status, text, at)
		o.what += "; " + sameBits + " when it can be written"
		mount(t, "-o", "remount,rw", at)
		w.again(t, do, place(at, do))
		return o
	}
}
