package pixels

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"

	"golang.org/x/image/webp"

	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
)

// webpCodec reads WebP; of an animation, the first frame. Pixels equal libwebp's: chroma is interpolated.
var webpCodec = codec{
	measure: func(data []byte, _ Options) (Size, error) {
		still, canvas, err := firstFrame(data)
		if err != nil {
			return Size{}, err
		}
		config, err := webp.DecodeConfig(bytes.NewReader(still))
		if err != nil {
			return Size{}, plainer(err)
		}
		if canvas == (image.Point{}) {
			canvas = image.Pt(config.Width, config.Height)
		}
		pixels := int64(canvas.X)*int64(canvas.Y) + int64(config.Width)*int64(config.Height)
		return Size{Width: canvas.X, Height: canvas.Y, Memory: 12 * max(pixels/2, 1)}, nil
	},
	decode: func(ctx context.Context, data []byte, _ Options, _ *Facts) (image.Image, error) {
		still, canvas, err := firstFrame(data)
		if err != nil {
			return nil, err
		}
		img, err := webp.Decode(&slowReader{ctx, still})
		if err != nil {
			return nil, plainer(err)
		}
		switch src := img.(type) {
		case *image.YCbCr:
			img = interpolated(src)
		case *image.NYCbCrA:
			img = interpolated(&src.YCbCr)
		}
		if canvas == (image.Point{}) || canvas == img.Bounds().Size() {
			return img, nil
		}
		return nil, errors.New("it is an animated WebP whose first frame does not fill its canvas: store it as a PNG")
	},
	orientation: func(data []byte) int {
		for name, content := range riffChunks(data) {
			if name == "EXIF" {
				return orientationOf(bytes.TrimPrefix(content, []byte("Exif\x00\x00")))
			}
		}
		return 1
	},
}

// riffHead is the length of the head of a file: RIFF, the length of the rest, WEBP.
const riffHead = 12

// riffChunks goes through the chunks of a file.
func riffChunks(data []byte) func(func(string, []byte) bool) {
	return chunksOf(data[min(riffHead, len(data)):])
}

// chunksOf goes through chunks: a name of four letters, the length, the content, filled up to an even length.
func chunksOf(left []byte) func(func(string, []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for len(left) >= 8 {
			length := int64(binary.LittleEndian.Uint32(left[4:]))
			if length > int64(len(left))-8 || !yield(string(left[:4]), left[8:8+length]) {
				return
			}
			left = left[min(8+length+length&1, int64(len(left))):]
		}
	}
}

// firstFrame returns the file itself, or the first frame of an animation as a file of its own with the size of the
// canvas (https://developers.google.com/speed/webp/docs/riff_container).
func firstFrame(data []byte) (still []byte, canvas image.Point, err error) {
	animated := false
	for name, content := range riffChunks(data) {
		switch {
		case name == "VP8X" && len(content) >= 10:
			animated = content[0]&0x02 != 0
			canvas = image.Pt(1+int24(content[4:]), 1+int24(content[7:]))
		case animated && name == "ANMF" && len(content) >= 16:
			return frameFile(content), canvas, nil
		}
	}
	if animated {
		return nil, canvas, errors.New("it is an animated WebP without a whole frame")
	}
	return data, image.Point{}, nil
}

// frameFile makes a file of the content of an ANMF chunk: place, size, duration and flags, and then chunks of an image.
func frameFile(content []byte) []byte {
	const head = 16
	var alpha, body []byte
	for name, c := range chunksOf(content[head:]) {
		chunk := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(c)))
		chunk = append(chunk, c...)
		if len(c)%2 == 1 {
			chunk = append(chunk, 0)
		}
		switch name {
		case "ALPH":
			alpha = chunk
		case "VP8 ", "VP8L":
			body = chunk
		}
	}

	// Alpha is dropped in the end, but its decoder wants it announced.
	if alpha != nil {
		extended := append([]byte("VP8X\x0a\x00\x00\x00\x10\x00\x00\x00"), content[6:12]...)
		body = append(append(extended, alpha...), body...)
	}
	file := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(body)))
	return append(append(file, "WEBP"...), body...)
}

func int24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// interpolated converts 4:2:0 planes of VP8 to RGB. Chroma is interpolated between the four nearest samples with the
// weights 9, 3, 3 and 1, and colors are converted in integers, both rounded as libwebp does.
func interpolated(src *image.YCbCr) *image.RGBA {
	width, height := src.Rect.Dx(), src.Rect.Dy()
	dst := buffer.RGBA(image.Rect(0, 0, width, height))
	across, down := (width+1)/2, (height+1)/2

	cb, cr := make([]int32, width), make([]int32, width)
	for y := range height {
		// Rows lie between two rows of chroma, a quarter from the nearer one.
		near := y / 2
		far := min(max(near+2*(y&1)-1, 0), down-1)
		interpolate(cb, src.Cb[near*src.CStride:][:across], src.Cb[far*src.CStride:][:across])
		interpolate(cr, src.Cr[near*src.CStride:][:across], src.Cr[far*src.CStride:][:across])

		lumas := src.Y[y*src.YStride:][:width]
		for x, luma := range lumas {
			l := int32(luma) * 19077 >> 8
			p := (*[4]byte)(dst.Pix[y*dst.Stride+4*x:])
			p[0] = eight(l + cr[x]*26149>>8 - 14234)
			p[1] = eight(l - cb[x]*6419>>8 - cr[x]*13320>>8 + 8708)
			p[2] = eight(l + cb[x]*33050>>8 - 17685)
			p[3] = 255
		}
	}
	return dst
}

// interpolate fills a row of chroma from the row of samples that is nearer and the one that is farther.
func interpolate(out []int32, near, far []byte) {
	last := len(near) - 1
	out[0] = (3*int32(near[0]) + int32(far[0]) + 2) >> 2
	for i := range last {
		a, b := int32(near[i]), int32(near[i+1])
		c, d := int32(far[i]), int32(far[i+1])
		sum := a + b + c + d + 8

		// Each of the two pixels between the samples is the mean of its nearest sample and of a diagonal's weighted
		// mean.
		out[2*i+1] = ((sum+2*(b+c))>>3 + a) >> 1
		out[2*i+2] = ((sum+2*(a+d))>>3 + b) >> 1
	}
	if len(out)%2 == 0 {
		out[len(out)-1] = (3*int32(near[last]) + int32(far[last]) + 2) >> 2
	}
}

// eight drops the six bits after the point, and clamps.
func eight(v int32) byte {
	switch {
	case v < 0:
		return 0
	case v >= 256<<6:
		return 255
	}
	return byte(v >> 6)
}
