package corrupt

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// gaussianNoise adds normal numbers.
func gaussianNoise(p *picture, severity int, random *rand.Rand) error {
	deviation := strength(p, severity, [...]float64{0.04, 0.06, 0.08, 0.09, 0.10},
		[...]float64{0.08, 0.12, 0.18, 0.26, 0.38})
	for i := range p.pixels {
		p.pixels[i] += deviation * random.NormFloat64()
	}
	return nil
}

// shotNoise counts photons: a white pixel has so many on average.
func shotNoise(p *picture, severity int, random *rand.Rand) error {
	photons := strength(p, severity, [...]float64{500, 250, 100, 75, 50}, [...]float64{60, 25, 12, 5, 3})
	for i, v := range p.pixels {
		if v > 0 {
			p.pixels[i] = distuv.Poisson{Lambda: v * photons, Src: random}.Rand() / photons
		}
	}
	return nil
}

// impulseNoise sets a share of the values to 0 or 1, each with the same probability.
func impulseNoise(p *picture, severity int, random *rand.Rand) error {
	share := strength(p, severity, [...]float64{0.01, 0.02, 0.03, 0.05, 0.07},
		[...]float64{0.03, 0.06, 0.09, 0.17, 0.27})
	for i := range p.pixels {
		if random.Float64() < share {
			p.pixels[i] = float64(random.IntN(2))
		}
	}
	return nil
}

// speckleNoise adds normal numbers in proportion to the value.
func speckleNoise(p *picture, severity int, random *rand.Rand) error {
	deviation := strength(p, severity, [...]float64{0.06, 0.1, 0.12, 0.16, 0.2},
		[...]float64{0.15, 0.2, 0.35, 0.45, 0.6})
	for i := range p.pixels {
		p.pixels[i] *= 1 + deviation*random.NormFloat64()
	}
	return nil
}
