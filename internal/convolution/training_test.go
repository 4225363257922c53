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
	return Training{Images: images, In: in, Out: out, Size: 3, Stride: stride}
}

// eachProduct calls f with the flat indices of every output, kernel and image element that are multiplied with each
// other.
func (t Training) eachProduct(f func(y, w, x int)) {
	out := t.out()
	for n := range t.Images {
		for at := range out.Pixels() {
			row, column := at/out.Width, at%out.Width
			for tap := range t.Size * t.Size {
				before := (t.Size - 1) / 2
				i, j := row*t.Stride+tap/t.Size-before, column*t.Stride+tap%t.Size-before
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

// read returns the numbers of a result.
func (t Training) read(x []float32) []float32 {
	if !t.Rounds {
		return x
	}
	var numbers []float32
	for _, v := range x {
		pair := math.Float32bits(v)
		numbers = append(numbers, math.Float32frombits(pair<<16), math.Float32frombits(pair&0xffff0000))
	}
	return numbers
}

// TestTraining compares a convolution and its gradients with sums in float64, among them of tiles that reach beyond the
// image.
func TestTraining(t *testing.T) {
	needKernels(t)
	random := rand.New(rand.NewPCG(1, 2))
	float32s := []Training{
		training(4, Maps{4, 4, 32}, 32, 1), training(8, Maps{8, 8, 64}, 32, 1),
		training(4, Maps{6, 5, 32}, 64, 1), training(4, Maps{1, 2, 32}, 32, 1),
		training(68, Maps{4, 4, 32}, 32, 1), training(4, Maps{16, 12, 32}, 32, 1),
		training(4, Maps{8, 8, 32}, 64, 2), training(8, Maps{16, 16, 32}, 64, 2),
		training(4, Maps{2, 6, 64}, 32, 2), training(36, Maps{4, 4, 64}, 96, 2),
		training(4, Maps{8, 4, 16}, 32, 2), training(4, Maps{4, 4, 36}, 32, 2),
		{Images: 4, In: Maps{8, 8, 3}, Out: 32, Size: 4, Stride: 2},
		{Images: 8, In: Maps{4, 6, 3}, Out: 16, Size: 4, Stride: 2},
		{Images: 4, In: Maps{6, 5, 3}, Out: 48, Size: 3, Stride: 1},
		{Images: 4, In: Maps{4, 4, 1}, Out: 64, Size: 2, Stride: 1},
	}
	all := float32s
	for _, c := range float32s {
		c.Rounds = true
		if c.Supported() {
			all = append(all, c)
		}
	}

	for _, c := range all {
		if !c.Supported() {
			t.Fatalf("%+v is not supported", c)
		}
		x, w, dy := normal(random, c.Images*c.In.Size()), normal(random, c.Size*c.Size*c.In.Channels*c.Out),
			normal(random, c.Images*c.out().Size())
		y, dx, dw := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(w))
		c.eachProduct(func(o, k, i int) {
			y[o] += float64(w[k]) * float64(x[i])
			dx[i] += float64(w[k]) * float64(dy[o])
			dw[k] += float64(x[i]) * float64(dy[o])
		})
		for _, r := range []struct {
			name    string
			want    []float64
			compute func(to []float32)
		}{
			{"output", y, func(to []float32) { c.Convolve(to, x, w) }},
			{"gradient to the images", dx, func(to []float32) { c.ImageGradient(to, dy, w) }},
			{"gradient to the kernel", dw, func(to []float32) { c.KernelGradient(to, x, dy) }},
		} {
			if r.name == "gradient to the images" && c.OfFew() {
				continue
			}
			got := make([]float32, len(r.want)/c.each())
			for i := range got {
				got[i] = float32(math.NaN()) // every element is set
			}
			r.compute(got)
			var squares, errors float64
			for i, v := range c.read(got) {
				squares += r.want[i] * r.want[i]
				errors += (float64(v) - r.want[i]) * (float64(v) - r.want[i])
			}
			if e := math.Sqrt(errors / squares); !(e <= c.tolerance()) {
				t.Errorf("%+v: %s: relative error %.2g", c, r.name, e)
			} else {
				t.Logf("%+v: %s: %.2g", c, r.name, e)
			}
		}
	}
}

// tolerance is how large the error of a result may be, relative to its root mean square. Where products take numbers in
// bfloat16, the transform of results in minimal filtering makes the error of rounding larger.
func (t Training) tolerance() float64 {
	switch {
	case !t.Rounds:
		return 1e-6
	case t.Stride == 1:
		return 0.02
	}
	return 0.004
}

// TestTraining_DoesNotDependOnHelpers compares results, bit for bit, of one thread with those of some that come at any
// time, while the garbage collector stops them.
func TestTraining_DoesNotDependOnHelpers(t *testing.T) {
	needKernels(t)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 4 {
		c := training(36, Maps{8, 8, 32}, 32, 1+i%2)
		c.Rounds = i > 1
		if !c.Supported() {
			continue
		}
		x, w, dy := normal(random, c.Images*c.In.Size()), normal(random, c.Size*c.Size*c.In.Channels*c.Out),
			normal(random, c.Images*c.out().Size())
		compute := func(start Start) (all []float32) {
			c.Start = start
			each := c.each()
			y, dx, dw := make([]float32, len(dy)/each), make([]float32, len(x)/each), make([]float32, len(w)/each)
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
	cases := []Training{
		training(256, Maps{8, 8, 64}, 64, 1), training(256, Maps{4, 4, 128}, 256, 1),
		training(128, Maps{4, 4, 512}, 512, 1), training(256, Maps{16, 16, 32}, 64, 2),
		training(256, Maps{8, 8, 64}, 128, 2),
		{Images: 256, In: Maps{32, 32, 3}, Out: 32, Size: 4, Stride: 2},
	}
	for _, c := range cases {
		c.Rounds = true
		if c.Supported() {
			cases = append(cases, c)
		}
	}

	for _, c := range cases {
		x, w, y := make([]float32, c.Images*c.In.Size()), make([]float32, c.Size*c.Size*c.In.Channels*c.Out),
			make([]float32, c.Images*c.out().Size())
		flops := 2 * float64(c.Images*c.out().Size()*c.Size*c.Size*c.In.Channels)
		for name, f := range map[string]func(){
			"output": func() { c.Convolve(y, x, w) }, "images": func() { c.ImageGradient(x, y, w) },
			"kernel": func() { c.KernelGradient(w, x, y) },
		} {
			if name == "images" && c.OfFew() {
				continue
			}
			what := fmt.Sprintf("%dx%dx%d-%d-stride%d-rounds-%v/%s", c.In.Height, c.In.Width, c.In.Channels, c.Out,
				c.Stride, c.Rounds, name)
			b.Run(what, func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
