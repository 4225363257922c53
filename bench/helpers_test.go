package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
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
	testbackend.Unoptimized()
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
	for laps := 0; lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "train ") {
			laps++
			fmt.Printf(`{"images": %d, "epoch": %d, "finished": %t}`+"\n", 100*laps, laps, laps == 3)
			continue
		}
		if path, ok := strings.CutPrefix(lines.Text(), "embed "); ok {
			if behavior == "mute" {
				fmt.Println(`{"width": 5}`)
				continue
			}
			fmt.Printf(`{"width": %d}`+"\n", fakeFeatures(path))
			continue
		}
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

// fakeFeatures writes a tenth of the pixels of each image as its features, and returns how many that are.
func fakeFeatures(path string) (width int) {
	var config peerTraining
	err := json.Unmarshal([]byte(os.Args[len(os.Args)-1]), &config)
	const every = 10
	var features []float32
	for _, split := range []string{"train", "test"} {
		pixels, failed := os.ReadFile(config.Splits[split])
		err = errors.Join(err, failed)
		stride := 3 * config.Size * config.Size
		for start := 0; start < len(pixels); start += stride {
			for i := 0; i < stride; i += every {
				features = append(features, float32(pixels[start+i]))
			}
		}
		width = (stride + every - 1) / every
	}
	text, failed := binary.Append(nil, binary.LittleEndian, features)
	if err := errors.Join(err, failed, os.WriteFile(path, text, 0o600)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return width
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
