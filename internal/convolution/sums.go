package convolution

// Sums are the sums over the rows of maps [Parts, Rows, Channels] that batch normalization needs. All cores compute;
// results do not depend on how many.
type Sums struct {
	Parts, Rows, Channels int

	// RoundedA and RoundedB say which maps are in bfloat16, two numbers to an element of the slice. Sums are float32.
	// If one of two is, it is b.
	RoundedA, RoundedB bool

	// Start finds threads that help; nil starts goroutines.
	Start Start
}

// sumRows are the rows that a thread sums up at once, and sumColumns the channels.
const sumRows, sumColumns = 256, TileColumns

// Supported reports whether there are kernels for this geometry, on this processor: rows are a multiple of 4, channels
// of 32.
func (s Sums) Supported() bool {
	if (s.RoundedA || s.RoundedB) && !AvailableBFloat16() {
		return false
	}
	return Available() && s.Parts*s.Rows*s.Channels > 0 && s.Rows%TileRows == 0 && s.Channels%sumColumns == 0
}

// columnSum is what the kernels sum up: rows of sumColumns channels, of a, or of the products of a and b. Rows are
// strides of bytes apart, and their number is a multiple of TileRows.
type columnSum struct {
	to, a, b               *float32
	rows, strideA, strideB int
}

// Compute sets to [Parts, Channels] to the sums of a, or, with b, to those of the products a·b.
func (s Sums) Compute(to, a, b []float32) {
	team := newTeam(s.Start)
	defer team.dismiss()
	eachA, eachB, sum := 1, 1, sumFloats
	switch {
	case b == nil && s.RoundedA:
		eachA, sum = 2, sumRounded
	case b == nil:
	case s.RoundedA:
		eachA, eachB, sum = 2, 2, sumRoundedProducts
	case s.RoundedB:
		eachB, sum = 2, sumMixedProducts
	default:
		sum = sumProducts
	}

	// Some rows have sums of their own: [Parts, some rows, Channels].
	some := (s.Rows + sumRows - 1) / sumRows
	sums := takeFloats(s.Parts * some * s.Channels)
	defer putFloats(sums)
	team.run(s.Parts*some, 1, func(n, _ int, _ *Scratch) {
		first := n % some * sumRows
		last := min(first+sumRows, s.Rows)
		c := columnSum{rows: last - first, strideA: 4 * s.Channels / eachA, strideB: 4 * s.Channels / eachB}
		for channel := 0; channel < s.Channels; channel += sumColumns {
			at := (n/some*s.Rows+first)*s.Channels + channel
			c.to, c.a = &(*sums)[n*s.Channels+channel], &a[at/eachA]
			if b != nil {
				c.b = &b[at/eachB]
			}
			sum(&c)
		}
	})

	for part := range s.Parts {
		total := to[part*s.Channels : (part+1)*s.Channels]
		clear(total)
		for n := part * some; n < (part+1)*some; n++ {
			for i, v := range (*sums)[n*s.Channels : (n+1)*s.Channels] {
				total[i] += v
			}
		}
	}
}
