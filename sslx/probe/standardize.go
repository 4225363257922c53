package probe

import (
	"fmt"
	"math"
)

// constantShare is the standard deviation, relative to the mean, below which a dimension is rounding noise of float32
// and counts as constant.
const constantShare = 1e-7

// scaler maps features to mean 0 and standard deviation 1 per dimension, with the statistics of the train features. A
// dimension that is constant in train is only centred.
type scaler struct{ mean, scale []float64 }

func newScaler(train Features) scaler {
	mean, std := moments(train)
	for j, s := range std {
		std[j] = 1
		if s > constantShare*math.Abs(mean[j]) {
			std[j] = 1 / s
		}
	}
	return scaler{mean, std}
}

func (s scaler) apply(dst, src []float32) {
	for j, v := range src {
		dst[j] = float32((float64(v) - s.mean[j]) * s.scale[j])
	}
}

// check returns an error when a feature is so far from the train features that it overflows float32 once scaled.
func (s scaler) check(f Features, name string) error {
	for i := range f.N {
		for j, v := range f.Row(i) {
			if z := (float64(v) - s.mean[j]) * s.scale[j]; math.Abs(z) > math.MaxFloat32 {
				return fmt.Errorf("%s features: image %d, dimension %d is %v, more than float32 holds in units of"+
					" the train standard deviation; the encoder has diverged", name, i, j, v)
			}
		}
	}
	return nil
}
