package dataset

import (
	"math"
	"math/big"
)

// channelCounts counts the values of each channel of a stream of interleaved RGB bytes.
type channelCounts struct {
	counts [3][256]uint64
	next   int // channel of the next byte
}

func (c *channelCounts) Write(rgb []byte) (int, error) {
	for _, v := range rgb {
		c.counts[c.next][v]++
		if c.next++; c.next == 3 {
			c.next = 0
		}
	}
	return len(rgb), nil
}

// stats returns mean and population standard deviation on [0, 1] from exact integer sums.
func (c *channelCounts) stats() (mean, std [3]float64) {
	for k, counts := range c.counts {
		n, sum, squares := new(big.Int), new(big.Int), new(big.Int)
		for v, count := range counts {
			times := new(big.Int).SetUint64(count)
			n.Add(n, times)
			sum.Add(sum, new(big.Int).Mul(times, big.NewInt(int64(v))))
			squares.Add(squares, new(big.Int).Mul(times, big.NewInt(int64(v*v))))
		}
		// variance of the bytes = (n squares - sum^2) / n^2
		top := squares.Mul(squares, n)
		top.Sub(top, new(big.Int).Mul(sum, sum))
		variance, _ := new(big.Rat).SetFrac(top, new(big.Int).Mul(n, n)).Float64()
		mean[k], _ = new(big.Rat).SetFrac(sum, new(big.Int).Mul(n, big.NewInt(255))).Float64()
		std[k] = math.Sqrt(variance) / 255
	}
	return mean, std
}
