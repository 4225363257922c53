package convolution

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

func training(images int, in Maps, out, stride int) Training {
	return Training{Images: images, In: in, Out: out, Stride: stride}
}

// each calls f with the flat indices of every output, kernel and image element that are multiplied with each other.
func (t Training) each(f func(y, w, x int)) {
	out := t.out()
	for n := range t.Images {
		for at := range out.Pixels() {
			row, column := at/out.Width, at%out.Width
			for tap := range taps {
				i, j := row*t.Stride+tap/3-1, column*t.Stride+tap%3-1
				if i < 0 || i >= t.In.Height || j < 0 || j >= t.In.Width {
					continue
				}
				for in := range t.In.Channels {
					for o := range t.Out {
						f((n*out.Pixels()+at)*t.Out+o, (tap*t.In.Channels+in)*t.Out+o,
							((n*t.In.Height+i)*t.In.Width+j)*t.In.Channels+in)
					}
				}
			}
		}
	}
}

// TestTraining compares a convolution and its gradients with sums in float64, among them of tiles that reach beyond the
// image.
func TestTraining(t *testing.T) {
	needKernels(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []Training{
		training(4, Maps{4, 4, 32}, 32, 1), training(8, Maps{8, 8, 64}, 32, 1),
		training(4, Maps{6, 5, 32}, 64, 1), training(4, Maps{1, 2, 32}, 32, 1),
		training(68, Maps{4, 4, 32}, 32, 1), training(4, Maps{16, 12, 32}, 32, 1),
		training(4, Maps{8, 8, 32}, 64, 2), training(8, Maps{16, 16, 32}, 64, 2),
		training(4, Maps{2, 6, 64}, 32, 2), training(36, Maps{4, 4, 64}, 96, 2),
		training(4, Maps{8, 4, 16}, 32, 2), training(4, Maps{4, 4, 36}, 32, 2),
	} {
		if !c.Supported() {
			t.Fatalf("%+v is not supported", c)
		}
		x, w, dy := normal(random, c.Images*c.In.Size()), normal(random, taps*c.In.Channels*c.Out),
			normal(random, c.Images*c.out().Size())
		y, dx, dw := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(w))
		c.each(func(o, k, i int) {
			y[o] += float64(w[k]) * float64(x[i])
			dx[i] += float64(w[k]) * float64(dy[o])
			dw[k] += float64(x[i]) * float64(dy[o])
		})
		reversed := make([]float32, len(w))
		each := len(w) / taps
		for tap := range taps {
			copy(reversed[(taps-1-tap)*each:], w[tap*each:(tap+1)*each])
		}

		for _, r := range []struct {
			name    string
			want    []float64
			compute func(to []float32)
		}{
			{"output", y, func(to []float32) { c.Convolve(to, x, w) }},
			{"gradient to the images", dx, func(to []float32) { c.ImageGradient(to, dy, reversed) }},
			{"gradient to the kernel", dw, func(to []float32) { c.KernelGradient(to, x, dy) }},
		} {
			got := make([]float32, len(r.want))
			for i := range got {
				got[i] = float32(math.NaN()) // every element is set
			}
			r.compute(got)
			var largest, worst float64
			for i, want := range r.want {
				largest = max(largest, math.Abs(want))
				worst = max(worst, math.Abs(float64(got[i])-want))
			}
			if !(worst <= 1e-5*largest) {
				t.Errorf("%+v: %s: values up to %g differ by %g", c, r.name, largest, worst)
			}
			t.Logf("%+v: %s: %.1g", c, r.name, worst/largest)
		}
	}
}

// TestTraining_DoesNotDependOnHelpers compares results, bit for bit, of one thread with those of some that come at any
// time, while the garbage collector stops them.
func TestTraining_DoesNotDependOnHelpers(t *testing.T) {
	needKernels(t)
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range []Training{training(36, Maps{8, 8, 32}, 32, 1), training(36, Maps{8, 8, 32}, 32, 2)} {
		x, w, dy := normal(random, c.Images*c.In.Size()), normal(random, taps*c.In.Channels*c.Out),
			normal(random, c.Images*c.out().Size())
		compute := func(start Start) (all []float32) {
			c.Start = start
			y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
			c.Convolve(y, x, w)
			c.ImageGradient(dx, dy, w)
			c.KernelGradient(dw, x, dy)
			return slices.Concat(y, dx, dw)
		}

		want := compute(func(func()) {})
		for range 20 {
			var wait sync.WaitGroup
			got := compute(func(help func()) {
				for range 3 {
					delay := time.Duration(random.IntN(300)) * time.Microsecond
					wait.Go(func() {
						time.Sleep(delay)
						help()
					})
				}
				wait.Go(runtime.GC)
			})
			wait.Wait()
			if !slices.Equal(got, want) {
				t.Fatalf("%+v: results are others with helpers", c)
			}
		}
	}
}

func BenchmarkTraining(b *testing.B) {
	needKernels(b)
	for _, c := range []Training{
		training(256, Maps{8, 8, 64}, 64, 1), training(256, Maps{4, 4, 128}, 128, 1),
		training(256, Maps{4, 4, 128}, 256, 1),
		training(256, Maps{16, 16, 32}, 64, 2), training(256, Maps{8, 8, 64}, 128, 2),
	} {
		x, w, y := make([]float32, c.Images*c.In.Size()), make([]float32, taps*c.In.Channels*c.Out),
			make([]float32, c.Images*c.out().Size())
		flops := 2 * float64(c.Images*c.out().Size()*taps*c.In.Channels)
		for name, f := range map[string]func(){
			"output": func() { c.Convolve(y, x, w) }, "images": func() { c.ImageGradient(x, y, w) },
			"kernel": func() { c.KernelGradient(w, x, y) },
		} {
			b.Run(fmt.Sprintf("%dx%dx%d-%d-stride%d/%s", c.In.Height, c.In.Width, c.In.Channels, c.Out, c.Stride, name),
				func(b *testing.B) {
					for b.Loop() {
						f()
					}
					b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
		}
	}
}
