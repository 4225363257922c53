package augment

import "fmt"

// maxSide bounds sizes in pixels, so that a typing error does not ask for all memory.
const maxSide = 4096

// limit is a parameter with the range that it must lie in, both ends included.
type limit struct {
	key       string
	value     float64
	low, high float64
}

// inRange returns an error for the first parameter that is outside of its range, or not a number.
func inRange(limits ...limit) error {
	for _, l := range limits {
		if !(l.value >= l.low && l.value <= l.high) {
			return fmt.Errorf("%s is %g: it must be between %g and %g", l.key, l.value, l.low, l.high)
		}
	}
	return nil
}

func probabilityLimit(value float64) limit { return limit{"probability", value, 0, 1} }

// sideLimit is the range of a length in pixels.
func sideLimit(key string, value int) limit { return limit{key, float64(value), 0, maxSide} }

// fillLimits are the ranges of a color.
func fillLimits(color [3]float64) []limit {
	return []limit{{"fill", color[0], 0, 1}, {"fill", color[1], 0, 1}, {"fill", color[2], 0, 1}}
}

// rectangleLimits are the ranges of a random rectangle: of its share of the area, and of its ratio of sides.
func rectangleLimits(scaleMin, scaleMax, ratioMin, ratioMax float64) []limit {
	return []limit{{"scale_min", scaleMin, 0, 1}, {"scale_max", scaleMax, scaleMin, 1},
		{"ratio_min", ratioMin, 1e-3, 1e3}, {"ratio_max", ratioMax, ratioMin, 1e3}}
}
