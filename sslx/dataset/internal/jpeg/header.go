package jpeg

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Magic is the start of every JPEG file.
const Magic = "\xff\xd8"

// MaxScans bounds the scans of a file. Encoders write about ten; each takes the time of a pass over all blocks.
const MaxScans = 100

// mostPasses bounds the pixels that all scans pass over: 100 scans of 16 megapixels, or 25 of 64.
const mostPasses = 1_600_000_000

// Markers (T.81, table B.1).
const (
	baselineFrame    = 0xc0
	extendedFrame    = 0xc1
	progressiveFrame = 0xc2
	huffmanTables    = 0xc4
	arithmeticTables = 0xcc
	firstRestart     = 0xd0
	lastRestart      = 0xd7
	endOfImage       = 0xd9
	startOfScan      = 0xda
	quantTables      = 0xdb
	restartInterval  = 0xdd
	jfifSegment      = 0xe0
	exifSegment      = 0xe1
	adobeSegment     = 0xee
)

// Header is what the frame of a file says.
type Header struct {
	Width, Height int
	// Components is 1 for gray, 3 for color, 4 for CMYK.
	Components int
	// Progressive files keep the coefficients of all blocks in memory.
	Progressive bool
	// Samples is the number of samples a pixel, of all components; less than Components where chroma is subsampled.
	Samples float64
	// EXIF is the content of the EXIF segment after its name, or nil.
	EXIF []byte
}

// Memory returns the bytes that decoding at 1/reduce of the size takes at most, the RGBA image included.
func (h Header) Memory(reduce int) int64 {
	// Rows and columns are filled up to whole blocks of the largest component, 32 pixels at most.
	padded := float64((h.Width+31)/32*32) * float64((h.Height+31)/32*32)
	// Chroma may be kept at twice the reduced size.
	shrunk := padded / float64(reduce*reduce)
	planes := shrunk * h.Samples
	if reduce > 1 {
		planes = shrunk * float64(h.Components)
	}
	bytes := planes + 4*shrunk
	if h.Progressive {
		// Coefficients have two bytes, and are kept at full size whatever the reduction.
		bytes += 2 * padded * h.Samples
	}
	return int64(bytes)
}

// ReadHeader reads a file up to its frame. It refuses kinds of JPEG that Decode does not read, each by its name.
func ReadHeader(data []byte) (Header, error) {
	d := &decoder{data: data}
	if err := d.readUntil(func() bool { return d.comps != nil }); err != nil {
		return Header{}, err
	}
	h := Header{Width: d.width, Height: d.height, Components: len(d.comps), Progressive: d.progressive, EXIF: d.exif}
	for _, c := range d.comps {
		h.Samples += float64(c.h*c.v) / float64(d.hMax*d.vMax)
	}
	return h, nil
}

// errShort is the error of a file that ends before its frame or first scan does.
var errShort = errors.New("it is cut short inside its header")

// next returns the next marker at or after pos and moves behind it. Bytes between segments are skipped, as libjpeg
// does.
func (d *decoder) next() (marker byte, ok bool) {
	for i := d.pos; i+1 < len(d.data); i++ {
		if d.data[i] == 0xff && d.data[i+1] != 0 && d.data[i+1] != 0xff {
			d.pos = i + 2
			return d.data[i+1], true
		}
	}
	d.pos = len(d.data)
	return 0, false
}

// segment returns the content of the segment at pos and moves behind it.
func (d *decoder) segment() ([]byte, error) {
	if d.pos+2 > len(d.data) {
		return nil, errShort
	}
	length := int(binary.BigEndian.Uint16(d.data[d.pos:]))
	if length < 2 || d.pos+length > len(d.data) {
		return nil, errShort
	}
	content := d.data[d.pos+2 : d.pos+length]
	d.pos += length
	return content, nil
}

// readUntil reads segments until done says so after one of them; scans are decoded on the way.
func (d *decoder) readUntil(done func() bool) error {
	if len(d.data) < 2 || string(d.data[:2]) != Magic {
		return errors.New("it does not start like a JPEG")
	}
	if d.pos == 0 {
		d.pos = 2
	}
	for !done() {
		marker, ok := d.next()
		switch {
		case !ok && d.comps == nil:
			return errShort
		case !ok || marker == endOfImage && d.scans > 0:
			d.ended = ok
			return nil
		case marker == endOfImage:
			return errors.New("it ends before its first scan")
		case marker == 0x01 || marker >= firstRestart && marker <= lastRestart || marker == Magic[1]:
			continue // markers without content
		}
		content, err := d.segment()
		if err != nil {
			// What follows whole scans may be cut; the caller decides whether enough is there.
			if d.scans > 0 {
				d.pos = len(d.data)
				return nil
			}
			return err
		}
		if err := d.read(marker, content); err != nil {
			return err
		}
	}
	return nil
}

// read takes in the content of one segment.
func (d *decoder) read(marker byte, content []byte) error {
	switch {
	case marker == quantTables:
		return d.readQuant(content)
	case marker == huffmanTables:
		return d.readHuffman(content)
	case marker == restartInterval:
		if len(content) != 2 {
			return errors.New("it has a damaged restart interval")
		}
		d.interval = int(binary.BigEndian.Uint16(content))
	case marker == startOfScan:
		return d.readScan(content)
	// 0xc8 is reserved; the tables of Huffman codes, 0xc4, were taken above.
	case marker >= baselineFrame && marker <= 0xcf && marker != arithmeticTables && marker != 0xc8:
		return d.readFrame(marker, content)
	case marker == jfifSegment && len(content) >= 5 && string(content[:5]) == "JFIF\x00":
		d.jfif = true
	case marker == exifSegment && len(content) >= 6 && string(content[:4]) == "Exif" && d.exif == nil:
		d.exif = content[6:]
	case marker == adobeSegment && len(content) >= 12 && string(content[:5]) == "Adobe":
		d.adobe, d.transform = true, content[11]
	}
	return nil
}

// otherFrames names the kinds of JPEG that are not read.
var otherFrames = map[byte]string{
	0xc3: "lossless", 0xc5: "hierarchical", 0xc6: "hierarchical", 0xc7: "hierarchical", 0xc9: "arithmetic-coded",
	0xca: "arithmetic-coded", 0xcb: "lossless arithmetic-coded", 0xcd: "hierarchical", 0xce: "hierarchical",
	0xcf: "hierarchical",
}

// readFrame reads the frame header: precision, size, and for each component its name, sampling factors and table.
func (d *decoder) readFrame(marker byte, content []byte) error {
	if name := otherFrames[marker]; name != "" {
		return fmt.Errorf("it is a %s JPEG, which sslx does not read: store it as a baseline JPEG or a PNG", name)
	}
	if d.comps != nil {
		return errors.New("it has two frames")
	}
	if len(content) < 6 || len(content) != 6+3*int(content[5]) {
		return errors.New("it has a damaged frame header")
	}
	if content[0] != 8 {
		return fmt.Errorf("it is a JPEG of %d bits a sample, and sslx reads 8: store it as a PNG or TIFF", content[0])
	}
	d.progressive = marker == progressiveFrame
	d.height, d.width = int(binary.BigEndian.Uint16(content[1:])), int(binary.BigEndian.Uint16(content[3:]))
	if d.height == 0 || d.width == 0 {
		return fmt.Errorf("its frame is %dx%d pixels", d.width, d.height)
	}

	n := int(content[5])
	if n != 1 && n != 3 && n != 4 {
		return fmt.Errorf("it is a JPEG of %d components, and sslx reads 1, 3 or 4: store it as a PNG", n)
	}
	comps := make([]*component, n)
	for i := range comps {
		at := content[6+3*i:]
		c := &component{id: at[0], h: int(at[1] >> 4), v: int(at[1] & 15), quant: at[2]}
		if c.h < 1 || c.h > 4 || c.v < 1 || c.v > 4 || c.quant > 3 {
			return errors.New("it has a damaged frame header")
		}
		d.hMax, d.vMax = max(d.hMax, c.h), max(d.vMax, c.v)
		comps[i] = c
	}
	d.comps = comps
	return nil
}

// readQuant reads quantization tables.
func (d *decoder) readQuant(content []byte) error {
	for len(content) > 0 {
		wide, table := int(content[0]>>4), content[0]&15
		content = content[1:]
		if table > 3 || wide > 1 || len(content) < 64*(wide+1) {
			return errors.New("it has a damaged quantization table")
		}
		for k := range 64 {
			if wide == 1 {
				d.quants[table][k] = int32(binary.BigEndian.Uint16(content[2*k:]))
			} else {
				d.quants[table][k] = int32(content[k])
			}
		}
		d.hasQuant[table] = true
		content = content[64*(wide+1):]
	}
	return nil
}

// readHuffman reads Huffman tables.
func (d *decoder) readHuffman(content []byte) error {
	for len(content) > 0 {
		if len(content) < 17 || content[0]&15 > 3 || content[0]>>4 > 1 {
			return errDamagedCodes
		}
		table := &d.dc[content[0]&15]
		if content[0]>>4 == 1 {
			table = &d.ac[content[0]&15]
		}
		if *table == nil {
			*table = new(huffman)
		}
		n := 0
		for _, count := range content[1:17] {
			n += int(count)
		}
		if n > 256 || len(content) < 17+n {
			return errDamagedCodes
		}
		if err := (*table).build(content[1:17], content[17:17+n], content[0]>>4 == 1); err != nil {
			return err
		}
		content = content[17+n:]
	}
	return nil
}
