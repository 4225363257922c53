package backend

import (
	"testing"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// TestOpen_GoEndsProductsThatDoNotNeedEachOther computes many products of one graph. Where compute v0.1.2 starts them
// together, each waits for workers that the others hold, and none ends.
func TestOpen_GoEndsProductsThatDoNotNeedEachOther(t *testing.T) {
	if raceEnabled {
		t.Skip("under -race checkptr stops the pure-Go product (compute v0.1.2)")
	}
	h, err := openGo()
	if err != nil {
		t.Fatal(err)
	}

	exec := MustNewExec(h.Backend, func(x *Node) *Node { // x: [64, 24, 24]
		sum := ScalarZero(x.Graph(), x.DType())
		for i := range 64 {
			sum = Add(sum, ReduceAllSum(Einsum("bij,bkj->bik", AddScalar(x, float64(i)), x)))
		}
		return sum
	})
	done := make(chan error, 1)
	go func() {
		for range 50 {
			if _, err := exec.Call(tensors.FromShape(shapes.Make(dtypes.Float32, 64, 24, 24))); err != nil {
				done <- err
				return
			}
		}
		close(done)
	}()

	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
		h.Close()
	case <-time.After(time.Minute):
		t.Fatal("products wait for each other")
	}
}
