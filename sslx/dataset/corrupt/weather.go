package corrupt

import (
	"math"
	"math/rand/v2"
	"slices"
)

// fog adds clouds, and dims the picture so that its brightest value stays what it is.
func fog(p *picture, severity int, random *rand.Rand) error {
	cloud := strength(p, severity, [...][2]float64{{0.2, 3}, {0.5, 3}, {0.75, 2.5}, {1, 2}, {1.5, 1.75}},
		[...][2]float64{{1.5, 2}, {2, 2}, {2.5, 1.7}, {2.5, 1.5}, {3, 1.4}})
	side := 4
	for side < max(p.height, p.width) {
		side *= 2
	}
	clouds, brightest := plasma(side, cloud[1], random), slices.Max(p.pixels)
	for y := range p.height {
		for x := range p.width {
			for at := p.at(y, x); at < p.at(y, x)+3; at++ {
				p.pixels[at] = (p.pixels[at] + cloud[0]*clouds[y*side+x]) * brightest / (brightest + cloud[0])
			}
		}
	}
	return nil
}

// plasma returns a square height map, in [0, 1], by the diamond-square algorithm on a torus: each point is the mean of
// four around it plus noise, which gets weaker by decay as the points come closer. Side is a power of two.
func plasma(side int, decay float64, random *rand.Rand) []float64 {
	heights := make([]float64, side*side)
	at := func(y, x int) *float64 { return &heights[(y+side)%side*side+(x+side)%side] }
	noise := 100.0
	set := func(y, x int, around float64) {
		// The noise enters squared, as in the authors' plasma_fractal.
		*at(y, x) = around/4 + noise*(2*noise*random.Float64()-noise)
	}

	for step := side; step >= 2; step /= 2 {
		half := step / 2
		for y := 0; y < side; y += step { // the middles of squares
			for x := 0; x < side; x += step {
				set(y+half, x+half, *at(y, x)+*at(y+step, x)+*at(y, x+step)+*at(y+step, x+step))
			}
		}
		for y := 0; y < side; y += step { // the middles of their sides
			for x := 0; x < side; x += step {
				corner := *at(y, x)
				set(y, x+half, *at(y+half, x+half)+*at(y-half, x+half)+corner+*at(y, x+step))
				set(y+half, x, *at(y+half, x+half)+*at(y+half, x-half)+corner+*at(y+step, x))
			}
		}
		noise /= decay
	}

	low, high := slices.Min(heights), slices.Max(heights)
	for i, v := range heights {
		heights[i] = (v - low) / (high - low)
	}
	return heights
}

// brightness adds to the largest channel of each pixel, and to the others in proportion.
func brightness(p *picture, severity int, _ *rand.Rand) error {
	more := strength(p, severity, [...]float64{0.05, 0.1, 0.15, 0.2, 0.3}, [...]float64{0.1, 0.2, 0.3, 0.4, 0.5})
	p.inHSV(func(_, s, v float64) (float64, float64) { return s, clip(v + more) })
	return nil
}

// saturate scales the saturation of each pixel, and adds to it.
func saturate(p *picture, severity int, _ *rand.Rand) error {
	c := strength(p, severity, [...][2]float64{{0.3, 0}, {0.1, 0}, {1.5, 0}, {2, 0.1}, {2.5, 0.2}},
		[...][2]float64{{0.3, 0}, {0.1, 0}, {2, 0}, {5, 0.1}, {20, 0.2}})
	p.inHSV(func(_, s, v float64) (float64, float64) { return clip(s*c[0] + c[1]), v })
	return nil
}

// inHSV changes saturation and value of each pixel.
func (p *picture) inHSV(change func(h, s, v float64) (saturation, value float64)) {
	for i := 0; i < len(p.pixels); i += 3 {
		rgb := p.pixels[i : i+3]
		high, low := slices.Max(rgb), slices.Min(rgb)
		h, s := 0.0, 0.0 // gray has no hue; it is red's
		if span := high - low; span > 0 {
			s = span / high
			switch high {
			case rgb[2]:
				h = 4 + (rgb[0]-rgb[1])/span
			case rgb[1]:
				h = 2 + (rgb[2]-rgb[0])/span
			default:
				h = math.Mod((rgb[1]-rgb[2])/span+6, 6)
			}
		}

		s, v := change(h, s, high)
		sector := math.Floor(h)
		rest := h - sector
		least, falling, rising := v*(1-s), v*(1-rest*s), v*(1-(1-rest)*s)
		// One order of the three values for each sixth of the circle of hues, from red on.
		copy(rgb, [...][]float64{{v, rising, least}, {falling, v, least}, {least, v, rising}, {least, falling, v},
			{rising, least, v}, {v, least, falling}}[int(sector)%6])
	}
}
