package dataset

import (
	"slices"
	"testing"
)

func TestStratifiedHoldOut_IsStratifiedSortedAndDisjoint(t *testing.T) {
	labels := make([]int32, 1000)
	for i := range labels {
		labels[i] = int32(i*i%7) - 1 // squares modulo 7: four classes of unequal size
	}
	count := func(indices []int) map[int32]int {
		n := map[int32]int{}
		for _, i := range indices {
			n[labels[i]]++
		}
		return n
	}
	keep, held := StratifiedHoldOut(labels, 0.1, 3)
	if !slices.IsSorted(keep) || !slices.IsSorted(held) {
		t.Error("indices are not sorted")
	}
	all := slices.Sorted(slices.Values(slices.Concat(keep, held)))
	if len(all) != len(labels) || len(slices.Compact(all)) != len(labels) {
		t.Error("the parts overlap or leave an image out")
	}
	kept := count(keep)
	for class, n := range count(held) {
		if want := (n + kept[class] + 5) / 10; n != want {
			t.Errorf("class %d: %d held out, want %d", class, n, want)
		}
	}
}

func TestStratifiedHoldOut_DependsOnItsSeedOnly(t *testing.T) {
	labels := slices.Repeat([]int32{0, 1, 2}, 100)
	_, first := StratifiedHoldOut(labels, 0.2, 1)
	_, again := StratifiedHoldOut(labels, 0.2, 1)
	_, other := StratifiedHoldOut(labels, 0.2, 2)
	if !slices.Equal(first, again) {
		t.Error("the same seed gave another part")
	}
	if slices.Equal(first, other) {
		t.Error("another seed gave the same part")
	}
}

func TestStratifiedHoldOut_LeavesEveryClassAnImage(t *testing.T) {
	keep, held := StratifiedHoldOut([]int32{5, 7, 7}, 0.9, 1)
	if len(keep) != 2 || len(held) != 1 {
		t.Errorf("kept %v and held out %v, want one image of each class kept", keep, held)
	}
	if _, held := StratifiedHoldOut([]int32{5, 7, 7}, 0, 1); held != nil {
		t.Errorf("a fraction of 0 held out %v", held)
	}
}

func TestStratifiedHoldOut_OfEverythingPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a fraction of 1 was accepted")
		}
	}()
	StratifiedHoldOut([]int32{1, 1}, 1, 1)
}
