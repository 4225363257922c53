package jpeg

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// needVectors skips a test where the processor has only the Go code.
func needVectors(t *testing.T) {
	if !vectors {
		t.Skip("this processor has no vectors")
	}
}

// inGo computes something without vectors.
func inGo(f func()) {
	old := vectors
	defer func() { vectors = old }()
	vectors = false
	f()
}

func randomBytes(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestInverse8Vectors_GivesTheBytesOfInverse8(t *testing.T) {
	needVectors(t)
	r := rand.New(rand.NewPCG(1, 2))

	// Coefficients of 8-bit images have 12 bits; where larger ones overflow, inverse8's short cuts differ.
	for _, most := range []int64{1, 30, 1000, 1 << 12, 1 << 15} {
		for range 500 {
			var b [64]int32
			for range 1 + r.IntN(64) {
				b[r.IntN(64)] = int32(r.Int64N(2*most+1) - most)
			}
			stride := 8 + r.IntN(20)
			want, got := make([]byte, 8*stride), make([]byte, 8*stride)
			inverse8(&b, want, stride)
			inverse8Vectors(&b, got, stride)
			if !bytes.Equal(got, want) {
				t.Fatalf("coefficients up to %d: got %v, want %v", most, got, want)
			}
		}
	}
}

func TestPaintVectors_GivesTheColorsOfPaintYCbCr(t *testing.T) {
	needVectors(t)
	var y, cb, cr []byte
	for i := range 1 << 24 {
		y, cb, cr = append(y, byte(i)), append(cb, byte(i>>8)), append(cr, byte(i>>16))
	}
	for _, n := range []int{8, 9, 15, 16, 23, 1 << 24} {
		want, got := make([]byte, 4*n), make([]byte, 4*n)
		inGo(func() { paintYCbCr(want, [][]byte{y, cb, cr}) })
		paintVectors(got, y[:n], cb[:n], cr[:n])
		if !bytes.Equal(got, want) {
			t.Fatalf("%d pixels differ", n)
		}
	}
}

func TestUpsamplerVectors_GiveTheRowsOfTheGoCode(t *testing.T) {
	needVectors(t)
	r := rand.New(rand.NewPCG(3, 4))
	for n := 2; n < 100; n++ {
		near, far := randomBytes(r, n), randomBytes(r, n)
		widened := func() []byte {
			u := upsampler{sums: make([]int16, n)}
			u.addRows(near, far)
			u.widenSums()
			return u.out
		}
		var want []byte
		inGo(func() { want = widened() })
		if got := widened(); !bytes.Equal(got, want) {
			t.Fatalf("%d columns: got %v, want %v", n, got, want)
		}
	}
}
