package probe

import (
	"slices"
	"testing"
)

func TestPick_TakesRowsAndLabelsTogether(t *testing.T) {
	f := Features{N: 3, D: 2, X: []float32{0, 1, 10, 11, 20, 21}, Layer: "encoder"}
	got := f.Pick([]int{2, 0})
	if got.N != 2 || got.D != 2 || got.Layer != "encoder" || !slices.Equal(got.X, []float32{20, 21, 0, 1}) {
		t.Errorf("rows %+v", got)
	}
	if got := PickLabels([]int32{5, 6, 7}, []int{2, 0}); !slices.Equal(got, []int32{7, 5}) {
		t.Errorf("labels %v", got)
	}
}

func TestHead_IsTheFirstRows(t *testing.T) {
	f := Features{N: 3, D: 2, X: []float32{0, 1, 10, 11, 20, 21}}
	if got := f.Head(2); got.N != 2 || !slices.Equal(got.X, []float32{0, 1, 10, 11}) {
		t.Errorf("got %+v", got)
	}
	if got := f.Head(9); got.N != 3 {
		t.Errorf("%d rows, want all 3", got.N)
	}
}

func TestFeatures_OfDifferentLayersAreRefused(t *testing.T) {
	a := Features{N: 1, D: 1, X: []float32{1}, Layer: "encoder"}
	b := Features{N: 1, D: 1, X: []float32{1}, Layer: "projector0"}
	if err := checkSameWidth(a, "train", b, "test"); err == nil {
		t.Error("features of two layers were taken for one")
	}
	if err := checkSameWidth(a, "train", a, "test"); err != nil {
		t.Error(err)
	}
}
