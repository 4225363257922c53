package pretrain

import (
	"math"
	"math/rand/v2"
	"os"

	"github.com/gomlx/gomlx/core/tensors"
	"gonum.org/v1/gonum/mat"
)

func (t *trainer) protoWhiten() error {
	if os.Getenv("SSLX_PROTO_WHITEN") == "" {
		return nil
	}
	var side, in, out int
	for v := range t.store.IterVariables() {
		if v.Path() != encoderPath+"stem/kernel" {
			continue
		}
		dims := v.Shape().Dimensions
		side, in, out = dims[0], dims[2], dims[3]
		n := side * side * in
		r := rand.New(rand.NewPCG(1, 2))
		cov := mat.NewSymDense(n, nil)
		im := t.data.Images
		count := 20000
		patch := make([]float64, n)
		for range count {
			k := r.IntN(im.N)
			y, x := r.IntN(im.Height-side+1), r.IntN(im.Width-side+1)
			for i := range side {
				for j := range side {
					for c := range in {
						p := im.Pixels[((k*im.Height+y+i)*im.Width+x+j)*in+c]
						patch[(i*side+j)*in+c] = (float64(p)/255 - t.data.mean[c]) / t.data.std[c]
					}
				}
			}
			for a := range n {
				for b := a; b < n; b++ {
					cov.SetSym(a, b, cov.At(a, b)+patch[a]*patch[b]/float64(count))
				}
			}
		}
		var e mat.EigenSym
		e.Factorize(cov, true)
		var vec mat.Dense
		e.VectorsTo(&vec)
		val := e.Values(nil)
		kernel := make([]float32, n*out)
		for o := range out {
			col := n - 1 - o/2
			sign := 1.0
			if o%2 == 1 {
				sign = -1
			}
			for a := range n {
				kernel[a*out+o] = float32(sign * vec.At(a, col) / math.Sqrt(val[col]+1e-3))
			}
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(kernel, dims...)); err != nil {
			return err
		}
		println("whitened stem")
	}
	return nil
}
