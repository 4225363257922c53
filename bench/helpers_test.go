package bench

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/backend"
)

// fakeEnv, when set, makes the test program a peer that behaves as its value says.
const fakeEnv = "SSLX_BENCH_FAKE_PEER"

func TestMain(m *testing.M) {
	if behavior := os.Getenv(fakeEnv); behavior != "" {
		os.Exit(fakePeer(behavior))
	}
	testbackend.Main(m)
}

// fakePeer speaks the protocol of peers/protocol.py. A unit of its work takes a quarter of a second, it says.
func fakePeer(behavior string) int {
	switch behavior {
	case "missing":
		fmt.Println("missing torch")
		return 0
	case "broken":
		fmt.Fprintln(os.Stderr, "Traceback: line 1\nAssertionError: the network has 1 parameters")
		return 1
	case "chatty":
		fmt.Println("hello")
		return 0
	}
	fmt.Println(`ready {"version": "1.2.3", "note": "two threads", "multiple": 2}`)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		n := 0
		if _, err := fmt.Sscanf(lines.Text(), "run %d", &n); err != nil {
			return 2
		}
		switch behavior {
		case "dies":
			fmt.Fprintln(os.Stderr, "out of memory")
			return 1
		case "nonsense":
			fmt.Println("soon")
		case "hangs":
			select {}
		default:
			fmt.Println(float64(n) / 4)
		}
	}
	return 0
}

// fakePeers makes a Python environment whose interpreter is the fake peer.
func fakePeers(t *testing.T, behavior string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec '%s' \"$@\"\n", self)
	if err := os.WriteFile(filepath.Join(folder, "bin", "python"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv(PeersEnv, folder)
	t.Setenv(fakeEnv, behavior)
}

// startFake starts the fake peer alone.
func startFake(t *testing.T, ctx context.Context, behavior string) (*process, error) {
	t.Helper()
	t.Setenv(fakeEnv, behavior)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := start(ctx, "fake", map[string]int{"size": 32}, self)
	if err == nil {
		t.Cleanup(p.close)
	}
	return p, err
}

// handle returns the backend of the tests as a benchmark wants it.
func handle(t *testing.T) *backend.Handle {
	return &backend.Handle{Backend: testbackend.Open(t), Name: "test", Device: "test device"}
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("the error is %v; want one with %q", err, part)
		}
	}
}
