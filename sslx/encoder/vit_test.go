package encoder

import (
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/usage"
)

func TestViT_CheckRefusesWhatIsOutOfRange(t *testing.T) {
	for want, change := range map[string]func(v *ViT){
		`there is no vision transformer "huge"`: func(v *ViT) { v.Kind = "huge" },
		"encoder.patch is 0":                    func(v *ViT) { v.Patch = 0 },
		"encoder.image_size is 3":               func(v *ViT) { v.ImageSize = 3 },
		"encoder.pool":                          func(v *ViT) { v.Pool = "max" },
		"encoder.positions":                     func(v *ViT) { v.Positions = "rope" },
		"encoder.drop_path is 1":                func(v *ViT) { v.DropPath = 1 },
	} {
		v := named("vit-tiny").(ViT)
		change(&v)
		if err := v.Check(); !usage.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// The mean over draws of a branch is the branch, every draw is of whole images, the draws of two steps differ, and the
// counter lets a step be repeated.
func TestDropper_LeavesBranchesOutForSomeImages(t *testing.T) {
	const batch, share = 4000, 0.25
	store := seeded(5)
	draw := func() []float64 {
		ones := tensors.FromScalarAndDimensions(float32(1), batch, 2, 3)
		return run(t, store, func(scope *model.Scope, in []*Node) []*Node {
			d := newDropper(scope, share, batch, 2, Train, in[0])
			return []*Node{d.some(in[0], 1, share)}
		}, ones)[0]
	}
	first, second := draw(), draw()

	mean, same := 0.0, 0
	for i, v := range first {
		mean += v / float64(len(first))
		if v != first[i/6*6] {
			t.Fatalf("image %d is left out in part", i/6)
		}
		if v != 0 && math.Abs(v-1/(1-share)) > 1e-6 {
			t.Fatalf("a value is %g", v)
		}
		if v == second[i] {
			same++
		}
	}
	deviation := math.Sqrt(share / (1 - share) / batch)
	if math.Abs(mean-1) > 4*deviation {
		t.Errorf("the mean is %g, %g standard errors from 1", mean, (mean-1)/deviation)
	}
	if part := float64(same) / float64(len(first)); math.Abs(part-(share*share+(1-share)*(1-share))) > 0.03 {
		t.Errorf("%.3f of two steps' draws agree", part)
	}

	if err := store.GetVariable("/" + DrawsVariable).SetValue(tensors.FromValue(float32(0))); err != nil {
		t.Fatal(err)
	}
	mustBeClose(t, "a repeated step", draw(), first, 0)
}

// Interpolation keeps a constant, and a line but at its ends; for as many places it changes nothing.
func TestBicubic_KeepsConstantsAndLines(t *testing.T) {
	for _, to := range []int{5, 8, 13, 32} {
		for i, row := range bicubic(8, to) {
			constant, line := 0.0, 0.0
			for j, v := range row {
				constant, line = constant+v, line+v*float64(j)
			}
			want := (float64(i)+0.5)*8/float64(to) - 0.5
			inside := want > 3*math.Max(1, 8/float64(to)) && want < 7-3*math.Max(1, 8/float64(to))
			if math.Abs(constant-1) > 1e-12 || inside && math.Abs(line-want) > 0.01 || to == 8 && row[i] != 1 {
				t.Errorf("8 to %d, row %d: %g and %g, want 1 and %g", to, i, constant, line, want)
			}
		}
	}
}

func TestViT_EveryVariableIsInALayer(t *testing.T) {
	v := named("vit-tiny").(ViT)
	counts := map[int]int{}
	for _, tensor := range v.Tensors(3) {
		layer, last := v.LayerOf(tensor.Variable)
		if last != 13 {
			t.Fatalf("the last layer is %d", last)
		}
		counts[layer]++
	}
	// Each block has as many variables as the others; the norm has two, and what is below the blocks the rest.
	for layer := 1; layer <= 12; layer++ {
		if counts[layer] != counts[1] || counts[1] < 10 {
			t.Errorf("layer %d has %d variables", layer, counts[layer])
		}
	}
	if counts[13] != 2 || counts[0] < 3 || counts[0] > 4 {
		t.Errorf("%d variables behind the blocks, and %d below them", counts[13], counts[0])
	}
}
