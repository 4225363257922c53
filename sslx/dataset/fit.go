package dataset

import (
	"context"
	"errors"
	"image"
	"io"
	"io/fs"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/pixels"
)

// FitImages returns images of any size as [Import] would have them: 8-bit RGB, the short side brought to size and the
// center square cut out. It does not change them. An image of no pixels, or one too long to resize, is a usage error
// that names it by its place in the list.
func FitImages(ctx context.Context, images []image.Image, size int) (Images, error) {
	if size < 1 || size > MaxSize {
		return Images{}, usage.About("size", "size %d is out of range: give 1 to %d", size, MaxSize)
	}
	all := Images{N: len(images), Height: size, Width: size}
	for i, img := range images {
		if img == nil || img.Bounds().Empty() {
			return Images{}, usage.Errorf("image %d has no pixels", i)
		}
		rgba, err := opaque(ctx, preserved(img))
		if err == nil {
			rgba, err = shortCrop(rgba, size, defaultMaxPixels)
		}
		if ctx.Err() != nil {
			return Images{}, ctx.Err()
		}
		if err != nil {
			return Images{}, usage.Errorf("image %d cannot be used: %v", i, err)
		}
		all.Pixels = appendRGB(all.Pixels, rgba)
	}
	return all, nil
}

// preserved hides the type of the images whose memory opaque would write to.
func preserved(img image.Image) image.Image {
	switch img.(type) {
	case *image.NRGBA, *image.NRGBA64, *image.RGBA64:
		return struct{ image.Image }{img}
	}
	return img
}

// DecodeImage returns the one image of a file as [Import] with that size would have it, within the bounds of an import:
// a file of 64 MiB, an image of 64 megapixels, and the memory of one. It returns a usage error that says what is wrong
// with a file.
func DecodeImage(ctx context.Context, r io.Reader, size int) (Images, error) {
	opt, err := ImportOptions{Size: size}.check()
	if err != nil {
		return Images{}, err
	}
	if size == 0 {
		return Images{}, usage.About("size", "size %d is out of range: give 1 to %d", size, MaxSize)
	}
	data, err := io.ReadAll(io.LimitReader(r, opt.MaxFile+1))
	if err != nil {
		return Images{}, err
	}
	if int64(len(data)) > opt.MaxFile {
		return Images{}, usage.Errorf("the file has more than %d MiB", opt.MaxFile>>20)
	}

	img, err := decodeOne(ctx, data, opt)
	switch {
	case ctx.Err() != nil:
		return Images{}, ctx.Err()
	case err != nil:
		return Images{}, usage.Errorf("the file cannot be used: %v", err)
	}
	return Images{Pixels: appendRGB(nil, img), N: 1, Height: size, Width: size}, nil
}

// decodeOne decodes a file after a look at what that takes.
func decodeOne(ctx context.Context, data []byte, opt ImportOptions) (*image.RGBA, error) {
	_, cost, err := measureImage(data, opt.decoding(), opt.MaxPixels)
	if err == nil {
		err = newBudget(opt.MaxPixels).allows(cost)
	}
	if err != nil {
		return nil, err
	}
	img, facts, err := pixels.Decode(ctx, data, opt.decoding())
	if err != nil {
		return nil, err
	}
	return shortCropOf(img, facts.Own(img), opt.Size, opt.MaxPixels)
}

// ReadImage returns the image in the file at path; see [DecodeImage].
func ReadImage(ctx context.Context, path string, size int) (Images, error) {
	file, err := atomicfile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Images{}, usage.Errorf("there is no image %s", path)
	}
	if err != nil {
		return Images{}, err
	}
	defer func() { _ = file.Close() }()
	images, err := DecodeImage(ctx, file, size)
	if err != nil && ctx.Err() == nil {
		return Images{}, usage.Errorf("image %s: %v", path, err)
	}
	return images, err
}
