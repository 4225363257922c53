package dataset

import (
	"context"
	"errors"
	"fmt"
	"image"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
	"github.com/sslx-go/lab/sslx/dataset/internal/pixels"
)

func isTooLarge(err error) bool { return errors.Is(err, archive.ErrTooLarge) }

// decoding says how image files become pixels; the options were checked before.
func (o ImportOptions) decoding() pixels.Options {
	deep, _ := pixels.ParseRange(o.Range)
	return pixels.Options{Short: o.Size, AsStored: o.AsStored, Range: deep, CutShort: o.SkipBad}
}

// decodingChoices says in words what was chosen that changes pixels, for the headers of packs.
func (o ImportOptions) decodingChoices() (parts []string) {
	if o.AsStored {
		parts = append(parts, "as stored")
	}
	if deep := o.decoding().Range.String(); deep != "" {
		parts = append(parts, "range "+deep)
	}
	return parts
}

// measureImage returns the size of an image file as it is shown and the bytes of memory that decoding takes at most.
// Images of more than maxPixels pixels are refused; at a reduced size, those count that are decoded.
func measureImage(data []byte, opt pixels.Options, maxPixels int) (size image.Point, cost int64, err error) {
	s, err := pixels.Measure(data, opt)
	if err != nil {
		return size, 0, err
	}
	size = image.Pt(s.Width, s.Height)
	if s.Pixels > int64(maxPixels) {
		return size, 0, tooManyPixels(s.Width, s.Height, maxPixels)
	}
	return size, s.Memory, nil
}

// opaque converts an image to 8-bit RGB as the package comment states, and sets every alpha to 255. It may reuse the
// memory of img. It ends soon after ctx does.
func opaque(ctx context.Context, img image.Image) (*image.RGBA, error) {
	rgb, _, err := pixels.Opaque(ctx, img, pixels.Options{})
	return rgb, err
}

// budget is the memory that images in work may take together.
type budget struct {
	bytes int64
	left  *semaphore.Weighted
}

// bytesPerPixel is the memory that may be taken for each of the pixels that one image may have: what an interlaced PNG
// of 16-bit RGBA needs. It makes 768 MB of 64 megapixels.
const bytesPerPixel = 12

// largeImage is the cost from which the memory of an image is collected at once, so that the next one does not find it
// still taken.
const largeImage = 64 << 20

func newBudget(maxPixels int) *budget {
	bytes := int64(maxPixels) * bytesPerPixel
	return &budget{bytes, semaphore.NewWeighted(bytes)}
}

// allows returns an error for an image that takes more than the whole budget.
func (b *budget) allows(cost int64) error {
	if cost <= b.bytes {
		return nil
	}
	return usage.Advise("max-pixels", fmt.Errorf("it takes %.1f MB of memory to decode and %.1f MB are allowed: make "+
		"it smaller, store it as a baseline JPEG, or allow more pixels", float64(cost)/1e6, float64(b.bytes)/1e6))
}

// take waits until there is memory for an image with its file, which may exceed the budget together.
func (b *budget) take(ctx context.Context, cost int64) error {
	return b.left.Acquire(ctx, min(cost, b.bytes))
}

func (b *budget) giveBack(cost int64) {
	if cost > largeImage {
		runtime.GC()
	}
	b.left.Release(min(cost, b.bytes))
}

func checkSize(width, height, maxPixels int) error {
	if width <= 0 || height <= 0 {
		return fmt.Errorf("it is %dx%d pixels", width, height)
	}
	// Divided, because the product of what a file declares may overflow.
	if int64(width) > int64(maxPixels)/int64(height) {
		return tooManyPixels(width, height, maxPixels)
	}
	return nil
}

func tooManyPixels(width, height, maxPixels int) error {
	return usage.Advise("max-pixels", fmt.Errorf("it declares %dx%d pixels and %d are allowed: make it smaller, or "+
		"allow more pixels", width, height, maxPixels))
}

// remarks counts what is worth a note of the images of a set. Several goroutines add to it.
type remarks struct {
	turned, cutShort, deep atomic.Int64
	highestDeep            atomic.Int64 // sample of the images of 16 bits
	lowest, highest        atomic.Int64 // byte of all images
}

func newRemarks() *remarks {
	r := new(remarks)
	r.lowest.Store(255)
	return r
}

// add takes in an image that was decoded and its pixels.
func (r *remarks) add(facts pixels.Facts, rgb []byte) {
	count := func(n *atomic.Int64, is bool) {
		if is {
			n.Add(1)
		}
	}
	count(&r.turned, facts.Turned)
	count(&r.cutShort, facts.CutShort)
	count(&r.deep, facts.Deep)
	raise(&r.highestDeep, int64(facts.Highest))

	// The counters are shared: they are touched once an image, not once a byte.
	lowest, highest := byte(255), byte(0)
	for _, v := range rgb {
		lowest, highest = min(lowest, v), max(highest, v)
	}
	raise(&r.highest, int64(highest))
	for {
		old := r.lowest.Load()
		if int64(lowest) >= old || r.lowest.CompareAndSwap(old, int64(lowest)) {
			return
		}
	}
}

func raise(most *atomic.Int64, v int64) {
	for {
		old := most.Load()
		if v <= old || most.CompareAndSwap(old, v) {
			return
		}
	}
}

// fewImages is the number of images from which their range of bytes is judged: a few may be dark for good reasons.
const fewImages = 20

// notes says what was counted. chosen is true when somebody chose how deep samples become bytes.
func (r *remarks) notes(total int, chosen bool) (notes []string) {
	if n := r.turned.Load(); n > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d images were turned upright, as their orientation says", n, total))
	}
	if n := r.cutShort.Load(); n > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d images end early; what is missing of them is gray", n, total))
	}
	deep, most := r.deep.Load(), r.highestDeep.Load()
	switch {
	case deep > 0 && !chosen && most < 1<<14:
		// The fewest bits that hold the highest sample; a range has 9 or more.
		bits := 9
		for most >= 1<<bits {
			bits++
		}
		notes = append(notes, fmt.Sprintf("the %d images of 16 bits use less than a quarter of the range (0 to %d "+
			"of 65535) and became nearly black: import them again with sample range %d", deep, most, bits))
	case deep > 0 && !chosen:
		notes = append(notes, fmt.Sprintf("%d images of 16 bits became 8 bits by their high byte", deep))
	case r.highest.Load()-r.lowest.Load() < 64 && total >= fewImages:
		notes = append(notes, fmt.Sprintf("all images use less than a quarter of the range of bytes: %d to %d of 255",
			r.lowest.Load(), r.highest.Load()))
	}
	return notes
}
