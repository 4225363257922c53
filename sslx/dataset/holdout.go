package dataset

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/sslx-go/lab/sslx/dataset/internal/counter"
)

const (
	// ValidationShare is the share of a train split that is held out for the choice of hyper-parameters.
	ValidationShare = 0.1

	// ValidationSeed decides which images: the same for every training and evaluation.
	ValidationSeed = 0
)

// HoldOut cuts the validation images from the train split, by the set's main task whatever is trained or measured: what
// package evaluate chooses hyper-parameters on, and package pretrain leaves out when it is told to.
func (s *Set) HoldOut() (keep, held []int, err error) {
	train, err := s.Split("train")
	if err != nil {
		return nil, nil, err
	}
	labels := make([]int32, train.N)
	if tasks := s.Tasks(); len(tasks) > 0 {
		if labels, err = train.Labels(tasks[0].Name); err != nil {
			return nil, nil, err
		}
	}
	keep, held = ValidationCut(labels, train.Groups())
	return keep, held, nil
}

// ValidationCut cuts the validation images from train: a tenth, stratified by labels. Groups, which may be nil, stay
// whole, unless they are so large that none can be held out.
func ValidationCut(labels, groups []int32) (keep, held []int) {
	if groups != nil {
		keep, held = GroupedHoldOut(labels, groups, ValidationShare, ValidationSeed)
	}
	if len(held) == 0 {
		return StratifiedHoldOut(labels, ValidationShare, ValidationSeed)
	}
	return keep, held
}

// StratifiedHoldOut cuts a validation part from a train split: of each class it holds out round(fraction x count)
// images, but never the last one of a class. Both results are sorted indices into labels; they are disjoint and cover
// it. The choice depends on labels, fraction and seed only. It panics when fraction is not in [0, 1).
func StratifiedHoldOut(labels []int32, fraction float64, seed uint64) (keep, held []int) {
	groups := make([]int32, len(labels))
	for i := range groups {
		groups[i] = int32(i)
	}
	return GroupedHoldOut(labels, groups, fraction, seed)
}

// GroupedHoldOut is [StratifiedHoldOut] for images that must stay together, such as one patient's: the images of
// a group are all kept or all held out. Of each class it comes as near to round(fraction x count) images as whole
// groups allow, and never takes the last image of a class. Groups are taken in an order that depends on the seed, each
// where it brings the counts of the classes nearer to their aims, or leaves them as near and is the first of its
// classes. With a group for each image, numbered like it, the cut equals StratifiedHoldOut's. It panics when fraction
// is not in [0, 1), or when labels and groups differ in number.
func GroupedHoldOut(labels, groups []int32, fraction float64, seed uint64) (keep, held []int) {
	if !(fraction >= 0 && fraction < 1) {
		panic(fmt.Sprintf("dataset: hold-out fraction %v is not in [0, 1)", fraction))
	}
	if len(labels) != len(groups) {
		panic(fmt.Sprintf("dataset: %d labels and %d groups", len(labels), len(groups)))
	}

	// What is still to hold out of each class, and what must not be touched.
	count, aim := map[int32]int{}, map[int32]int{}
	members := map[int32][]int{}
	for i, label := range labels {
		count[label]++
		members[groups[i]] = append(members[groups[i]], i)
	}
	for label, n := range count {
		aim[label] = min(int(math.Round(fraction*float64(n))), n-1)
	}

	// Groups are ordered by their hash under the seed.
	order := make([]int32, 0, len(members))
	for group := range members {
		order = append(order, group)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(counter.Mix(seed, uint64(a)), counter.Mix(seed, uint64(b))), cmp.Compare(a, b))
	})
	out, touched := make([]bool, len(labels)), map[int32]bool{} // images that are held out, classes that have some
	for _, group := range order {
		of := map[int32]int{}
		for _, i := range members[group] {
			of[labels[i]]++
		}
		// How much nearer the group brings its classes to their aims, and whether it holds the last images of one.
		gain, last, first := 0, false, true
		for label, n := range of {
			gain += abs(aim[label]) - abs(aim[label]-n)
			last = last || n == count[label]
			first = first && !touched[label]
		}
		if last || gain < 0 || gain == 0 && !first {
			continue
		}
		for label, n := range of {
			aim[label] -= n
			count[label] -= n
			touched[label] = true
		}
		for _, i := range members[group] {
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

func abs(n int) int { return max(n, -n) }
