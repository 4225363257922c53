package augment

import (
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

// knownAnswers are those of Random123 for threefry2x32 with 20 rounds (examples/kat_vectors).
var knownAnswers = []struct{ counter, key, want [2]uint32 }{
	{[2]uint32{0, 0}, [2]uint32{0, 0}, [2]uint32{0x6b200159, 0x99ba4efe}},
	{[2]uint32{0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff}, [2]uint32{0x1cb996fc, 0xbb002be7}},
	{[2]uint32{0x243f6a88, 0x85a308d3}, [2]uint32{0x13198a2e, 0x03707344}, [2]uint32{0xc4923a9c, 0x483df7a0}},
}

func TestThreeFry_GivesTheKnownAnswersOfRandom123(t *testing.T) {
	graph := onGraph(t)
	for _, c := range knownAnswers {
		if got := threeFry(c.key, c.counter); got != c.want {
			t.Errorf("host: counter %x key %x gives %x, want %x", c.counter, c.key, got, c.want)
		}
		if got := graph(c.key, [][2]uint32{c.counter}); got[0] != c.want {
			t.Errorf("graph: counter %x key %x gives %x, want %x", c.counter, c.key, got[0], c.want)
		}
	}
}

func TestThreeFry_IsTheSameInTheGraphAsOnTheHost(t *testing.T) {
	graph := onGraph(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 16 {
		key := [2]uint32{random.Uint32(), random.Uint32()}
		counters := make([][2]uint32, 256)
		for i := range counters {
			counters[i] = [2]uint32{random.Uint32(), random.Uint32()}
		}
		for i, got := range graph(key, counters) {
			if want := threeFry(key, counters[i]); got != want {
				t.Fatalf("counter %x key %x gives %x in the graph and %x on the host", counters[i], key, got, want)
			}
		}
	}
}

// onGraph returns threeFryGraph as a function on the host.
func onGraph(t *testing.T) func(key [2]uint32, counters [][2]uint32) [][2]uint32 {
	exec := MustNewExec(testbackend.Open(t), func(k0, k1, c0, c1 *Node) (*Node, *Node) {
		return threeFryGraph(k0, k1, c0, c1)
	})
	return func(key [2]uint32, counters [][2]uint32) [][2]uint32 {
		first, second := make([]uint32, len(counters)), make([]uint32, len(counters))
		for i, c := range counters {
			first[i], second[i] = c[0], c[1]
		}
		outputs, err := exec.Call(key[0], key[1], first, second)
		if err != nil {
			t.Fatal(err)
		}
		x0, x1 := tensors.MustCopyFlatData[uint32](outputs[0]), tensors.MustCopyFlatData[uint32](outputs[1])
		words := make([][2]uint32, len(counters))
		for i := range words {
			words[i] = [2]uint32{x0[i], x1[i]}
		}
		return words
	}
}
