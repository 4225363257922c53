package plots

import (
	"image"
	"image/color"
	"math"
	"strconv"

	"github.com/sslx-go/lab/internal/usage"
)

// Neighbors is a line of a sheet of nearest neighbors. Pixels are RGB, [height, width, 3].
type Neighbors struct {
	Query   []byte
	Nearest [][]byte // the most similar first
	Same    []bool   // for each of Nearest: it has the label of the query; nil without labels
}

// NeighborSheet returns a PNG image with a line for each query: the query, then its neighbors. A neighbor with the
// query's label has a blue border and a tick; another one an orange border and a cross; without labels there are no
// marks. Small images are enlarged as in
// ViewSheet. It returns a usage error if lines have unequal lengths or miss the label of a neighbor.
func NeighborSheet(height, width int, lines []Neighbors) ([]byte, error) {
	s := sheet{height: height, width: width, framed: true, lead: 1}
	for i, line := range lines {
		if line.Same != nil && len(line.Same) != len(line.Nearest) || len(line.Nearest) != len(lines[0].Nearest) {
			return nil, usage.Errorf("line %d of the neighbor sheet has %d neighbors and %d labels, "+
				"and the first one has %d neighbors", i+1, len(line.Nearest), len(line.Same), len(lines[0].Nearest))
		}

		block := []tile{{pixels: line.Query}}
		for k, pixels := range line.Nearest {
			t := tile{pixels: pixels}
			switch {
			case line.Same == nil:
			case line.Same[k]:
				t.mark = sameLabel
			default:
				t.mark = otherLabel
			}
			block = append(block, t)
		}
		s.blocks = append(s.blocks, block)
	}

	if len(lines) > 0 {
		s.titles = []string{"query"}
		for k := range lines[0].Nearest {
			s.titles = append(s.titles, strconv.Itoa(k+1))
		}
	}
	return s.png()
}

// mark says how a neighbor's label compares with its query's.
type mark int

const (
	noMark mark = iota
	sameLabel
	otherLabel
)

func (m mark) color() color.RGBA {
	return [...]color.RGBA{{0xff, 0xff, 0xff, 0xff}, blue, vermillion}[m]
}

const badge = 20 // side of the square that holds a tick or a cross, in pixels

// strokes are the lines of each mark's sign in a unit square, y down.
var strokes = [...][][4]float64{
	sameLabel:  {{.2, .55, .42, .78}, {.42, .78, .82, .25}},
	otherLabel: {{.25, .25, .75, .75}, {.25, .75, .75, .25}},
}

// draw puts the mark's badge into the corner that ends at lower right.
func (m mark) draw(out *image.RGBA, corner image.Point) {
	if m == noMark {
		return
	}

	// A pixel is as white as its center is near to a stroke, which gives smooth edges.
	for y := range badge {
		for x := range badge {
			u, v := (float64(x)+.5)/badge, (float64(y)+.5)/badge
			shade := uint8(0)
			for _, s := range strokes[m] {
				shade = max(shade, uint8(255*min(1, max(0, 2.4-badge*distance(u, v, s)))))
			}
			out.SetRGBA(corner.X-badge+x, corner.Y-badge+y, blend(m.color(), shade))
		}
	}
}

// distance returns how far (u, v) is from the segment s.
func distance(u, v float64, s [4]float64) float64 {
	dx, dy := s[2]-s[0], s[3]-s[1]

	// The nearest point of the segment, as a share of its length.
	t := max(0, min(1, ((u-s[0])*dx+(v-s[1])*dy)/(dx*dx+dy*dy)))
	return math.Hypot(u-s[0]-t*dx, v-s[1]-t*dy)
}

// blend mixes white into a color; 255 is all white.
func blend(c color.RGBA, white uint8) color.RGBA {
	mix := func(v uint8) uint8 { return uint8((int(v)*(255-int(white)) + 255*int(white)) / 255) }
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), 0xff}
}
