package evaluate

import (
	"math"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
)

// A made task asks what was done to an image of the run's data: an augmentation that training used teaches an encoder to
// forget it.
const (
	MadeRotation = "made-rotation" // by 0, 90, 180 or 270 degrees
	MadeGray     = "made-gray"     // left in color, or made gray
	MadeBlur     = "made-blur"     // left sharp, or blurred with a standard deviation of 0.5, 1 or 2 pixels
)

const (
	madeTrain = 10000 // images of each split, at most
	madeTest  = 2000
)

// made is what can be done to an image, one function a class: from src to dst, uint8 [height, width, 3].
var made = map[string][]func(dst, src []byte, height, width int){
	MadeRotation: {turn(0), turn(1), turn(2), turn(3)},
	MadeGray:     {keep, gray},
	MadeBlur:     {keep, blur(0.5), blur(1), blur(2)},
}

// MadeTasks returns the names of the tasks that are made from the run's data.
func MadeTasks() []string { return []string{MadeRotation, MadeGray, MadeBlur} }

// madeGroup returns images of a set, each with one of the things of a made task done to it, in turn.
func madeGroup(set *dataset.Set, name string) (g group, err error) {
	g = group{name: set.Name() + "/" + name, id: set.Fingerprint() + " " + name}
	if name == MadeRotation && set.Height() != set.Width() {
		return g, usage.Errorf("task %s needs square images: those of %s are %dx%d", name, set.Name(), set.Height(), set.Width())
	}
	t := task{name: g.name, classes: len(made[name])}
	if g.train, t.train, err = madePart(set, "train", name, madeTrain); err != nil {
		return g, err
	}
	if g.test, t.test, err = madePart(set, "test", name, madeTest); err != nil {
		return g, err
	}
	g.tasks = []task{t}
	g.cut()
	return g, nil
}

func madePart(set *dataset.Set, split, name string, most int) (p part, labels []int32, err error) {
	from, err := set.Split(split)
	if err != nil {
		return p, nil, err
	}
	n, size := min(most, from.N), set.Height()*set.Width()*3
	p = part{split: split, n: n, pixels: make([]byte, n*size)}
	for i := range n {
		class := i % len(made[name])
		labels = append(labels, int32(class))
		image := i * from.N / n // spread over the split, which may be sorted by class
		made[name][class](p.pixels[i*size:(i+1)*size], from.Pixels[image*size:(image+1)*size], set.Height(), set.Width())
	}
	return p, labels, nil
}

func keep(dst, src []byte, _, _ int) { copy(dst, src) }

// turn returns a rotation by quarters to the left, of square images.
func turn(quarters int) func(dst, src []byte, height, width int) {
	return func(dst, src []byte, height, width int) {
		for y := range height {
			for x := range width {
				fromY, fromX := y, x
				for range quarters {
					fromY, fromX = fromX, width-1-fromY
				}
				copy(dst[(y*width+x)*3:][:3], src[(fromY*width+fromX)*3:][:3])
			}
		}
	}
}

// gray gives each channel the luma of ITU-R 601, as the grayscale of views does.
func gray(dst, src []byte, _, _ int) {
	for i := 0; i < len(src); i += 3 {
		luma := 0.299*float64(src[i]) + 0.587*float64(src[i+1]) + 0.114*float64(src[i+2])
		dst[i] = byte(math.Round(luma))
		dst[i+1], dst[i+2] = dst[i], dst[i]
	}
}

// blur returns a Gaussian blur of a standard deviation in pixels, cut at three of them, with mirrored borders.
func blur(sigma float64) func(dst, src []byte, height, width int) {
	radius := int(math.Ceil(3 * sigma))
	kernel := make([]float64, 2*radius+1)
	total := 0.0
	for i := range kernel {
		kernel[i] = math.Exp(-float64((i-radius)*(i-radius)) / (2 * sigma * sigma))
		total += kernel[i]
	}
	for i := range kernel {
		kernel[i] /= total
	}
	return func(dst, src []byte, height, width int) {
		x := make([]float64, len(src))
		for i, v := range src {
			x[i] = float64(v)
		}
		x = along(x, kernel, height, width, width*3, 3)
		x = along(x, kernel, width, height, 3, width*3)
		for i, v := range x {
			dst[i] = byte(math.Round(v))
		}
	}
}

// along convolves lines of n pixels, step values apart, of which there are count at the given stride.
func along(x, kernel []float64, n, count, step, stride int) []float64 {
	out, radius := slices.Clone(x), len(kernel)/2
	for line := range count {
		for channel := range 3 {
			first := line*stride + channel
			for i := range n {
				sum := 0.0
				for k, weight := range kernel {
					sum += weight * x[first+mirrored(i+k-radius, n)*step]
				}
				out[first+i*step] = sum
			}
		}
	}
	return out
}

// mirrored brings an index into 0..n-1, as if the line were mirrored at its first and last pixel.
func mirrored(i, n int) int {
	for n > 1 && (i < 0 || i >= n) {
		if i < 0 {
			i = -i
		} else {
			i = 2*(n-1) - i
		}
	}
	return min(max(i, 0), n-1)
}
