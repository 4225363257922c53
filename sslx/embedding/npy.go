package embedding

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/sslx/probe"
)

// npy is NumPy's format (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html), version 1.0: float32
// [images, dim]. Names and labels are in a CSV file next to it.
type npy struct{}

const npyMagic = "\x93NUMPY\x01\x00"

func (npy) write(w io.Writer, info Info, _ []Row, features func(i int) ([]float32, error)) error {
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", info.Images, info.Dim)

	// The data begin at a multiple of 64 bytes, after a new line.
	padding := 63 - (len(npyMagic)+2+len(header))%64
	header += string(bytes.Repeat([]byte{' '}, padding)) + "\n"
	start := append([]byte(npyMagic), binary.LittleEndian.AppendUint16(nil, uint16(len(header)))...)
	if _, err := w.Write(append(start, header...)); err != nil {
		return err
	}

	for i := range info.Images {
		row, err := features(i)
		if err != nil {
			return err
		}
		if err := binary.Write(w, binary.LittleEndian, row); err != nil {
			return err
		}
	}
	return nil
}

// npyShape matches the header that write makes.
var npyShape = regexp.MustCompile(`^\{'descr': '<f4', 'fortran_order': False, 'shape': \((\d+), (\d+)\), *\} *\n$`)

func (npy) read(path string, info Info) ([]Row, probe.Features, error) {
	f := probe.Features{N: info.Images, D: info.Dim, Layer: info.Layer}
	text, err := atomicfile.Read(path)
	if err != nil {
		return nil, f, err
	}
	damaged := fmt.Errorf("%s is not the file of float32 [%d, %d] that %s describes: write the features again", path,
		info.Images, info.Dim, infoPath(path))
	if len(text) < len(npyMagic)+2 || string(text[:len(npyMagic)]) != npyMagic {
		return nil, f, damaged
	}
	text = text[len(npyMagic):]
	// The header has its length in front, in two bytes.
	size := int(binary.LittleEndian.Uint16(text))
	if text = text[2:]; len(text) < size {
		return nil, f, damaged
	}
	shape := npyShape.FindStringSubmatch(string(text[:size]))
	if shape == nil || shape[1] != strconv.Itoa(info.Images) || shape[2] != strconv.Itoa(info.Dim) {
		return nil, f, damaged
	}
	// Divided, because a product of what the description says may overflow.
	if text = text[size:]; len(text)%4 != 0 || len(text)/4%info.Dim != 0 || len(text)/4/info.Dim != info.Images {
		return nil, f, damaged
	}

	// The length was compared with the file's, so this allocates no more than was read.
	f.X = make([]float32, len(text)/4)
	for i := range f.X {
		f.X[i] = math.Float32frombits(binary.LittleEndian.Uint32(text[4*i:]))
	}
	rows, _, err := csvFile{}.readRows(namesPath(path), info, 0)
	return rows, f, err
}
