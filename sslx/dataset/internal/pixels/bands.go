package pixels

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Bands is an image of any number of channels, 8 bits each, [Height, Width, Channels].
type Bands struct {
	Pix                     []byte
	Height, Width, Channels int
}

// MaxBands is the largest number of channels that is read.
const MaxBands = 16

// samples is an array of numbers that is an image.
type samples struct {
	height, width, channels int
	bytes                   int // of a sample: 1, 2, 4 or 8
	float                   bool
	order                   binary.ByteOrder
	strides                 [3]int // in samples, of a row, a column and a channel
	memory                  int64  // that decoding takes

	raw func(ctx context.Context) ([]byte, error)
}

// MeasureBands reads the head of a file that holds an array: a NumPy file, or a TIFF that is neither gray nor color of
// integers. ok is false for all other files. The channels are 3 for gray, which counts as color.
func MeasureBands(data []byte) (size Size, channels int, ok bool, err error) {
	s, ok, err := samplesOf(data)
	if !ok || err != nil {
		return Size{}, 0, ok, err
	}
	if channels = s.channels; channels == 1 {
		channels = 3
	}
	return Size{Width: s.width, Height: s.height, Pixels: int64(s.width) * int64(s.height), Memory: s.memory}, channels,
		true, nil
}

// DecodeBands decodes a file for which [MeasureBands] is ok. Bytes stay as they are. Samples of 16 bits become bytes by
// the range of the options, and numbers with a fraction are on [0, 1], unless the range is each image's own.
func DecodeBands(ctx context.Context, data []byte, opt Options) (Bands, Facts, error) {
	var facts Facts
	s, ok, err := samplesOf(data)
	if err != nil || !ok {
		return Bands{}, facts, errors.Join(err, ctx.Err())
	}
	raw, err := s.raw(ctx)
	if err != nil {
		return Bands{}, facts, err
	}
	out := Bands{make([]byte, s.height*s.width*s.channels), s.height, s.width, s.channels}
	return out, facts, s.convert(ctx, out.Pix, raw, opt.Range, &facts)
}

func samplesOf(data []byte) (s samples, ok bool, err error) {
	switch {
	case bytes.HasPrefix(data, []byte(npyMagic)):
		s, err = npySamples(data)
		ok = true
	case bytes.HasPrefix(data, []byte("II*\x00")), bytes.HasPrefix(data, []byte("MM\x00*")):
		s, ok, err = tiffSamples(data)
	}
	if !ok || err != nil {
		return s, ok, err
	}

	// Every number is bounded before it is multiplied.
	const most = 1 << 20
	if s.height < 1 || s.width < 1 || s.height > most || s.width > most {
		return s, true, fmt.Errorf("it is %dx%d pixels", s.width, s.height)
	}
	if s.channels < 1 || s.channels > MaxBands {
		return s, true, fmt.Errorf("it has %d channels, and sslx reads 1 to %d", s.channels, MaxBands)
	}
	s.memory = int64(s.height) * int64(s.width) * int64(s.channels) * int64(s.bytes+1)
	return s, true, nil
}

// convert writes the samples of raw as bytes [height, width, channels].
func (s samples) convert(ctx context.Context, out, raw []byte, deep Range, facts *Facts) error {
	if s.bytes == 1 {
		return s.each(ctx, func(to, from int) { out[to] = raw[from] })
	}
	number := func(from int) float64 {
		p := raw[from*s.bytes:]
		switch {
		case s.bytes == 2:
			return float64(s.order.Uint16(p))
		case s.bytes == 4:
			return float64(math.Float32frombits(s.order.Uint32(p)))
		}
		return math.Float64frombits(s.order.Uint64(p))
	}

	// The range of all samples.
	least, largest, finite := math.Inf(1), math.Inf(-1), true
	err := s.each(ctx, func(_, from int) {
		v := number(from)
		finite = finite && !math.IsNaN(v) && !math.IsInf(v, 0)
		least, largest = min(least, v), max(largest, v)
	})
	if err != nil {
		return err
	}

	scale := deep.scale(int(clamp(least)), int(clamp(largest)))
	switch {
	case !s.float:
		facts.Deep, facts.Highest = true, int(largest)
	case !finite:
		return errors.New("it holds numbers that are not finite")
	case deep.image && largest > least:
		scale = nil
		return s.each(ctx, func(to, from int) {
			out[to] = byte(math.Round(255 * (number(from) - least) / (largest - least)))
		})
	case deep.image:
		return nil // all are alike, and 0
	case least < 0 || largest > 1:
		return fmt.Errorf("its numbers range from %g to %g instead of 0 to 1: scale them, or choose each image's "+
			"own range of samples", least, largest)
	default:
		return s.each(ctx, func(to, from int) { out[to] = byte(math.Round(255 * number(from))) })
	}
	return s.each(ctx, func(to, from int) { out[to] = scale(int(number(from))) })
}

func clamp(v float64) float64 { return min(max(v, 0), math.MaxUint16) }

// each visits all samples in the order [height, width, channels] with their place in raw. It ends soon after ctx does.
func (s samples) each(ctx context.Context, visit func(to, from int)) error {
	to := 0
	for y := range s.height {
		if err := ctx.Err(); err != nil {
			return err
		}
		for x := range s.width {
			for c := range s.channels {
				visit(to, y*s.strides[0]+x*s.strides[1]+c*s.strides[2])
				to++
			}
		}
	}
	return nil
}

const npyMagic = "\x93NUMPY"

var npyHead = regexp.MustCompile(`^\{'descr': '([<>|=][a-z][0-9]+)', 'fortran_order': (True|False), 'shape': ` +
	`\(([0-9, ]*)\), \}\s*$`)

// npySamples reads the head of a NumPy file (numpy.lib.format).
func npySamples(data []byte) (s samples, err error) {
	if len(data) < 12 {
		return s, errors.New("it is cut short inside its head")
	}
	// The length of the head has two bytes in version 1, and four from version 2 on.
	start, length := 10, int(binary.LittleEndian.Uint16(data[8:]))
	if data[6] > 1 {
		start, length = 12, int(min(binary.LittleEndian.Uint32(data[8:]), 1<<20))
	}
	if start+length > len(data) {
		return s, errors.New("it is cut short inside its head")
	}
	head := npyHead.FindSubmatch(data[start : start+length])
	if head == nil {
		return s, errors.New("it is a NumPy file that holds something other than one array of numbers")
	}

	s.order = binary.LittleEndian
	if head[1][0] == '>' {
		s.order = binary.BigEndian
	}
	switch string(head[1][1:]) {
	case "u1":
		s.bytes = 1
	case "u2":
		s.bytes = 2
	case "f4":
		s.bytes, s.float = 4, true
	case "f8":
		s.bytes, s.float = 8, true
	default:
		return s, fmt.Errorf("its numbers are %s, and sslx reads uint8, uint16, float32 and float64", head[1])
	}

	var dims []int
	for part := range strings.SplitSeq(string(head[3]), ",") {
		if part = strings.TrimSpace(part); part != "" {
			n, err := strconv.Atoi(part)
			if err != nil || n < 1 || n > 1<<20 {
				return s, fmt.Errorf("its shape is (%s)", head[3])
			}
			dims = append(dims, n)
		}
	}
	if len(dims) == 2 {
		dims = append(dims, 1)
	}
	if len(dims) != 3 {
		return s, fmt.Errorf("its shape is (%s), and an image is [height, width, channels]", head[3])
	}

	// In samples, of each axis.
	strides := [3]int{dims[1] * dims[2], dims[2], 1}
	if string(head[2]) == "True" {
		strides = [3]int{1, dims[0], dims[0] * dims[1]}
	}
	axes := [3]int{0, 1, 2}
	if dims[2] > MaxBands && dims[0] <= MaxBands { // channels first, as PyTorch has them
		axes = [3]int{1, 2, 0}
	}
	s.height, s.width, s.channels = dims[axes[0]], dims[axes[1]], dims[axes[2]]
	s.strides = [3]int{strides[axes[0]], strides[axes[1]], strides[axes[2]]}

	body := data[start+length:]
	if want := int64(dims[0]) * int64(dims[1]) * int64(dims[2]); want > math.MaxInt32 ||
		int64(len(body)) != want*int64(s.bytes) {
		return s, fmt.Errorf("its shape is (%s) and it has %d bytes: it is cut short or damaged", head[3], len(body))
	}
	s.raw = func(context.Context) ([]byte, error) { return body, nil }
	return s, nil
}

// Tags of TIFF 6.0 (https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf).
const (
	tagWidth, tagHeight, tagBits, tagCompression, tagPhotometric        = 256, 257, 258, 259, 262
	tagStripOffsets, tagSamples, tagRowsPerStrip, tagStripCounts        = 273, 277, 278, 279
	tagPlanar, tagPredictor, tagTileWidth, tagTileHeight                = 284, 317, 322, 323
	tagTileOffsets, tagTileCounts, tagExtraSamples, tagSampleFormat int = 324, 325, 338, 339
)

// Compressions of TIFF.
const compressionNone, compressionLZW = 1, 5

// tiffTags returns the numbers of the tags of the first page.
func tiffTags(data []byte) (tags map[int][]int64, order binary.ByteOrder, err error) {
	order = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	damaged := errors.New("it is a damaged TIFF")
	if len(data) < 8 {
		return nil, order, damaged
	}
	at := int64(order.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return nil, order, damaged
	}

	tags = map[int][]int64{}
	entries := data[at+2:]
	for range order.Uint16(data[at:]) {
		if len(entries) < 12 {
			return nil, order, damaged
		}
		tag, kind, count := int(order.Uint16(entries)), order.Uint16(entries[2:]), int64(order.Uint32(entries[4:]))
		size := map[uint16]int64{1: 1, 3: 2, 4: 4}[kind]
		values := entries[8:12]
		// Up to four bytes of values stand in the entry, more stand where it points.
		if size*count > 4 {
			from := int64(order.Uint32(values))
			if from+size*count > int64(len(data)) {
				return nil, order, damaged
			}
			values = data[from : from+size*count]
		}
		entries = entries[12:]
		if size == 0 {
			continue
		}
		for i := range count {
			p := values[i*size:]
			switch size {
			case 1:
				tags[tag] = append(tags[tag], int64(p[0]))
			case 2:
				tags[tag] = append(tags[tag], int64(order.Uint16(p)))
			default:
				tags[tag] = append(tags[tag], int64(order.Uint32(p)))
			}
		}
	}
	return tags, order, nil
}

// tiffSamples reads the first page of a TIFF. ok is false for those that the decoder of color images reads.
func tiffSamples(data []byte) (s samples, ok bool, err error) {
	tags, order, err := tiffTags(data)
	if err != nil {
		return s, false, nil // the other decoder says what is wrong
	}
	one := func(tag int, otherwise int64) int64 {
		if len(tags[tag]) == 0 {
			return otherwise
		}
		return tags[tag][0]
	}

	channels, photometric := one(tagSamples, 1), one(tagPhotometric, 1)
	format, planar := one(tagSampleFormat, 1), one(tagPlanar, 1)
	// The other decoder reads gray, RGB with or without alpha, and palettes, CMYK and YCbCr (photometrics above 2).
	usual := photometric > 2 || photometric <= 1 && channels == 1 || photometric == 2 && (channels == 3 ||
		channels == 4 && one(tagExtraSamples, 1) > 0)
	if usual && (format == 1 || photometric > 2) && (planar == 1 || channels == 1) {
		return s, false, nil
	}

	bits := one(tagBits, 1)
	for _, b := range tags[tagBits] {
		if b != bits {
			return s, true, errors.New("its channels differ in their number of bits")
		}
	}
	switch {
	case format == 1 && (bits == 8 || bits == 16), format == 3 && (bits == 32 || bits == 64):
	default:
		return s, true, fmt.Errorf("its samples have %d bits of format %d, and bytes, 16 bits and numbers with a "+
			"fraction of 32 or 64 bits are read", bits, format)
	}
	if channels > MaxBands {
		return s, true, fmt.Errorf("it has %d channels, and sslx reads 1 to %d", channels, MaxBands)
	}
	s = samples{height: int(one(tagHeight, 0)), width: int(one(tagWidth, 0)), channels: int(channels),
		bytes: int(bits / 8), float: format == 3, order: order}
	s.strides = [3]int{s.width * s.channels, s.channels, 1}
	if planar == 2 {
		s.strides = [3]int{s.width, 1, s.width * s.height}
	}
	s.raw = func(ctx context.Context) ([]byte, error) { return s.tiffRaw(ctx, data, tags, planar == 2) }
	return s, true, nil
}

// tiffRaw unpacks the strips or tiles of a page to one array.
func (s samples) tiffRaw(ctx context.Context, data []byte, tags map[int][]int64, planar bool) ([]byte, error) {
	one := func(tag int, otherwise int) int {
		if len(tags[tag]) == 0 {
			return otherwise
		}
		return int(tags[tag][0])
	}
	planes, pixel := 1, s.channels*s.bytes // bytes of a pixel in a block
	if planar {
		planes, pixel = s.channels, s.bytes
	}

	// Blocks are strips of whole rows, or tiles.
	offsets, counts := tags[tagStripOffsets], tags[tagStripCounts]
	blockHeight, blockWidth := min(one(tagRowsPerStrip, s.height), s.height), s.width
	if tags[tagTileOffsets] != nil {
		offsets, counts = tags[tagTileOffsets], tags[tagTileCounts]
		blockHeight, blockWidth = one(tagTileHeight, 0), one(tagTileWidth, 0)
	}
	const most = 1 << 16
	// A tile may be larger than a small image; its memory is taken whole, so not much larger.
	if blockHeight < 1 || blockWidth < 1 || blockHeight > max(most, s.height) || blockWidth > max(most, s.width) ||
		int64(blockHeight)*int64(blockWidth) > 4*int64(s.height)*int64(s.width)+1<<16 {
		return nil, fmt.Errorf("its blocks are %dx%d pixels", blockWidth, blockHeight)
	}
	across, down := (s.width+blockWidth-1)/blockWidth, (s.height+blockHeight-1)/blockHeight
	if len(offsets) != across*down*planes || len(counts) != len(offsets) {
		return nil, fmt.Errorf("it has %d blocks and needs %d", len(offsets), across*down*planes)
	}

	raw := make([]byte, s.height*s.width*s.channels*s.bytes)
	for i := range offsets {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if offsets[i] > int64(len(data)) || counts[i] > int64(len(data))-offsets[i] {
			return nil, errors.New("a block lies outside of the file: it is cut short or damaged")
		}
		plane, place := i/(across*down), i%(across*down)
		top, left := place/across*blockHeight, place%across*blockWidth
		rows, columns := min(blockHeight, s.height-top), min(blockWidth, s.width-left)

		// A strip ends with the image, a tile does not.
		rowBytes := blockWidth * pixel
		want := blockHeight * rowBytes
		if tags[tagTileOffsets] == nil {
			want = rows * rowBytes
		}
		block, err := unpackBlock(data[offsets[i]:offsets[i]+counts[i]], one(tagCompression, compressionNone), want)
		if err != nil {
			return nil, err
		}
		if err := s.unpredict(block, one(tagPredictor, 1), rowBytes, pixel); err != nil {
			return nil, err
		}
		for y := range rows {
			to := ((plane*s.height+top+y)*s.width + left) * pixel
			copy(raw[to:], block[y*rowBytes:][:columns*pixel])
		}
	}
	return raw, nil
}

// unpackBlock returns the bytes of a block.
func unpackBlock(packed []byte, compression, want int) ([]byte, error) {
	var r io.Reader
	switch compression {
	case compressionNone:
		r = bytes.NewReader(packed)
	case compressionLZW:
		unpacked, err := unpackLZW(packed, want)
		if err != nil {
			return nil, err
		}
		r = bytes.NewReader(unpacked)
	// 32946 is the older number of deflate.
	case 8, 32946:
		unzipped, err := zlib.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		r = unzipped
	default:
		return nil, fmt.Errorf("sslx does not read its compression %d: store it without one, or by LZW or deflate",
			compression)
	}

	// Memory is taken as bytes come.
	block := bytes.NewBuffer(make([]byte, 0, min(want, 1<<20)))
	if n, err := io.CopyN(block, r, int64(want)); err != nil {
		return nil, fmt.Errorf("a block has %d bytes of %d: it is cut short or damaged", n, want)
	}
	return block.Bytes(), nil
}

// unpredict undoes differences between the pixels of a row.
func (s samples) unpredict(block []byte, predictor, rowBytes, pixel int) error {
	switch {
	case predictor == 1:
		return nil
	case predictor != 2 || s.float:
		return fmt.Errorf("sslx does not read its predictor %d: store it without one", predictor)
	}
	for ; len(block) >= rowBytes; block = block[rowBytes:] {
		for i := pixel; i < rowBytes; i += s.bytes {
			if s.bytes == 1 {
				block[i] += block[i-pixel]
			} else {
				s.order.PutUint16(block[i:], s.order.Uint16(block[i:])+s.order.Uint16(block[i-pixel:]))
			}
		}
	}
	return nil
}
