// Package testbackend opens the backend on which tests compute.
package testbackend

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/distributed"

	"github.com/sslx-go/lab/sslx/backend"
	_ "github.com/sslx-go/lab/sslx/backend/tuned" // tests run on what the command runs on
)

// raceReason is why nothing runs on the pure-Go backend under -race.
const raceReason = "under -race checkptr stops the pure-Go product (compute v0.1.2)"

// configEnv names the backend that tests compute on, as $GOMLX_BACKEND does for the command: scripts/gpu sets it.
const configEnv = "SSLX_TEST_BACKEND"

// shared opens the backend of [Open] once for all tests of a package.
var shared = sync.OnceValues(func() (compute.Backend, error) {
	if config := os.Getenv(configEnv); config != "" {
		return open(config)
	}
	b, err := open("xla:cpu")
	if err == nil || raceEnabled {
		return b, err
	}
	fmt.Fprintln(os.Stderr, "the tests run on the pure-Go backend:", err)
	return open("go")
})

// UnoptimizedFlags make XLA's compiler leave out what makes programs fast. What its newer emitters of loops write is
// slow without it.
const UnoptimizedFlags = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"

// optimized names the environment variable of a process whose programs are optimized though [Unoptimized] is called.
const optimized = "SSLX_TEST_OPTIMIZED"

// Unoptimized is called before any backend is opened, for tests whose programs compile for longer than they run: the
// graph is the users', and its compilation takes a quarter of the time. Numbers differ from those of optimized
// programs in their last digits. Benchmarks are optimized all the same.
func Unoptimized() {
	flag.Parse()
	if os.Getenv(optimized) == "" && flag.Lookup("test.bench").Value.String() == "" {
		_ = os.Setenv("XLA_FLAGS", os.Getenv("XLA_FLAGS")+" "+UnoptimizedFlags)
	}
}

// Optimized runs the calling test in a process of its own, whose programs are optimized, and tells whether this is
// that process.
func Optimized(t *testing.T) bool {
	t.Helper()
	if os.Getenv(optimized) != "" {
		return true
	}
	again(t, strings.ReplaceAll(os.Getenv("XLA_FLAGS"), UnoptimizedFlags, ""))
	return false
}

// Programs runs the calling test in a process of its own and returns the programs that it compiled, after the passes of
// XLA, as XLA writes them; in that process it returns none.
func Programs(t *testing.T) []string {
	t.Helper()
	if os.Getenv(optimized) != "" {
		return nil
	}
	folder := t.TempDir()
	again(t, os.Getenv("XLA_FLAGS")+" --xla_dump_hlo_as_text --xla_dump_to="+folder)
	files, _ := filepath.Glob(filepath.Join(folder, "*after_optimizations.txt"))
	var programs []string
	for _, file := range files {
		program, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, string(program))
	}

	if len(programs) == 0 && !t.Failed() {
		t.Fatal("no program was compiled")
	}
	return programs
}

// again runs the calling test in a process with other flags of XLA.
func again(t *testing.T, flags string) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	c.Env = append(os.Environ(), optimized+"=1", "XLA_FLAGS="+flags)
	out, err := c.CombinedOutput()
	if t.Logf("%s", out); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("with XLA's flags%s: %v", flags, err)
	}
}

func open(config string) (compute.Backend, error) {
	h, err := backend.Open(context.Background(), backend.Options{Config: config})
	if err != nil {
		return nil, err
	}
	return h.Backend, nil
}

// Open returns the backend that $SSLX_TEST_BACKEND names, else XLA's CPU backend, whose plugin it installs when it is
// missing, else the pure-Go one. All tests of a package share it. Examples and TestMain, which have no t, pass nil; nil
// is what they get where [Main] runs no test.
func Open(t testing.TB) compute.Backend {
	b, err := shared()
	if err != nil && t != nil {
		t.Helper()
		t.Fatal(err)
	}
	return b
}

// SharedBatch returns a mesh of some devices, and the sharding of an array whose first axis, the batch, they share.
func SharedBatch(t testing.TB, devices int) (mesh *distributed.DeviceMesh, batch *distributed.ShardingSpec) {
	t.Helper()
	mesh, err := distributed.NewDeviceMesh([]int{devices}, []string{"batch"})
	if err != nil {
		t.Fatal(err)
	}
	if batch, err = distributed.BuildSpec(mesh).S("batch").Done(); err != nil {
		t.Fatal(err)
	}
	return mesh, batch
}

// PureGo returns the pure-Go backend, and skips the test under -race.
func PureGo(t testing.TB) compute.Backend {
	t.Helper()
	if raceEnabled {
		t.Skip(raceReason)
	}
	b, err := open("go")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// Main runs the tests of a package, for its TestMain. It leaves all of them out when they would run on the pure-Go
// backend under -race.
//
// It ends without C destructors: under -race those of the XLA plugin abort with a double free after all tests passed.
func Main(m *testing.M) {
	_, err := shared()
	switch {
	case err != nil && raceEnabled:
		fmt.Fprintf(os.Stderr, "no test was run: %v, and %s\n", err, raceReason)
		syscall.Exit(0)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		syscall.Exit(1)
	}
	syscall.Exit(m.Run())
}
