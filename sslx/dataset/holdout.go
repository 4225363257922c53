package dataset

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// StratifiedHoldOut cuts a validation part from a train split: of each class it holds out round(fraction x count)
// images, but never the last one of a class. Both results are sorted indices into labels; they are disjoint and cover
// it. The choice depends on labels, fraction and seed only. It panics when fraction is not in [0, 1).
func StratifiedHoldOut(labels []int32, fraction float64, seed uint64) (keep, held []int) {
	if !(fraction >= 0 && fraction < 1) {
		panic(fmt.Sprintf("dataset: hold-out fraction %v is not in [0, 1)", fraction))
	}
	classes := map[int32][]int{}
	for i, label := range labels {
		classes[label] = append(classes[label], i)
	}
	out := make([]bool, len(labels))
	for _, members := range classes {
		n := min(int(math.Round(fraction*float64(len(members)))), len(members)-1)
		slices.SortFunc(members, func(a, b int) int {
			return cmp.Or(cmp.Compare(mix(seed, uint64(a)), mix(seed, uint64(b))), cmp.Compare(a, b))
		})
		for _, i := range members[:n] {
			out[i] = true
		}
	}
	for i, isHeld := range out {
		if isHeld {
			held = append(held, i)
		} else {
			keep = append(keep, i)
		}
	}
	return keep, held
}

// mix hashes a counter under a seed with two rounds of the SplitMix64 finaliser (Steele, Lea, Flood 2014,
// https://doi.org/10.1145/2660193.2660195).
func mix(seed, counter uint64) uint64 { return splitMix(splitMix(seed) ^ counter) }

func splitMix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
