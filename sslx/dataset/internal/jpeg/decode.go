package jpeg

import (
	"context"
	"errors"
	"fmt"
	"image"

	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
)

// Options say how a file is decoded. The zero value asks for full size and whole files.
type Options struct {
	// Reduce is 1 (or 0), 2, 4 or 8: the image gets 1/Reduce of its width and height, rounded up.
	Reduce int
	// CutShort accepts sequential files that lack a tenth of their blocks or less; these become gray.
	CutShort bool
}

// component is one of the channels of a frame.
type component struct {
	id    byte
	h, v  int // sampling factors
	quant byte

	table   [64]int32 // for dequantization, in the order of the file, as it was at the component's first scan
	started bool

	across, down int // blocks, filled up to whole units of an interleaved scan
	size         int // pixels of a block's side in the plane: 8, or less at reduced size
	plane        []byte
	stride       int
	width        int // of the plane, without filling
	height       int

	coefs []int16  // of a progressive file, [blocks][64]
	known [64]int8 // bits that are not known yet of each coefficient of a progressive file; -1 for all

	dc, ac *huffman // of the scan that is read
	pred   int32    // DC coefficient of the block before
}

// decoder reads one file.
type decoder struct {
	ctx  context.Context
	data []byte
	pos  int
	opt  Options

	width, height int
	progressive   bool
	comps         []*component
	hMax, vMax    int
	quants        [4][64]int32
	hasQuant      [4]bool
	dc, ac        [4]*huffman // nil where the file has none: they are large
	interval      int         // units between restart markers; 0 is none

	jfif, adobe bool
	transform   byte
	exif        []byte

	scans int
	ended bool    // the marker of the image's end was there
	lost  bool    // data ended before the units did
	share float64 // of the units that are lost
	block [64]int32
	bitReader
}

// mostLost is the largest share of an image that CutShort lets be missing.
const mostLost = 0.1

// Decode decodes a file. whole is false where data were missing, which only CutShort allows. It ends soon after ctx
// does.
func Decode(ctx context.Context, data []byte, opt Options) (img *image.RGBA, whole bool, err error) {
	if opt.Reduce == 0 {
		opt.Reduce = 1
	}
	if opt.Reduce != 1 && opt.Reduce != 2 && opt.Reduce != 4 && opt.Reduce != 8 {
		return nil, false, fmt.Errorf("jpeg: reduction by %d", opt.Reduce)
	}
	d := &decoder{ctx: ctx, data: data, opt: opt}
	if err := d.readUntil(func() bool { return false }); err != nil {
		return nil, false, err
	}
	if d.scans == 0 {
		return nil, false, errShort
	}

	// A scan may be missing whole, which only the end mark or complete coefficients exclude.
	for _, c := range d.comps {
		missing := !c.started
		for _, bits := range c.known {
			missing = missing || d.progressive && !d.ended && bits != 0
		}
		if missing {
			d.lost, d.share = true, 1
		}
	}
	if d.lost && (!opt.CutShort || d.progressive || d.share > mostLost) {
		return nil, false, errors.New("it is cut short: its data end before the image does")
	}
	if d.progressive {
		if err := d.transformAll(); err != nil {
			return nil, false, err
		}
	}
	img, err = d.render()
	for _, c := range d.comps {
		buffer.Keep(c.plane)
	}
	return img, !d.lost, err
}

// layOut sets the sizes of the components' planes.
func (d *decoder) layOut() {
	least := 8 / d.opt.Reduce
	unitsX, unitsY := up(d.width, 8*d.hMax), up(d.height, 8*d.vMax)
	for _, c := range d.comps {
		c.across, c.down = unitsX*c.h, unitsY*c.v

		// A subsampled component may have the resolution of the reduced image already.
		c.size = least
		for c.size < 8 && d.hMax*least%(2*c.h*c.size) == 0 && d.vMax*least%(2*c.v*c.size) == 0 {
			c.size *= 2
		}
		c.width, c.height = up(d.width*c.h*c.size, d.hMax*8), up(d.height*c.v*c.size, d.vMax*8)
		for k := range c.known {
			c.known[k] = -1
		}
	}
}

func (d *decoder) makePlane(c *component) {
	c.stride = c.across * c.size
	c.plane = buffer.Bytes(c.stride * c.down * c.size)

	// Blocks that a file lacks are gray.
	if d.opt.CutShort {
		for i := range c.plane {
			c.plane[i] = 128
		}
	}
}

// up divides and rounds up.
func up(a, b int) int { return (a + b - 1) / b }

// readScan reads the header of a scan (T.81, B.2.3) and decodes it.
func (d *decoder) readScan(content []byte) error {
	if d.comps == nil {
		return errors.New("it has a scan before its frame")
	}
	if d.ctx == nil { // only the header is wanted
		return nil
	}
	if d.scans++; d.scans > MaxScans || int64(d.scans)*int64(d.width)*int64(d.height) > mostPasses {
		return fmt.Errorf("it is a JPEG of %d scans or more, which take too long: encode it again", d.scans)
	}
	if d.scans == 1 {
		d.layOut()
	}
	if len(content) < 4 || content[0] < 1 || len(content) != 4+2*int(content[0]) {
		return errDamagedScan
	}
	n := int(content[0])
	s := scan{first: int(content[1+2*n]), last: int(content[2+2*n]), high: int(content[3+2*n] >> 4),
		low: int(content[3+2*n] & 15)}

	for i := range n {
		c := d.component(content[1+2*i])
		tables := content[2+2*i]
		if c == nil || tables>>4 > 3 || tables&15 > 3 {
			return errDamagedScan
		}
		for _, other := range s.comps {
			if other == c {
				return errDamagedScan
			}
		}
		// Tables may be replaced between scans: those that the file has now count.
		c.dc, c.ac = d.dc[tables>>4], d.ac[tables&15]
		if err := d.start(c); err != nil {
			return err
		}
		s.comps = append(s.comps, c)
	}
	if err := d.checkScan(&s); err != nil {
		return err
	}
	return d.decodeScan(&s)
}

var errDamagedScan = errors.New("it has a damaged scan header")

func (d *decoder) component(id byte) *component {
	for _, c := range d.comps {
		if c.id == id {
			return c
		}
	}
	return nil
}

// start prepares a component for its first scan.
func (d *decoder) start(c *component) error {
	if c.started {
		if !d.progressive {
			return errors.New("it has two scans of one component")
		}
		return nil
	}
	if !d.hasQuant[c.quant] {
		return errors.New("it lacks a quantization table")
	}
	c.started, c.table = true, d.quants[c.quant]
	if d.progressive {
		c.coefs = make([]int16, 64*c.across*c.down)
		return nil
	}
	d.makePlane(c)
	return nil
}

// checkScan refuses scans that the format does not allow.
func (d *decoder) checkScan(s *scan) error {
	if !d.progressive {
		// A sequential scan holds all coefficients, whatever its header says.
		s.first, s.last, s.high, s.low = 0, 63, 0, 0
	}
	for _, c := range s.comps {
		if s.first == 0 && s.high == 0 && c.dc == nil || s.last > 0 && c.ac == nil {
			return errors.New("it lacks a Huffman table")
		}
	}
	switch {
	case s.last > 63 || s.first > s.last || s.low > 13 || s.high > 13:
		return errDamagedScan
	// DC has scans of its own, and a scan of AC is of one component (T.81, annex G).
	case d.progressive && s.first == 0 && s.last > 0, s.first > 0 && len(s.comps) > 1:
		return errDamagedScan
	// A refinement adds one bit.
	case s.high > 0 && s.low != s.high-1:
		return errDamagedScan
	}
	if d.progressive {
		for _, c := range s.comps {
			for k := s.first; k <= s.last; k++ {
				c.known[k] = int8(s.low)
			}
		}
	}
	return nil
}
