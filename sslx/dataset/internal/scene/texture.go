package scene

import (
	"math"
	"math/rand/v2"

	"github.com/sslx-go/lab/sslx/dataset/internal/counter"
)

// texture is a pattern with a random direction, period and phase.
type texture struct {
	kind       int32
	cos, sin   float64
	period     float64
	phaseU     float64
	phaseV     float64
	centerX    float64
	centerY    float64
	sharpness  float64
	lattice    uint64
	complement bool
}

func newTexture(random *rand.Rand, kind int32) texture {
	between := func(low, high float64) float64 { return low + (high-low)*random.Float64() }
	t := texture{kind: kind, period: between(minPeriod, maxPeriod), phaseU: random.Float64(), phaseV: random.Float64(),
		centerX: between(-8, Side+8), centerY: between(-8, Side+8), sharpness: between(2, 3),
		lattice: random.Uint64(), complement: random.IntN(2) == 0}
	t.sin, t.cos = math.Sincos(between(0, 2*math.Pi))
	return t
}

// at returns the tone in [0, 1] at a point. The order of patterns is the one in Factors.
func (t *texture) at(x, y float64) float64 {
	// Coordinates along and across the pattern, in periods.
	u, v := (x*t.cos+y*t.sin)/t.period+t.phaseU, (y*t.cos-x*t.sin)/t.period+t.phaseV

	var wave float64 // about -1 to 1
	switch t.kind {
	case 0:
		wave = math.Sin(2 * math.Pi * u)
	case 1:
		wave = 1.6 * math.Sin(math.Pi*u*1.3) * math.Sin(math.Pi*v*1.3)
	case 2:
		v *= 0.9
		u += 0.5 * math.Mod(math.Floor(v), 2)
		wave = 4 * (0.34 - norm(u-math.Floor(u)-0.5, v-math.Floor(v)-0.5))
	case 3:
		wave = math.Sin(2 * math.Pi * (norm(x-t.centerX, y-t.centerY)/t.period + t.phaseU))
	case 4:
		wave = math.Sin(2 * math.Pi * (u + 1.1*math.Abs(v/1.6-math.Floor(v/1.6)-0.5)))
	default:
		wave = 2.4 * (t.valueNoise(1.6*u, 1.6*v) - 0.5)
	}

	// Saturated, so that the tones are mostly two.
	tone := min(max(0.5+0.5*t.sharpness*wave, 0), 1)
	if t.complement {
		return 1 - tone
	}
	return tone
}

// valueNoise interpolates random values on the integer lattice smoothly, as Perlin's smoothstep does (1985,
// https://doi.org/10.1145/325165.325247).
func (t *texture) valueNoise(u, v float64) float64 {
	u0, v0 := math.Floor(u), math.Floor(v)
	a, b := u-u0, v-v0
	a, b = a*a*(3-2*a), b*b*(3-2*b)
	corner := func(du, dv float64) float64 {
		cell := uint64(uint32(int32(u0+du)))<<32 | uint64(uint32(int32(v0+dv)))
		return float64(counter.Mix(t.lattice, cell)>>11) / (1 << 53)
	}

	low := corner(0, 0) + a*(corner(1, 0)-corner(0, 0))
	high := corner(0, 1) + a*(corner(1, 1)-corner(0, 1))
	return low + b*(high-low)
}
