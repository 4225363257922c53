//go:build cgo && linux && (amd64 || arm64)

package tuned

import (
	"syscall"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/sslx/backend"
)

// Faults are counted, not seconds: 10 results of 96 MiB are 240,000 pages of 4 KiB when each is mapped again.
func TestKeepHeap_UsesTheMemoryOfAResultAgain(t *testing.T) {
	h, err := backend.Open(t.Context(), backend.Options{Config: "xla:cpu", NoInstall: true})
	if err != nil {
		t.Skip(err)
	}
	defer h.Close()
	exec := MustNewExec(h.Backend, func(x *Node) *Node { return BroadcastToDims(x, 24, 1<<20) })
	defer exec.Finalize()
	call := func() {
		if err := exec.MustCall1(float32(1)).FinalizeAll(); err != nil {
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
