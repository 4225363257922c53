package jpeg

import (
	"image"
	"slices"

	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
)

// render makes the image of the planes.
func (d *decoder) render() (*image.RGBA, error) {
	width, height := up(d.width, d.opt.Reduce), up(d.height, d.opt.Reduce)
	img := buffer.RGBA(image.Rect(0, 0, width, height))
	paint := d.painter()

	rows := make([][]byte, len(d.comps))
	ups := make([]upsampler, len(d.comps))
	for i, c := range d.comps {
		ups[i] = d.upsampler(c, width)
	}
	for y := range height {
		if y%64 == 0 {
			if err := d.ctx.Err(); err != nil {
				return nil, err
			}
		}
		for i := range ups {
			rows[i] = ups[i].row(y)
		}
		paint(img.Pix[y*img.Stride:][:4*width], rows)
	}
	return img, nil
}

// painter converts a row of samples to RGBA. What the components mean is told as libjpeg tells it: by the markers of
// JFIF and Adobe, and else by the components' names.
func (d *decoder) painter() func(dst []byte, rows [][]byte) {
	switch len(d.comps) {
	case 1:
		return paintGray
	case 3:
		named := d.comps[0].id == 'R' && d.comps[1].id == 'G' && d.comps[2].id == 'B'
		if !d.jfif && (d.adobe && d.transform == 0 || !d.adobe && named) {
			return paintRGB
		}
		return paintYCbCr
	}

	// Adobe's programs store inks inverted.
	ycck := d.adobe && d.transform != 0
	inverted := d.adobe
	return func(dst []byte, rows [][]byte) { paintCMYK(dst, rows, ycck, inverted) }
}

func paintGray(dst []byte, rows [][]byte) {
	for x, v := range rows[0][:len(dst)/4] {
		p := (*[4]byte)(dst[4*x:])
		p[0], p[1], p[2], p[3] = v, v, v, 255
	}
}

func paintRGB(dst []byte, rows [][]byte) {
	n := len(dst) / 4
	r, g, b := rows[0][:n], rows[1][:n], rows[2][:n]
	for x := range n {
		p := (*[4]byte)(dst[4*x:])
		p[0], p[1], p[2], p[3] = r[x], g[x], b[x], 255
	}
}

// The conversion from YCbCr in integers of 16 bits after the point (JFIF 1.02).
const (
	redOfCr   = 91881
	blueOfCb  = 116130
	greenOfCr = -46802
	greenOfCb = -22554
	colorHalf = 1 << 15
)

var crToR, cbToB, crToG, cbToG = func() (crToR, cbToB, crToG, cbToG [256]int32) {
	for i := range 256 {
		x := int32(i - 128)
		crToR[i] = (redOfCr*x + colorHalf) >> 16
		cbToB[i] = (blueOfCb*x + colorHalf) >> 16
		crToG[i] = greenOfCr * x
		cbToG[i] = greenOfCb*x + colorHalf
	}
	return
}()

func paintYCbCr(dst []byte, rows [][]byte) {
	n := len(dst) / 4
	lumas, cbs, crs := rows[0][:n], rows[1][:n], rows[2][:n]
	if vectors && n >= 8 {
		paintVectors(dst, lumas, cbs, crs)
		return
	}
	for x := range n {
		y, cb, cr := int32(lumas[x]), cbs[x], crs[x]
		p := (*[4]byte)(dst[4*x:])
		p[0] = clamp(y + crToR[cr])
		p[1] = clamp(y + (cbToG[cb]+crToG[cr])>>16)
		p[2] = clamp(y + cbToB[cb])
		p[3] = 255
	}
}

// paintCMYK multiplies what the inks leave of white, as PIL does.
func paintCMYK(dst []byte, rows [][]byte, ycck, inverted bool) {
	for x := range len(dst) / 4 {
		c, m, y, k := rows[0][x], rows[1][x], rows[2][x], rows[3][x]
		if ycck {
			luma, cb, cr := int32(c), m, y
			c = 255 - clamp(luma+crToR[cr])
			m = 255 - clamp(luma+(cbToG[cb]+crToG[cr])>>16)
			y = 255 - clamp(luma+cbToB[cb])
		}
		if inverted {
			c, m, y, k = 255-c, 255-m, 255-y, 255-k
		}
		p := (*[4]byte)(dst[4*x:])
		p[0], p[1], p[2], p[3] = 255-k-times(c, 255-k), 255-k-times(m, 255-k), 255-k-times(y, 255-k), 255
	}
}

// times multiplies two fractions of 255.
func times(a, b byte) byte {
	// The division by 255, rounded, is Pillow's MULDIV255.
	t := uint32(a)*uint32(b) + 128
	return byte((t>>8 + t) >> 8)
}

// upsampler brings the rows of a plane to the width and height of the image.
type upsampler struct {
	c      *component
	width  int
	nx, dx int // the image has nx/dx columns for one of the plane
	ny, dy int
	smooth bool
	out    []byte
	sums   []int16
}

func (d *decoder) upsampler(c *component, width int) upsampler {
	least := 8 / d.opt.Reduce
	u := upsampler{c: c, width: width, nx: d.hMax * least, dx: c.h * c.size, ny: d.vMax * least, dy: c.v * c.size}
	u.nx, u.dx = reduced(u.nx, u.dx)
	u.ny, u.dy = reduced(u.ny, u.dy)

	// libjpeg interpolates between two columns or rows when there is something to interpolate.
	wide, high := u.nx == 2 && u.dx == 1, u.ny == 2 && u.dy == 1
	flat, level := u.nx == u.dx, u.ny == u.dy
	u.smooth = least > 1 && (wide && c.width > 2 && (high || level) || flat && high)
	if !flat || !level {
		u.out = make([]byte, width+2)
		u.sums = make([]int16, c.width)
	}
	return u
}

func reduced(a, b int) (int, int) {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x, b / x
}

// line returns a row of the plane; rows beyond its ends are the outermost.
func (u *upsampler) line(y int) []byte {
	y = min(max(y, 0), u.c.height-1)
	return u.c.plane[y*u.c.stride:][:u.c.width]
}

// row returns row y of the image.
func (u *upsampler) row(y int) []byte {
	at := y * u.dy / u.ny
	line := u.line(at)
	switch {
	case u.nx == u.dx && u.ny == u.dy:
		return line
	case !u.smooth:
		for x := range u.width {
			u.out[x] = line[min(x*u.dx/u.nx, len(line)-1)]
		}
		return u.out
	case u.ny == u.dy:
		u.widen(line)
		return u.out
	}

	// The nearer row counts three times the farther one.
	other := u.line(at + 2*(y&1) - 1)
	if u.nx == u.dx {
		// The rounding alternates, so that halves go up as often as down.
		bias := int32(1 + y&1)
		for x, v := range line {
			u.out[x] = byte((3*int32(v) + int32(other[x]) + bias) >> 2)
		}
		return u.out
	}
	u.addRows(line, other)
	u.widenSums()
	return u.out
}

// addRows sums up the nearer row and the farther one, with their weights.
func (u *upsampler) addRows(near, far []byte) {
	if vectors && len(near) >= 16 {
		sumVectors(u.sums, near, far)
		return
	}
	for x, v := range near {
		u.sums[x] = 3*int16(v) + int16(far[x])
	}
}

// widen puts two pixels between the centers of each two of a line, as libjpeg rounds them.
func (u *upsampler) widen(line []byte) {
	out, n := slices.Grow(u.out[:0], 2*len(line))[:2*len(line)], len(line)
	out[0], out[1] = line[0], byte((3*int32(line[0])+int32(line[1])+2)>>2)
	for x := 1; x < n-1; x++ {
		v := 3 * int32(line[x])
		out[2*x] = byte((v + int32(line[x-1]) + 1) >> 2)
		out[2*x+1] = byte((v + int32(line[x+1]) + 2) >> 2)
	}
	out[2*n-2], out[2*n-1] = byte((3*int32(line[n-1])+int32(line[n-2])+1)>>2), line[n-1]
	u.out = out
}

// widenSums is widen for sums of two rows, four times as large.
func (u *upsampler) widenSums() {
	n := len(u.sums)
	out, s := slices.Grow(u.out[:0], 2*n)[:2*n], u.sums
	out[0], out[1] = byte((4*s[0]+8)>>4), byte((3*s[0]+s[1]+7)>>4)
	out[2*n-2], out[2*n-1] = byte((3*s[n-1]+s[n-2]+8)>>4), byte((4*s[n-1]+7)>>4)
	u.out = out

	// Between the two ends, each column has two neighbors.
	if vectors && n >= 2+16 {
		widenVectors(out, s)
		return
	}
	before, here := s[0], s[1]
	for x := 1; x < n-1; x++ {
		after := s[x+1]
		p := (*[2]byte)(out[2*x:])
		p[0] = byte((3*here + before + 8) >> 4)
		p[1] = byte((3*here + after + 7) >> 4)
		before, here = here, after
	}
}
