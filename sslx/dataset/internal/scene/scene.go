// Package scene draws the images of the generated set: one object on a textured background, under random light, noise
// and clutter.
package scene

import (
	"image"
	"math"
	"math/rand/v2"
)

// Side is the height and width of the images.
const Side = 32

// Factor is a property of the generated images and its values.
type Factor struct {
	Name   string
	Values []string
}

var hueNames = []string{"red", "orange", "lime", "green", "cyan", "azure", "violet", "magenta"}

// Factors fixes the order of the properties and of their values: labels are indices into it.
var Factors = []Factor{
	{"shape", []string{"ellipse", "box", "triangle", "cross", "ring", "hourglass"}},
	{"object_hue", hueNames},
	{"texture", []string{"stripes", "checks", "dots", "rings", "zigzag", "blobs"}},
	{"background_hue", hueNames},
	{"scale", []string{"small", "medium", "large", "huge"}},
	{"position", []string{"top-left", "top", "top-right", "left", "center", "right", "bottom-left", "bottom",
		"bottom-right"}},
	{"orientation", []string{"0", "45", "90", "135"}},
}

// Nuisances of the generated images: what varies and carries no label. Lengths are in pixels, colors in [0, 1].
const (
	hueJitter   = 13.0 // degrees around the middle of a 45 degree bin
	angleJitter = 13.0 // degrees around the middle of a 45 degree bin
	placeStep   = 4.5  // between position cells
	placeJitter = 1.8
	minPeriod   = 4.5 // of a texture
	maxPeriod   = 6.5
	maxShade    = 0.45 // relative change of light from the center to a border
	maxNoise    = 0.04 // standard deviation of a pixel
)

// scaleRange is the object's mean diameter in pixels, from 40 to 73 % of the image's width, in four bins with gaps.
var scaleRange = [4][2]float64{{13, 14.5}, {16, 17.5}, {19, 20.5}, {22, 23.5}}

type rgb [3]float64

// Scene is one image before it is drawn.
type Scene struct {
	shape      int32
	object     rgb
	x, y       float64 // center of the object
	cos, sin   float64 // of the object's long axis
	long       float64 // half axes
	short      float64
	texture    texture
	light      rgb // two tones of the background
	dark       rgb
	clutter    []blot
	shade      [2]float64 // change of light along x and y
	tint       rgb
	gain, base float64
	noise      float64
}

// blot is a small distractor: a disc, or a capsule when its ends differ.
type blot struct {
	x0, y0, x1, y1, radius float64
	color                  rgb
	alpha                  float64
}

// DrawLabels draws one value of each factor into labels, which has the length of [Factors].
func DrawLabels(random *rand.Rand, labels []int32) {
	for i, f := range Factors {
		labels[i] = int32(random.IntN(len(f.Values)))
	}
}

// New draws what the labels leave open.
func New(random *rand.Rand, labels []int32) *Scene {
	between := func(low, high float64) float64 { return low + (high-low)*random.Float64() }
	hue := func(label int32) float64 { return 45*float64(label) + between(-hueJitter, hueJitter) }
	s := &Scene{shape: labels[0]}

	// Object and background differ in value, so that an object shows on a background of its own hue.
	value, ground := between(0.7, 1), between(0.3, 0.5)
	if random.IntN(2) == 0 {
		value, ground = between(0.3, 0.5), between(0.7, 1)
	}
	s.object = hsv(hue(labels[1]), between(0.35, 0.8), value)
	groundHue, saturation, depth := hue(labels[3]), between(0.3, 0.7), between(0.45, 0.7)
	s.light = hsv(groundHue, saturation*between(0.7, 1), ground)
	s.dark = hsv(groundHue, saturation, ground*(1-depth))
	s.texture = newTexture(random, labels[2])

	// The object's size, place and direction within the bins of its labels.
	scale := scaleRange[labels[4]]
	mean, aspect := between(scale[0], scale[1])/2, math.Sqrt(between(1.4, 1.8))
	s.long, s.short = mean*aspect, mean/aspect
	s.x = Side/2 + placeStep*float64(labels[5]%3-1) + between(-placeJitter, placeJitter)
	s.y = Side/2 + placeStep*float64(labels[5]/3-1) + between(-placeJitter, placeJitter)
	angle := (45*float64(labels[6]) + between(-angleJitter, angleJitter) + 180*float64(random.IntN(2))) * math.Pi / 180
	s.sin, s.cos = math.Sincos(angle)

	// Small distractors of any color.
	for range 1 + random.IntN(3) {
		x, y, turn, length := between(0, Side), between(0, Side), between(0, 2*math.Pi), between(0, 5)
		s.clutter = append(s.clutter, blot{
			x, y, x + length*math.Cos(turn), y + length*math.Sin(turn), between(0.6, 1.8),
			hsv(between(0, 360), between(0, 1), between(0.1, 1)), between(0.5, 0.95),
		})
	}

	// Light and noise.
	s.shade = [2]float64{between(-maxShade, maxShade), between(-maxShade, maxShade)}
	s.tint = rgb{between(0.88, 1.12), between(0.88, 1.12), between(0.88, 1.12)}
	s.gain, s.base, s.noise = between(0.6, 1.1), between(-0.08, 0.15), between(0.01, maxNoise)
	return s
}

// Render draws the scene with 2x2 samples a pixel. Random is the one that [New] was given: the noise comes from it.
func (s *Scene) Render(random *rand.Rand) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, Side, Side))
	for row := range Side {
		for column := range Side {
			x, y := float64(column), float64(row)

			// The mean of the samples, then light, then noise.
			var sum rgb
			for _, offset := range [4][2]float64{{0.25, 0.25}, {0.75, 0.25}, {0.25, 0.75}, {0.75, 0.75}} {
				c := s.at(x+offset[0], y+offset[1])
				for k := range 3 {
					sum[k] += c[k] / 4
				}
			}
			light := s.gain * (1 + s.shade[0]*(x/16-1)) * (1 + s.shade[1]*(y/16-1))
			pix := img.Pix[img.PixOffset(column, row):]
			for k := range 3 {
				v := s.base + light*s.tint[k]*sum[k] + s.noise*random.NormFloat64()
				pix[k] = uint8(255*min(max(v, 0), 1) + 0.5)
			}
			pix[3] = 255
		}
	}
	return img
}

// at is the color at a point before light and noise.
func (s *Scene) at(x, y float64) rgb {
	dx, dy, inside := x-s.x, y-s.y, 0.0
	// No shape reaches further than 1.3 long half axes.
	if reach := 1.3*s.long + 1; dx*dx+dy*dy < reach*reach {
		inside = coverage(shapeDistance(s.shape, dx*s.cos+dy*s.sin, dy*s.cos-dx*s.sin, s.long, s.short))
	}

	c := s.object
	if inside < 1 {
		c = blend(blend(s.dark, s.light, s.texture.at(x, y)), s.object, inside)
	}

	for i := range s.clutter {
		if b := &s.clutter[i]; b.near(x, y) {
			c = blend(c, b.color, b.alpha*coverage(b.distance(x, y)))
		}
	}
	return c
}

// near reports whether the blot may cover a part of the sample at a point.
func (b *blot) near(x, y float64) bool {
	return x > min(b.x0, b.x1)-b.radius-1 && x < max(b.x0, b.x1)+b.radius+1 &&
		y > min(b.y0, b.y1)-b.radius-1 && y < max(b.y0, b.y1)+b.radius+1
}

// distance is the distance from the segment between the ends, less the radius.
func (b *blot) distance(x, y float64) float64 {
	ex, ey := b.x1-b.x0, b.y1-b.y0
	t := ((x-b.x0)*ex + (y-b.y0)*ey) / (ex*ex + ey*ey + 1e-9)
	t = min(max(t, 0), 1)
	return norm(x-b.x0-t*ex, y-b.y0-t*ey) - b.radius
}

// coverage turns a signed distance in pixels into the share of a sample that lies inside.
func coverage(distance float64) float64 { return min(max(0.5-distance, 0), 1) }

// norm is the Euclidean length, for lengths that cannot overflow.
func norm(x, y float64) float64 { return math.Sqrt(x*x + y*y) }

func blend(a, b rgb, t float64) rgb {
	for k := range 3 {
		a[k] += t * (b[k] - a[k])
	}
	return a
}

// hsv converts hue in degrees, saturation and value (Smith 1978, https://doi.org/10.1145/965139.807361).
func hsv(hue, saturation, value float64) rgb {
	var c rgb
	for k, shift := range [3]float64{5, 3, 1} {
		sector := math.Mod(shift+hue/60+6, 6)
		c[k] = value * (1 - saturation*max(0, min(sector, 4-sector, 1)))
	}
	return c
}
