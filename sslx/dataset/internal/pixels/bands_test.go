package pixels

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// npyOf returns a NumPy file.
func npyOf(descr, order, shape string, body []byte) []byte {
	head := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }\n", descr, order, shape)
	file := binary.LittleEndian.AppendUint16([]byte(npyMagic+"\x01\x00"), uint16(len(head)))
	return append(append(file, head...), body...)
}

func le16(values ...uint16) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

func floats(values ...float32) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// tiffOf returns a TIFF of samples in strips of a number of rows.
func tiffOf(order binary.AppendByteOrder, width, height, channels, bits, format, planar, compression, predictor,
	rows int, strips ...[]byte) []byte {
	magic := "II*\x00"
	if order == binary.BigEndian {
		magic = "MM\x00*"
	}
	tags := [][]int{{256, width}, {257, height}, slices.Insert(slices.Repeat([]int{bits}, channels), 0, 258),
		{259, compression}, {262, 1}, {273}, {277, channels}, {278, rows}, {279}, {284, planar}, {317, predictor},
		slices.Insert(slices.Repeat([]int{format}, channels), 0, 339)}
	body, at := []byte{}, 8+2+12*len(tags)+4
	for _, strip := range strips {
		tags[5], tags[8] = append(tags[5], at+len(body)), append(tags[8], len(strip))
		body = append(body, strip...)
	}

	file := order.AppendUint16(order.AppendUint32([]byte(magic), 8), uint16(len(tags)))
	for _, tag := range tags {
		var values []byte
		for _, v := range tag[1:] {
			values = order.AppendUint32(values, uint32(v))
		}
		file = order.AppendUint32(order.AppendUint16(order.AppendUint16(file, uint16(tag[0])), 4), uint32(len(tag)-1))
		if len(values) > 4 {
			file = order.AppendUint32(file, uint32(at+len(body)))
			body = append(body, values...)
		} else {
			file = append(file, append(values, make([]byte, 4-len(values))...)...)
		}
	}
	return append(append(file, 0, 0, 0, 0), body...)
}

func deflated(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(data); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBands_ReadsArraysInEveryOrder(t *testing.T) {
	big := binary.BigEndian
	for name, c := range map[string]struct {
		data     []byte
		opt      Options
		want     string // height, width, channels, pixels
		channels int    // that are said before decoding
	}{
		"npy bytes":   {npyOf("|u1", "False", "1, 2, 2", []byte{1, 2, 3, 4}), Options{}, "1 2 2 [1 2 3 4]", 2},
		"npy gray":    {npyOf("|u1", "False", "2, 1", []byte{1, 2}), Options{}, "2 1 1 [1 2]", 3},
		"npy Fortran": {npyOf("|u1", "True", "1, 2, 2", []byte{1, 3, 2, 4}), Options{}, "1 2 2 [1 2 3 4]", 2},
		"npy 16 bits": {npyOf("<u2", "False", "1, 1, 2", le16(0x102, 0xffff)), Options{}, "1 1 2 [1 255]", 2},
		"npy 12 in 16": {npyOf("<u2", "False", "1, 1, 2", le16(0x800, 0xfff)),
			Options{Range: Range{bits: 12}}, "1 1 2 [128 255]", 2},
		"npy big endian": {npyOf(">u2", "False", "1, 1, 2", []byte{7, 0, 8, 0}), Options{}, "1 1 2 [7 8]", 2},
		"npy fractions": {npyOf("<f4", "False", "1, 1, 4", floats(0, 0.5, 0.1, 1)),
			Options{}, "1 1 4 [0 128 26 255]", 4},
		"npy own range": {npyOf("<f4", "False", "1, 1, 2", floats(-3, 5)),
			Options{Range: Range{image: true}}, "1 1 2 [0 255]", 2},
		"npy constant": {npyOf("<f4", "False", "1, 1, 2", floats(9, 9)),
			Options{Range: Range{image: true}}, "1 1 2 [0 0]", 2},
		"channels first": {npyOf("|u1", "False", "2, 1, 17", slices.Repeat([]byte{5, 6}, 17)), Options{}, "", 2},
		"tiff chunky": {tiffOf(binary.LittleEndian, 2, 1, 2, 8, 1, 1, 1, 1, 1, []byte{1, 2, 3, 4}),
			Options{}, "1 2 2 [1 2 3 4]", 2},
		"tiff two strips": {tiffOf(big, 1, 2, 2, 8, 1, 1, 1, 1, 1, []byte{1, 2}, []byte{3, 4}),
			Options{}, "2 1 2 [1 2 3 4]", 2},
		"tiff planar": {tiffOf(big, 2, 1, 2, 8, 1, 2, 8, 1, 1, deflated(t, []byte{1, 3}), deflated(t, []byte{2, 4})),
			Options{}, "1 2 2 [1 2 3 4]", 2},
		"tiff predicted": {tiffOf(big, 2, 1, 2, 16, 1, 1, 8, 2, 1, deflated(t, []byte{1, 0, 2, 0, 2, 0, 2, 0})),
			Options{}, "1 2 2 [1 2 3 4]", 2},
		"tiff fractions": {tiffOf(binary.LittleEndian, 2, 1, 1, 32, 3, 1, 1, 1, 1, floats(0, 1)),
			Options{}, "1 2 1 [0 255]", 3},
	} {
		size, channels, ok, err := MeasureBands(c.data)
		if !ok || err != nil || channels != c.channels {
			t.Errorf("%s: %d channels, %v, %v", name, channels, ok, err)
			continue
		}
		b, _, err := DecodeBands(t.Context(), c.data, c.opt)
		if got := fmt.Sprint(b.Height, b.Width, b.Channels, b.Pix); err != nil ||
			c.want != "" && got != c.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, c.want)
		}
		if size.Height != b.Height || size.Width != b.Width {
			t.Errorf("%s: measured %dx%d, decoded %dx%d", name, size.Height, size.Width, b.Height, b.Width)
		}
	}
}

func TestBands_RefusesWithASentence(t *testing.T) {
	le := binary.LittleEndian
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"objects":        {npyOf("|O8", "False", "1, 1", nil), "other than one array"},
		"signed":         {npyOf("<i4", "False", "1, 1", make([]byte, 4)), "its numbers are <i4"},
		"cut":            {npyOf("|u1", "False", "2, 2", []byte{1}), "cut short or damaged"},
		"four axes":      {npyOf("|u1", "False", "1, 1, 1, 1", []byte{1}), "an image is [height, width, channels]"},
		"17 channels":    {npyOf("|u1", "False", "17, 1, 17", make([]byte, 17*17)), "it has 17 channels"},
		"huge":           {npyOf("|u1", "False", "999999, 999999, 16", []byte{1}), "cut short or damaged"},
		"no head":        {[]byte(npyMagic), "cut short inside its head"},
		"above 1":        {npyOf("<f4", "False", "1, 2", floats(0, 2)), "instead of 0 to 1"},
		"not a number":   {npyOf("<f4", "False", "1, 1", floats(float32(math.NaN()))), "not finite"},
		"tiff 4 bits":    {tiffOf(le, 2, 1, 2, 4, 1, 1, 1, 1, 1, []byte{1, 2}), "its samples have 4 bits"},
		"tiff packed":    {tiffOf(le, 1, 1, 2, 8, 1, 1, 7, 1, 1, []byte{1, 2}), "sslx does not read its compression 7"},
		"tiff cut strip": {tiffOf(le, 9, 9, 2, 8, 1, 1, 1, 1, 9, []byte{1, 2}), "a block has 2 bytes of 162"},
		"tiff no strips": {tiffOf(le, 9, 9, 2, 8, 1, 1, 1, 1, 9), "it has 0 blocks and needs 1"},
	} {
		_, _, ok, err := MeasureBands(c.data)
		if err == nil && ok {
			_, _, err = DecodeBands(t.Context(), c.data, Options{})
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}

func FuzzBands(f *testing.F) {
	f.Add(npyOf("<f4", "False", "1, 1, 4", floats(0, 0.5, 0.1, 1)))
	f.Add(npyOf("<u2", "True", "1, 1, 2", le16(0x102, 0xffff)))
	f.Add(tiffOf(binary.LittleEndian, 2, 1, 2, 8, 1, 1, 1, 1, 1, []byte{1, 2, 3, 4}))
	f.Add(tiffOf(binary.BigEndian, 1, 2, 2, 16, 1, 2, 5, 2, 1, []byte{1, 2}, []byte{3, 4}))
	f.Fuzz(func(t *testing.T, data []byte) {
		size, _, ok, err := MeasureBands(data)
		if !ok || err != nil || size.Memory > 1<<24 {
			return
		}
		b, _, err := DecodeBands(t.Context(), data, Options{})
		if err == nil && (b.Height != size.Height || b.Width != size.Width ||
			len(b.Pix) != b.Height*b.Width*b.Channels) {
			t.Errorf("measured %dx%d, decoded %dx%dx%d", size.Height, size.Width, b.Height, b.Width, b.Channels)
		}
	})
}
