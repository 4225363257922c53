package convolution

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes/bfloat16"
)

// stored returns numbers as a kernel takes them, and makes them what it reads.
func stored(x []float32, rounded bool) []float32 {
	if !rounded {
		return x
	}
	pairs := make([]float32, len(x)/2)
	for i, v := range x {
		b := bfloat16.FromFloat32(v)
		x[i] = b.Float32()
		pairs[i/2] = math.Float32frombits(math.Float32bits(pairs[i/2]) | uint32(b.Bits())<<(i%2*16))
	}
	return pairs
}

// TestSums compares sums, and those of products, with sums in float64.
func TestSums(t *testing.T) {
	needKernels(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, s := range []Sums{
		{Parts: 1, Rows: 4, Channels: 32}, {Parts: 3, Rows: 260, Channels: 64}, {Parts: 2, Rows: 512, Channels: 96},
		{Parts: 1, Rows: 4, Channels: 32, RoundedA: true, RoundedB: true},
		{Parts: 3, Rows: 260, Channels: 64, RoundedA: true, RoundedB: true},
		{Parts: 3, Rows: 260, Channels: 64, RoundedB: true},
	} {
		if !s.Supported() {
			if !s.RoundedB {
				t.Errorf("%+v is not supported", s)
			}
			continue
		}
		a, b := normal(random, s.Parts*s.Rows*s.Channels), normal(random, s.Parts*s.Rows*s.Channels)
		storedA, storedB := stored(a, s.RoundedA), stored(b, s.RoundedB)
		plain, products := make([]float64, s.Parts*s.Channels), make([]float64, s.Parts*s.Channels)
		for i, v := range a {
			at := i/s.Channels/s.Rows*s.Channels + i%s.Channels
			plain[at] += float64(v)
			products[at] += float64(v) * float64(b[i])
		}

		for _, c := range []struct {
			want []float64
			b    []float32
		}{{plain, nil}, {products, storedB}} {
			got := normal(random, len(c.want)) // all are set
			s.Compute(got, storedA, c.b)
			for i, want := range c.want {
				if !(math.Abs(float64(got[i])-want) <= 1e-4) {
					t.Fatalf("%+v, products %v: sum %d is %g, want %g", s, c.b != nil, i, got[i], want)
				}
			}
		}
	}
}
