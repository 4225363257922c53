package jpeg

// scan is one pass over some of the components.
type scan struct {
	comps       []*component
	first, last int // coefficients, in the order of the file
	high, low   int // bits of successive approximation
	run         int // blocks that end a band of coefficients together
}

// Natural leads from the order of the file to rows and columns (T.81, figure 5). Damaged runs reach beyond the 64.
var Natural = [80]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
	63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
}

// decodeScan decodes the data that follow the header of a scan.
func (d *decoder) decodeScan(s *scan) error {
	d.reset()
	d.bitReader.data, d.bitReader.pos = d.data, d.pos
	err := d.decodeUnits(s)
	d.pos = d.bitReader.pos
	return err
}

// decodeUnits goes through the units: a block of a component alone, or the blocks of all components for one area.
func (d *decoder) decodeUnits(s *scan) error {
	single := len(s.comps) == 1
	unitsX, unitsY := up(d.width, 8*d.hMax), up(d.height, 8*d.vMax)
	if single {
		c := s.comps[0]
		unitsX, unitsY = up(up(d.width*c.h, d.hMax), 8), up(up(d.height*c.v, d.vMax), 8)
	}

	left, restart := d.interval, byte(0)
	for y := range unitsY {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		for x := range unitsX {
			if d.interval > 0 && left == 0 {
				if !d.restart(s, restart) {
					return d.cut(unitsX*unitsY, y*unitsX+x)
				}
				left, restart = d.interval, (restart+1)&7
			}
			left--
			if err := d.unit(s, x, y, single); err != nil {
				return err
			}

			// Bits were used that are not there: what follows in this file is lost.
			if d.overrun() {
				return d.cut(unitsX*unitsY, y*unitsX+x)
			}
		}
	}
	return nil
}

// unit decodes the blocks of one unit.
func (d *decoder) unit(s *scan, x, y int, single bool) error {
	if single {
		return d.decodeBlock(s, s.comps[0], x, y)
	}
	for _, c := range s.comps {
		for v := range c.v {
			for h := range c.h {
				if err := d.decodeBlock(s, c, x*c.h+h, y*c.v+v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// cut notes that data are missing from a unit on. Where a marker other than the end follows, they are damaged instead.
func (d *decoder) cut(units, from int) error {
	d.lost, d.share = true, max(d.share, float64(units-from)/float64(units))
	at := d.bitReader.pos
	if at+1 < len(d.data) && d.data[at] == 0xff && d.data[at+1] != endOfImage && d.data[at+1] != 0xff {
		return errDamaged
	}
	return nil
}

// restart goes to the next restart marker, which must have the number expected; it reports whether there is one.
func (d *decoder) restart(s *scan, number byte) bool {
	d.reset()
	s.run = 0
	for _, c := range s.comps {
		c.pred = 0
	}

	// Encoders pad with bytes of their own before the marker.
	for i := d.bitReader.pos; i+1 < len(d.data); i++ {
		if d.data[i] != 0xff || d.data[i+1] == 0 || d.data[i+1] == 0xff {
			continue
		}
		if d.data[i+1] == firstRestart+number {
			d.bitReader.pos = i + 2
			return true
		}
		d.bitReader.pos = i
		return false
	}
	d.bitReader.pos = len(d.data)
	return false
}

// decodeBlock decodes what a scan has of the block in column x and row y of a component.
func (d *decoder) decodeBlock(s *scan, c *component, x, y int) error {
	if !d.progressive {
		last, err := d.sequential(c)
		if err != nil {
			return err
		}
		inverse(&d.block, last, c.plane[y*c.size*c.stride+x*c.size:], c.stride, c.size)
		return nil
	}

	at := 64 * (y*c.across + x)
	b := (*[64]int16)(c.coefs[at : at+64])
	switch {
	case s.first == 0 && s.high == 0:
		diff, err := d.dcDifference(c.dc)
		c.pred += diff
		b[0] = int16(c.pred << s.low)
		return err
	case s.first == 0:
		if d.bits(1) == 1 {
			b[0] |= 1 << s.low
		}
		return nil
	case s.high == 0:
		return d.firstPass(s, c, b)
	}
	return d.refine(s, c, b)
}

// sequential decodes a block of a sequential scan, dequantized, into d.block. last is the place of its last
// coefficient.
func (d *decoder) sequential(c *component) (last int, err error) {
	d.block = [64]int32{}
	diff, err := d.dcDifference(c.dc)
	if err != nil {
		return 0, err
	}
	c.pred += diff
	d.block[0] = c.pred * c.table[0]

	// The bits are kept in two variables: most of the time of an import is spent here.
	t, b := c.ac, &d.bitReader
	acc, n := b.acc, b.n
	for k := 1; k < 64; {
		if n < 32 {
			b.acc, b.n = acc, n
			b.fill()
			acc, n = b.acc, b.n
		}

		// Most coefficients are found with one look.
		if e := t.whole[acc>>(64-lookBits)]; e != 0 {
			length := int(e & 255)
			acc <<= length
			n -= length
			k += int(e >> 8 & 255)
			d.block[Natural[k]&63] = (e >> 16) * c.table[k&63]
			last = k
			k++
			continue
		}
		symbol := 0
		if e := t.look[acc>>(64-lookBits)]; e != 0 {
			length := int(e & 255)
			acc <<= length
			n -= length
			symbol = int(e >> 8)
		} else {
			b.acc, b.n = acc, n
			if symbol, err = b.symbol(t); err != nil {
				return 0, err
			}
			acc, n = b.acc, b.n
		}

		run, size := symbol>>4, symbol&15
		if size == 0 {
			if run != 15 { // the end of the block
				break
			}
			k += 16
			continue
		}
		if k += run; k > 63 {
			return 0, errDamaged
		}

		// 32 bits were there: 16 of a code at most, and 15 of a coefficient.
		d.block[Natural[k]&63] = extend(int32(acc>>(64-size)), size) * c.table[k]
		acc <<= size
		n -= size
		last = k
		k++
	}
	b.acc, b.n = acc, n
	if last > 63 {
		return 0, errDamaged
	}
	return last, nil
}

// firstPass decodes the first bits of a band of coefficients (T.81, G.1.2.2).
func (d *decoder) firstPass(s *scan, c *component, b *[64]int16) error {
	if s.run > 0 {
		s.run--
		return nil
	}

	for k := s.first; k <= s.last; {
		symbol, err := d.symbol(c.ac)
		if err != nil {
			return err
		}

		// No size: 16 zeros, or the end of this block and of a run of further ones.
		run, size := symbol>>4, symbol&15
		if size == 0 {
			if run != 15 {
				s.run = 1<<run - 1
				if run > 0 {
					s.run += int(d.bits(run))
				}
				return nil
			}
			k += 16
			continue
		}

		if k += run; k > s.last {
			return errDamaged
		}
		b[Natural[k]] = int16(extend(d.bits(size), size) << s.low)
		k++
	}
	return nil
}

// refine decodes one more bit of a band of coefficients (T.81, G.1.2.3).
func (d *decoder) refine(s *scan, c *component, b *[64]int16) error {
	k, bit := s.first, int16(1)<<s.low
	if s.run == 0 {
		for k <= s.last {
			symbol, err := d.symbol(c.ac)
			if err != nil {
				return err
			}

			// A symbol has a run of zeros, and what follows: the end of the band, here and in further blocks, more
			// zeros, or a new coefficient, whose sign is the next bit.
			run, value := symbol>>4, int16(0)
			switch symbol & 15 {
			case 0:
				if run != 15 {
					s.run = 1 << run
					if run > 0 {
						s.run += int(d.bits(run))
					}
				}
			case 1:
				value = -bit
				if d.bits(1) == 1 {
					value = bit
				}
			default:
				return errDamaged
			}
			if s.run > 0 {
				break
			}

			// The coefficients that the run passes and that are not zero get their bit; the zeros are counted.
			if k = d.refineNonZero(s, b, k, run, bit); k > s.last {
				if value != 0 {
					return errDamaged
				}
				break
			}
			if value != 0 {
				b[Natural[k]] = value
			}
			k++
		}
	}

	// Of a band that has ended, no coefficient is new.
	if s.run > 0 {
		s.run--
		d.refineNonZero(s, b, k, -1, bit)
	}
	return nil
}

// refineNonZero reads a bit for each coefficient that is not zero, and passes over a number of zeros; -1 means all. It
// returns where it stopped.
func (d *decoder) refineNonZero(s *scan, b *[64]int16, k, zeros int, bit int16) int {
	for ; k <= s.last; k++ {
		at := Natural[k]
		if b[at] == 0 {
			if zeros == 0 {
				return k
			}
			zeros--
			continue
		}
		if d.bits(1) == 0 || b[at]&bit != 0 {
			continue
		}
		if b[at] > 0 {
			b[at] += bit
		} else {
			b[at] -= bit
		}
	}
	return k
}

// transformAll makes the planes of a progressive file from its coefficients.
func (d *decoder) transformAll() error {
	for _, c := range d.comps {
		d.makePlane(c)
		for y := range c.down {
			if err := d.ctx.Err(); err != nil {
				return err
			}
			for x := range c.across {
				b := c.coefs[64*(y*c.across+x):][:64]
				last := 0
				for k := range 64 {
					at := Natural[k]
					v := int32(b[at])
					d.block[at&63] = v * c.table[k]
					if v != 0 {
						last = k
					}
				}
				inverse(&d.block, last, c.plane[y*c.size*c.stride+x*c.size:], c.stride, c.size)
			}
		}
		c.coefs = nil
	}
	return nil
}
