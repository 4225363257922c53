package corrupt

import (
	"math"
	"math/rand/v2"

	"github.com/sslx-go/lab/sslx/dataset/internal/filter"
)

// gaussianBlur convolves with a Gaussian that ends at four standard deviations; beyond the border stands the nearest
// pixel.
func gaussianBlur(p *picture, severity int, _ *rand.Rand) error {
	deviation := strength(p, severity, [...]float64{0.4, 0.6, 0.7, 0.8, 1}, [...]float64{1, 2, 3, 4, 6})
	weights := filter.Gaussian(deviation, int(4*deviation+0.5))
	// A Gaussian in two dimensions is one along columns after one along rows, which takes far fewer products.
	for _, vertical := range []bool{true, false} {
		from := append([]float64{}, p.pixels...)
		for y := range p.height {
			for x := range p.width {
				for channel := range 3 {
					sum := 0.0
					for k, weight := range weights {
						away := k - len(weights)/2
						if vertical {
							sum += weight * from[p.at(y+away, x)+channel]
						} else {
							sum += weight * from[p.at(y, x+away)+channel]
						}
					}
					p.pixels[p.at(y, x)+channel] = sum
				}
			}
		}
	}
	return nil
}

// defocusBlur convolves with a disk whose rim is blurred; pictures are mirrored at the centers of their border pixels.
func defocusBlur(p *picture, severity int, _ *rand.Rand) error {
	rim := strength(p, severity, [...][2]float64{{0.3, 0.4}, {0.4, 0.5}, {0.5, 0.6}, {1, 0.2}, {1.5, 0.1}},
		[...][2]float64{{3, 0.1}, {4, 0.5}, {6, 0.5}, {8, 0.5}, {10, 0.5}})
	disk := blurredDisk(rim[0], rim[1])
	radius := len(disk) / 2

	// Most of the square around the disk is empty.
	type tap struct {
		y, x   int
		weight float64
	}
	var taps []tap
	for y, row := range disk {
		for x, weight := range row {
			if weight != 0 {
				taps = append(taps, tap{y - radius, x - radius, weight})
			}
		}
	}

	from := append([]float64{}, p.pixels...)
	for y := range p.height {
		for x := range p.width {
			for channel := range 3 {
				sum := 0.0
				for _, t := range taps {
					at := p.at(filter.Mirrored(y+t.y, p.height), filter.Mirrored(x+t.x, p.width))
					sum += t.weight * from[at+channel]
				}
				p.pixels[p.at(y, x)+channel] = sum
			}
		}
	}
	return nil
}

// blurredDisk returns the weights of a disk on a square of 17 pixels or more, blurred by a Gaussian of 3x3 pixels, or
// 5x5 for a disk that is larger than the square.
func blurredDisk(radius, deviation float64) [][]float64 {
	reach, window := 8, 1
	if radius > 8 {
		reach, window = int(radius), 2
	}
	side := 2*reach + 1
	disk, total := make([][]float64, side), 0.0
	for y := range disk {
		disk[y] = make([]float64, side)
		for x := range disk[y] {
			if float64((y-reach)*(y-reach)+(x-reach)*(x-reach)) <= radius*radius {
				disk[y][x] = 1
				total++
			}
		}
	}

	weights := filter.Gaussian(deviation, window)
	blurred := make([][]float64, side)
	for y := range blurred {
		blurred[y] = make([]float64, side)
		for x := range blurred[y] {
			for i, a := range weights {
				for k, b := range weights {
					from := disk[filter.Mirrored(y+i-window, side)][filter.Mirrored(x+k-window, side)]
					blurred[y][x] += a * b * from / total
				}
			}
		}
	}
	return blurred
}

// motionBlur smears pictures along a line, within 45 degrees of the horizontal.
func motionBlur(p *picture, severity int, random *rand.Rand) error {
	line := strength(p, severity, [...][2]float64{{6, 1}, {6, 1.5}, {6, 2}, {8, 2}, {9, 2.5}},
		[...][2]float64{{10, 3}, {15, 5}, {15, 8}, {15, 12}, {20, 15}})
	p.smear(int(line[0]), line[1], (random.Float64()*90-45)*math.Pi/180)
	return nil
}

// smear adds copies of the picture that are moved along a line, 2*radius+1 of them unless one would leave the picture,
// with the weights of half a Gaussian; beyond the border stands the nearest pixel.
func (p *picture) smear(radius int, deviation, angle float64) {
	steps := 2*radius + 1
	weights := filter.Gaussian(deviation, steps-1)[steps-1:] // of the half from the center on
	total := 0.0
	for _, weight := range weights {
		total += weight
	}

	from := append([]float64{}, p.pixels...)
	clear(p.pixels)
	for i, weight := range weights {
		// Halves are rounded down as in ImageMagick, whose motion blur the authors used.
		dy := -int(math.Ceil(float64(i)*math.Sin(angle) - 0.5))
		dx := -int(math.Ceil(float64(i)*math.Cos(angle) - 0.5))
		if max(dy, -dy) >= p.height || max(dx, -dx) >= p.width {
			return
		}
		for y := range p.height {
			for x := range p.width {
				at, moved := p.at(y, x), p.at(y-dy, x-dx)
				for channel := range 3 {
					p.pixels[at+channel] += weight / total * from[moved+channel]
				}
			}
		}
	}
}
