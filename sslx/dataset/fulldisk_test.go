//go:build linux

package dataset

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// TestImport_AFullDiskLeavesNothing limits the size of files in a process of its own, at which writes
// fail as on a full disk.
func TestImport_AFullDiskLeavesNothing(t *testing.T) {
	if cache := os.Getenv("SSLX_TEST_FULL_DISK"); cache != "" {
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: 600_000, Max: 600_000}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Skip("no limit can be set:", err)
		}
		train := 300
		if os.Getenv("SSLX_TEST_PACK") != "" {
			train = 194 // the spool of 195 images of 3072 bytes fits and the pack with its header does not
		}
		_, err := Factors(context.Background(), FactorsOptions{Cache: cache, Train: train, Test: 1})
		if err == nil {
			t.Fatal("a pack above the limit was written")
		}
		t.Log("ERROR", err)
		return
	}
	for _, c := range []struct{ pack, says string }{{"", "cannot be stored"}, {"1", "was not written"}} {
		cache := t.TempDir()
		child := exec.Command(os.Args[0], "-test.run=^TestImport_AFullDiskLeavesNothing$", "-test.v")
		child.Env = append(os.Environ(), "SSLX_TEST_FULL_DISK="+cache, "SSLX_TEST_PACK="+c.pack)
		out, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "ERROR") || !strings.Contains(string(out), c.says) {
			t.Fatalf("want an error with %q, got %v: %s", c.says, err, out)
		}
		if left := leftBehind(t, cache); left != nil {
			t.Errorf("left behind: %v", left)
		}
	}
}
