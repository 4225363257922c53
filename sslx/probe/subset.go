package probe

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
)

// Subset returns the sorted indices of perClass images of each class 0..classes-1, drawn without replacement. The draw
// of a class depends on its labels and the seed only, and a larger perClass adds to a smaller one of the same seed.
//
// It returns a usage error for a label out of range, perClass below 1, and a class with fewer images.
func Subset(labels []int32, classes, perClass int, seed uint64) ([]int, error) {
	if err := checkLabels(labels, len(labels), classes, "train"); err != nil {
		return nil, err
	}
	if perClass < 1 {
		return nil, usage.Errorf("a few-shot subset needs at least one image of each class, got %d", perClass)
	}

	members := byClass(labels)
	var chosen []int
	for class := range int32(classes) {
		if n := len(members[class]); n < perClass {
			return nil, usage.Errorf("class %d has %d train images: %d of each class cannot be drawn",
				class, n, perClass)
		}
		chosen = append(chosen, draw(members[class], class, perClass, seed)...)
	}

	slices.Sort(chosen)
	return chosen, nil
}

// SubsetShare returns the sorted indices of a share of the images, in (0, 1], of each class that is present:
// round(share x count), at least one. As with [Subset] the draw depends on labels and seed only, and a larger share
// adds to a smaller one.
//
// It returns a usage error for a share out of range, and without labels.
func SubsetShare(labels []int32, share float64, seed uint64) ([]int, error) {
	if !(share > 0 && share <= 1) {
		return nil, usage.Errorf("the share of a few-shot subset must be above 0 and at most 1, got %g", share)
	}
	if len(labels) == 0 {
		return nil, usage.Errorf("there are no train labels: a few-shot subset needs at least one image")
	}

	members := byClass(labels)
	var chosen []int
	// At least one image of each class, however small the share.
	for _, class := range slices.Sorted(maps.Keys(members)) {
		n := max(1, int(math.Round(share*float64(len(members[class])))))
		chosen = append(chosen, draw(members[class], class, n, seed)...)
	}

	slices.Sort(chosen)
	return chosen, nil
}

// byClass returns the indices of each class, ascending.
func byClass(labels []int32) map[int32][]int {
	members := map[int32][]int{}
	for i, label := range labels {
		members[label] = append(members[label], i)
	}
	return members
}

// draw returns n of the members of a class, the first of an order that the seed gives.
func draw(members []int, class int32, n int, seed uint64) []int {
	// One stream a class: what other classes there are changes nothing.
	chosen := make([]int, n)
	for i, at := range rand.New(rand.NewPCG(seed, uint64(class))).Perm(len(members))[:n] {
		chosen[i] = members[at]
	}
	return chosen
}
