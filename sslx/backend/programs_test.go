//go:build cgo && ((linux && (amd64 || arm64)) || (darwin && arm64))

package backend

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// newCachedBackend returns a backend with a client of its own, which keeps unused programs of some bytes.
func newCachedBackend(t *testing.T, kept int) *cachedBackend {
	t.Helper()
	installed(t)
	h, err := Open(t.Context(), Options{Config: "xla:cpu", NoInstall: true})
	if err != nil {
		t.Fatal(err)
	}
	return &cachedBackend{client: newClient(h.Backend.(*cachedBackend).Backend, kept)}
}

// adder returns a program that adds a constant, and the executable behind it.
func adder(t *testing.T, b compute.Backend, constant float32) (*Exec, *xla.Executable) {
	t.Helper()
	exec := MustNewExec(b, func(x *Node) *Node { return AddScalar(x, float64(constant)) })
	sum, g, err := exec.CallWithGraph([]float32{1})
	if err != nil {
		t.Fatal(err)
	}
	if got := tensors.MustCopyFlatData[float32](sum[0])[0]; got != 1+constant {
		t.Fatalf("1 + %v is %v", constant, got)
	}
	return exec, g.Executable().(*cachedExecutable).Executable
}

func TestPrograms_AreCompiledOnceInAProcess(t *testing.T) {
	installed(t)
	constant := rand.Float32()
	var first *xla.Executable
	for range 2 {
		h, err := Open(t.Context(), Options{Config: "xla:cpu", NoInstall: true})
		if err != nil {
			t.Fatal(err)
		}
		exec, x := adder(t, h.Backend, constant)
		if first == nil {
			first = x
		}
		if x != first {
			t.Error("the second handle compiled the program again")
		}
		other, x := adder(t, h.Backend, constant+1)
		if x == first {
			t.Error("a program with another constant is not compiled")
		}

		exec.Finalize()
		other.Finalize()
		h.Close()
	}
}

func TestForgetPrograms_LetsTheNextHandleCompileAgain(t *testing.T) {
	installed(t)
	constant := rand.Float32()
	compiled := map[*xla.Executable]bool{}
	for range 2 {
		ForgetPrograms()
		h, err := Open(t.Context(), Options{Config: "xla:cpu", NoInstall: true})
		if err != nil {
			t.Fatal(err)
		}
		exec, x := adder(t, h.Backend, constant)
		defer exec.Finalize()
		compiled[x] = true
	}
	if len(compiled) != 2 {
		t.Error("a program was found though it was to be forgotten")
	}
}

func TestPrograms_DifferWhereTheirDevicesDiffer(t *testing.T) {
	b := newCachedBackend(t, 1<<20)
	negate := func(layout func(compute.Builder) error) *xla.Executable {
		builder := b.Builder("negate")
		f := builder.Main()
		if err := layout(builder); err != nil {
			t.Fatal(err)
		}
		x, err := f.Parameter("x", shapes.Make(dtypes.Float32), nil)
		if err != nil {
			t.Fatal(err)
		}
		if x, err = f.Neg(x); err != nil {
			t.Fatal(err)
		}
		if err := f.Return([]compute.Value{x}, nil); err != nil {
			t.Fatal(err)
		}
		e, err := builder.Compile()
		if err != nil {
			t.Fatal(err)
		}
		return e.(*cachedExecutable).Executable
	}

	anywhere := negate(func(compute.Builder) error { return nil })
	first := negate(func(b compute.Builder) error { return b.DeviceAssignment(0) })
	if anywhere == first {
		t.Error("a program for any device is the one for the first device")
	}
	if b.NumDevices() > 1 && first == negate(func(b compute.Builder) error { return b.DeviceAssignment(1) }) {
		t.Error("the first device's program is the second's")
	}
}

func TestPrograms_AreReleased(t *testing.T) {
	b := newCachedBackend(t, 0)
	held, _ := adder(t, b, 0)
	size := 0
	for _, p := range b.programs {
		size = p.size
	}
	b.kept = 3*size + size/2 // three programs and a bit

	// A program in use stays, whatever is released.
	var compiled []*xla.Executable
	for i := range 10 {
		exec, x := adder(t, b, float32(1+i))
		compiled = append(compiled, x)
		exec.Finalize()
		exec.Finalize()
	}
	live := 0
	for _, x := range compiled {
		if x.CheckValid() == nil {
			live++
		}
	}
	if live != 3 || len(b.unused) != 3 || len(b.programs) != 4 {
		t.Errorf("%d programs of 10 live, %d are kept unused, %d are known", live, len(b.unused), len(b.programs))
	}
	if _, err := held.Exec([]float32{1}); err != nil {
		t.Error(err)
	}

	// The oldest goes first.
	oldest := b.unused[0]
	held.Finalize()
	if b.programs[oldest.key] != nil || len(b.unused) != 3 {
		t.Errorf("after another was released, %d are kept, the oldest too: %t", len(b.unused),
			b.programs[oldest.key] != nil)
	}
}

func TestPrograms_AreReleasedWhenForgotten(t *testing.T) {
	b := newCachedBackend(t, 0)
	func() { adder(t, b, 1) }()
	for range 200 {
		runtime.GC()
		b.mu.Lock()
		left := len(b.programs)
		b.mu.Unlock()
		if left == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("an executable that nobody refers to holds its program")
}

func TestPrograms_AreTriedAgainAfterAnError(t *testing.T) {
	b := newCachedBackend(t, 1<<20)
	builder := b.Builder("unfinished")
	if _, err := builder.Main().Parameter("x", shapes.Make(dtypes.Float32), nil); err != nil {
		t.Fatal(err)
	}
	if x, err := builder.Compile(); err == nil {
		t.Errorf("a program without outputs compiled to %v", x)
	}
	if len(b.programs) > 0 || len(b.unused) > 0 {
		t.Errorf("%d programs are known after an error", len(b.programs))
	}
}

func TestPrograms_RunAtOnce(t *testing.T) {
	b := newCachedBackend(t, 0)
	x := tensors.FromValue([]float32{1, 2, 3})
	if err := x.ToDevice(b, 0); err != nil {
		t.Fatal(err)
	}

	// Each goroutine compiles, runs and releases what the others use.
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				exec := MustNewExec(b, func(x *Node) *Node { return ReduceAllSum(Square(x)) })
				out, err := exec.Exec1(x)
				if err != nil {
					t.Error(err)
					return
				}
				if got := tensors.ToScalar[float32](out); got != 14 {
					t.Errorf("the sum of squares is %v, want 14", got)
				}
				exec.Finalize()
			}
		})
	}
	wait.Wait()
	if len(b.programs) > 0 {
		t.Errorf("%d programs are left", len(b.programs))
	}
}
