package augment

import (
	"math/bits"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/device"
)

// threeFryRotations are the rotation distances of ThreeFry-2x32 (Random123, threefry.h, R_32x2). The rounds take the
// first four, then the last four, and so on.
var threeFryRotations = [8]int{13, 15, 26, 6, 17, 29, 16, 24}

const (
	threeFryParity = uint32(0x1BD11BDA) // constant of the key schedule (Random123, SKEIN_KS_PARITY32)
	threeFryGroups = 5                  // 20 rounds in groups of four
)

// threeFry returns the two words that ThreeFry-2x32 with 20 rounds gives for a key and a counter.
func threeFry(key, counter [2]uint32) [2]uint32 {
	schedule := [3]uint32{key[0], key[1], key[0] ^ key[1] ^ threeFryParity}
	x0, x1 := counter[0]+key[0], counter[1]+key[1]
	for group := range threeFryGroups {
		for round := range 4 {
			x0 += x1
			x1 = bits.RotateLeft32(x1, threeFryRotations[group%2*4+round]) ^ x0
		}

		// Every four rounds the next two words of the key are added.
		x0 += schedule[(group+1)%3]
		x1 += schedule[(group+2)%3] + uint32(group+1)
	}
	return [2]uint32{x0, x1}
}

// threeFryGraph is threeFry for a key of two uint32 scalars and counters of two uint32 nodes of one shape.
//
// The groups of rounds are a loop of the compiled program: XLA would fuse straight code into the loop over the pixels
// that uses the numbers, and compute them again for every pixel (256 views took over 600 ms, not 6.5). The
// pure-Go backend fuses nothing, and two loops at once wait for each other's worker for ever (compute v0.1.2).
func threeFryGraph(k0, k1, c0, c1 *Node) (x0, x1 *Node) {
	g := k0.Graph()
	k2 := BitwiseXor(BitwiseXor(k0, k1), Const(g, threeFryParity))

	// The number of the group, the two words with the key added, and the three words of the key.
	state := []*Node{Const(g, uint32(0)), Add(c0, k0), Add(c1, k1), k0, k1, k2}
	if device.IsPureGo(g) {
		for range threeFryGroups {
			state = threeFryGroup(state)
		}
		return state[1], state[2]
	}

	parameters := func(g *Graph) []*Node {
		nodes := make([]*Node, len(state))
		for i, name := range []string{"group", "x0", "x1", "k0", "k1", "k2"} {
			nodes[i] = Parameter(g, name, state[i].Shape())
		}
		return nodes
	}

	more := NewClosure(g, func(g *Graph) []*Node {
		return []*Node{LessThan(parameters(g)[0], Const(g, uint32(threeFryGroups)))}
	})
	rounds := NewClosure(g, func(g *Graph) []*Node { return threeFryGroup(parameters(g)) })
	final := While(more, rounds, state...)
	return final[1], final[2]
}

// threeFryGroup does four rounds and adds the key: its state is the number of the group, two words, and the three words
// of the key schedule in the order of the group.
func threeFryGroup(state []*Node) []*Node {
	group, x0, x1, k0, k1, k2 := state[0], state[1], state[2], state[3], state[4], state[5]
	g := group.Graph()

	// Even groups rotate by the first four distances, odd ones by the last four.
	odd := BitwiseAnd(group, Const(g, uint32(1)))
	for round := range 4 {
		even, other := threeFryRotations[round], threeFryRotations[4+round]
		distance := Add(Const(g, uint32(even)), Mul(odd, Const(g, uint32(other-even))))
		x0 = Add(x0, x1)
		x1 = BitwiseXor(rotateLeft(x1, distance), x0)
	}

	// The key schedule moves on by one word: the next group finds its two words first.
	next := Add(group, Const(g, uint32(1)))
	return []*Node{next, Add(x0, k1), Add(Add(x1, k2), next), k1, k2, k0}
}

func rotateLeft(x, distance *Node) *Node {
	rest := Sub(Const(x.Graph(), uint32(32)), distance)
	return BitwiseOr(BitwiseShiftLeft(x, distance), BitwiseShiftRightLogical(x, rest))
}
