// Package counter hashes counters: random numbers that depend on a seed and a position, and on no order of calls.
package counter

// Mix hashes a counter under a seed with two rounds of the SplitMix64 finalizer (Steele, Lea, Flood 2014,
// https://doi.org/10.1145/2660193.2660195).
func Mix(seed, counter uint64) uint64 { return splitMix(splitMix(seed) ^ counter) }

func splitMix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
