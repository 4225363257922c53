//go:build cgo && linux && (amd64 || arm64)

package tuned

import (
	"os/exec"
	"syscall"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/backend"
)

// Package tuned has an allocator of its own; cgo is not for test files, so a program tests it.
func TestHeap_KeepsWhatThreadsWrite(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "run", "./testdata/heap").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Faults are counted, not seconds: 10 results of 96 MiB are 240,000 pages of 4 KiB when each is mapped again.
func TestHeap_UsesTheMemoryOfAResultAgain(t *testing.T) {
	h, err := backend.Open(t.Context(), backend.Options{Config: "xla:cpu", NoInstall: true})
	if err != nil {
		t.Skip(err)
	}
	defer h.Close()
	broadcast := MustNewExec(h.Backend, func(x *Node) *Node { return BroadcastToDims(x, 24, 1<<20) })
	defer broadcast.Finalize()
	call := func() {
		if err := broadcast.MustCall1(float32(1)).FinalizeAll(); err != nil {
			t.Fatal(err)
		}
	}
	call()
	before := faults(t)
	for range 10 {
		call()
	}
	if n := faults(t) - before; n > 10_000 {
		t.Errorf("10 results of 96 MiB gave %d page faults", n)
	}
}

func faults(t *testing.T) int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return usage.Minflt
}
