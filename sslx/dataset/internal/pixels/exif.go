package pixels

import (
	"encoding/binary"
	"image"

	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
)

// Tags of EXIF data and of TIFF files (CIPA DC-008, 4.6.4).
const (
	compressionTag = 0x103
	photometricTag = 0x106
	orientationTag = 0x112
)

// orientationOf returns the orientation in EXIF data: 1 (as stored) to 8, and 1 where there is none or it is damaged.
func orientationOf(exif []byte) int {
	if value, ok := tagOf(exif, orientationTag); ok && value <= 8 {
		return max(value, 1)
	}
	return 1
}

// tagOf returns the value of a tag that has one short number, in the first directory of data with the structure of a
// TIFF file.
func tagOf(data []byte, tag uint16) (value int, ok bool) {
	if len(data) < 8 {
		return 0, false
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(data[:4]) {
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0, false
	}

	const short, entry = 3, 12
	at := int64(order.Uint32(data[4:]))
	if at+2 > int64(len(data)) {
		return 0, false
	}
	entries := data[at+2:]
	for range order.Uint16(data[at:]) {
		if len(entries) < entry {
			return 0, false
		}
		if order.Uint16(entries) == tag {
			is := order.Uint16(entries[2:]) == short && order.Uint32(entries[4:]) == 1
			return int(order.Uint16(entries[8:])), is
		}
		entries = entries[entry:]
	}
	return 0, false
}

// upright turns an image that is stored in an orientation other than 1.
func upright(src *image.RGBA, orientation int) *image.RGBA {
	width, height := src.Rect.Dx(), src.Rect.Dy()
	if orientation > 4 {
		width, height = height, width
	}
	dst := buffer.RGBA(image.Rect(0, 0, width, height))

	// A row of the result is a row or a column of the source, forward or backward.
	for y := range height {
		for x := range width {
			fromX, fromY := x, y
			switch orientation {
			case 2:
				fromX = width - 1 - x
			case 3:
				fromX, fromY = width-1-x, height-1-y
			case 4:
				fromY = height - 1 - y
			case 5:
				fromX, fromY = y, x
			case 6:
				fromX, fromY = y, width-1-x
			case 7:
				fromX, fromY = height-1-y, width-1-x
			case 8:
				fromX, fromY = height-1-y, x
			}
			from := src.Pix[src.PixOffset(src.Rect.Min.X+fromX, src.Rect.Min.Y+fromY):]
			copy(dst.Pix[y*dst.Stride+4*x:][:4], from[:4])
		}
	}
	return dst
}
