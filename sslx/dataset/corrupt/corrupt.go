// Package corrupt makes the corruptions of CIFAR-10-C and ImageNet-C (Hendrycks and Dietterich, "Benchmarking Neural
// Network Robustness to Common Corruptions and Perturbations", 2019, https://arxiv.org/abs/1903.12261) of any images:
// noise, blur, weather and what digital processing does, at five severities. Images up to 64 pixels have the strengths
// of CIFAR-10-C, larger ones those of ImageNet-C.
//
// What is random is drawn for each image from its number, the corruption and the severity: the same number gives the
// same image, whatever else is made.
package corrupt

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"golang.org/x/sync/errgroup"

	"github.com/sslx-go/lab/internal/cores"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
)

// Severities is the number of severities, which are counted from 1.
const Severities = 5

// smallSide is the largest side of images that are corrupted as CIFAR-10-C does.
const smallSide = 64

// picture is an image in [0, 1], [height, width, 3].
type picture struct {
	pixels        []float64
	height, width int
}

// corruption changes a picture with a severity, in 0..4.
type corruption struct {
	name  string
	apply func(p *picture, severity int, random *rand.Rand) error
}

// all are the corruptions in the order of their papers: noise, blur, weather, digital.
var all = []corruption{
	{"gaussian-noise", gaussianNoise},
	{"shot-noise", shotNoise},
	{"impulse-noise", impulseNoise},
	{"speckle-noise", speckleNoise},
	{"defocus-blur", defocusBlur},
	{"motion-blur", motionBlur},
	{"gaussian-blur", gaussianBlur},
	{"fog", fog},
	{"brightness", brightness},
	{"contrast", contrast},
	{"saturate", saturate},
	{"pixelate", pixelate},
	{"jpeg", compress},
}

// Names returns the names of all corruptions.
func Names() (names []string) {
	for _, c := range all {
		names = append(names, c.name)
	}
	return names
}

// Images returns images of three channels after a corruption with a severity, 1 to 5. Image i of them draws its random
// numbers as number first+i. It is a usage error when the name or the severity is unknown, or the images have another
// number of channels.
func Images(ctx context.Context, name string, severity int, images dataset.Images, first int) (dataset.Images, error) {
	var found *corruption
	for i := range all {
		if all[i].name == name {
			found = &all[i]
		}
	}
	switch {
	case found == nil:
		return dataset.Images{}, usage.Unknown("corruption", name, Names())
	case severity < 1 || severity > Severities:
		return dataset.Images{}, usage.Errorf("severity %d is out of range: give 1 to %d", severity, Severities)
	case images.Depth() != 3:
		return dataset.Images{}, usage.Errorf("corruptions are of images in color: these have %d channels",
			images.Depth())
	}

	made := images
	made.Pixels = make([]byte, images.N*images.Stride())
	group, ctx := errgroup.WithContext(ctx)
	workers := min(cores.Count(), images.N)
	for w := range workers {
		group.Go(func() error {
			for i := w * images.N / workers; i < (w+1)*images.N/workers; i++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				p := newPicture(images.At(i), images.Height, images.Width)
				if err := found.apply(p, severity-1, randomOf(name, severity, first+i)); err != nil {
					return fmt.Errorf("%s of image %d: %w", name, first+i, err)
				}
				p.write(made.At(i))
			}
			return nil
		})
	}
	return made, group.Wait()
}

// randomOf returns the random numbers of an image.
func randomOf(name string, severity, image int) *rand.Rand {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%s %d", name, severity)
	return rand.New(rand.NewPCG(hash.Sum64(), uint64(image)))
}

func newPicture(pixels []byte, height, width int) *picture {
	p := &picture{make([]float64, len(pixels)), height, width}
	for i, v := range pixels {
		p.pixels[i] = float64(v) / 255
	}
	return p
}

// write writes the picture as bytes: clipped to [0, 1] and cut off to whole levels, as NumPy's uint8 does.
func (p *picture) write(to []byte) {
	for i, v := range p.pixels {
		to[i] = byte(clip(v)*255 + 1e-9) // what was a whole level stays one
	}
}

// bytes returns the picture as bytes.
func (p *picture) bytes() []byte {
	to := make([]byte, len(p.pixels))
	p.write(to)
	return to
}

// small reports whether the picture has the strengths of CIFAR-10-C.
func (p *picture) small() bool { return max(p.height, p.width) <= smallSide }

// at returns the index of a pixel's first channel; places outside are those of the nearest pixel inside.
func (p *picture) at(y, x int) int {
	return 3 * (min(max(y, 0), p.height-1)*p.width + min(max(x, 0), p.width-1))
}

func clip(v float64) float64 { return min(1, max(0, v)) }

// strength returns the parameter of a severity: of CIFAR-10-C for small pictures, or of ImageNet-C.
func strength[T any](p *picture, severity int, cifar, imagenet [Severities]T) T {
	if p.small() {
		return cifar[severity]
	}
	return imagenet[severity]
}
