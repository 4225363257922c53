package corrupt

import "math/rand/v2"

// contrast brings values nearer to the mean of their channel.
func contrast(p *picture, severity int, _ *rand.Rand) error {
	share := strength(p, severity, [...]float64{0.75, 0.5, 0.4, 0.3, 0.15}, [...]float64{0.4, 0.3, 0.2, 0.1, 0.05})
	var means [3]float64
	for i, v := range p.pixels {
		means[i%3] += v / float64(p.height*p.width)
	}
	for i, v := range p.pixels {
		p.pixels[i] = (v-means[i%3])*share + means[i%3]
	}
	return nil
}

// pixelate makes the picture smaller by the mean of the pixels that a new one covers, and larger again by repeating
// pixels.
func pixelate(p *picture, severity int, _ *rand.Rand) error {
	share := strength(p, severity, [...]float64{0.95, 0.9, 0.85, 0.75, 0.65}, [...]float64{0.6, 0.5, 0.4, 0.3, 0.25})
	height, width := max(1, int(float64(p.height)*share)), max(1, int(float64(p.width)*share))
	from := p.bytes()

	// Columns, then rows, each rounded to bytes as Pillow does.
	narrow := make([]byte, p.height*width*3)
	for y := range p.height {
		boxed(narrow[y*width*3:], from[y*p.width*3:], width, p.width, 3)
	}
	low := make([]byte, height*width*3)
	for x := range width {
		boxed(low[x*3:], narrow[x*3:], height, p.height, width*3)
	}

	for y := range p.height {
		for x := range p.width {
			near := 3 * (nearest(y, p.height, height)*width + nearest(x, p.width, width))
			for channel := range 3 {
				p.pixels[p.at(y, x)+channel] = float64(low[near+channel]) / 255
			}
		}
	}
	return nil
}

// boxed writes a line of n pixels that is made of a longer one, of from pixels: each is the mean of those whose centers
// it covers. Pixels of both lines are step bytes apart.
func boxed(to, line []byte, n, from, step int) {
	scale := float64(from) / float64(n)
	for i := range n {
		center := (float64(i) + 0.5) * scale
		first, end := max(0, int(center-scale/2+0.5)), min(from, int(center+scale/2+0.5))
		for channel := range 3 {
			sum, count := 0.0, 0.0
			for k := first; k < end; k++ {
				if away := (float64(k) - center + 0.5) / scale; away > -0.5 && away <= 0.5 {
					sum += float64(line[k*step+channel])
					count++
				}
			}
			to[i*step+channel] = byte(sum/count + 0.5)
		}
	}
}

// nearest returns which pixel of a line of so many shows at pixel i of a line of n.
func nearest(i, n, of int) int { return int((float64(i) + 0.5) * float64(of) / float64(n)) }
