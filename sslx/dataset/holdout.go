package dataset

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/sslx-go/lab/sslx/dataset/internal/counter"
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

	// Members are ordered by their hash under the seed; the first are held out.
	out := make([]bool, len(labels))
	for _, members := range classes {
		n := min(int(math.Round(fraction*float64(len(members)))), len(members)-1)
		slices.SortFunc(members, func(a, b int) int {
			return cmp.Or(cmp.Compare(counter.Mix(seed, uint64(a)), counter.Mix(seed, uint64(b))), cmp.Compare(a, b))
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
