package pretrain

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// tinted returns noisy images of two classes in turn: reddish and bluish ones.
func tinted(n int) Labeled {
	l := Labeled{Images: randomImages(n), Classes: 2}
	for i := range n {
		l.Labels = append(l.Labels, int32(i%2))
		image := l.At(i)
		for p := 2 * (i % 2); p < len(image); p += 3 { // red, or blue
			image[p] = image[p]/2 + 128
		}
	}
	return l
}

// laptop is a fine-tuning in seconds.
func laptop() FineTuning {
	crop := augment.Config{CropScale: 0.5}
	return FineTuning{Steps: 400, Batch: 32, Views: augment.Views{crop, crop},
		Optimizer: optimizer.Config{Rule: optimizer.AdamW{}, LR: 1e-3, Scale: "none", WeightDecay: 5e-4}}
}

// A classifier needs no second view.
func TestFineTune_TakesOneView(t *testing.T) {
	o := laptop()
	o.Steps, o.Views = 2, o.Views[:1]
	train := tinted(40)
	got, err := FineTune(context.Background(), testbackend.Open(t), untrained(t, tiny()), train, train.Images, o)
	if err != nil || len(got) != 40 {
		t.Errorf("%d predictions (%v)", len(got), err)
	}
}

func TestFineTune_LearnsATaskAndLeavesTheNetworkAlone(t *testing.T) {
	n := untrained(t, tiny())
	before, err := n.Variables()
	if err != nil {
		t.Fatal(err)
	}
	was := bitsOf(t, before)

	train, test := tinted(64), tinted(20)
	got, err := FineTune(context.Background(), testbackend.Open(t), n, train, test.Images, laptop())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, test.Labels) {
		t.Errorf("predicted %v, want %v", got, test.Labels)
	}
	after, err := n.Variables()
	if err != nil || !maps.Equal(bitsOf(t, after), was) {
		t.Errorf("fine-tuning changed the network that it started from (%v)", err)
	}
}

func TestFineTune_RefusesOneImage(t *testing.T) {
	n, train := untrained(t, tiny()), tinted(2)
	train.Images, train.Labels = train.Slice(0, 1), train.Labels[:1]
	_, err := FineTune(context.Background(), testbackend.Open(t), n, train, train.Images, laptop())
	if !usage.Is(err) || !strings.Contains(err.Error(), "two training images") {
		t.Errorf("got %v", err)
	}
}

// thirds is an encoder of three layers, by the first letter of a variable.
type thirds struct{}

func (thirds) LayerOf(path string) (layer, last int) { return strings.Index("abc", path[:1]), 2 }

func TestLayerDecay_FallsFromTheLastLayerToTheFirst(t *testing.T) {
	for path, want := range map[string]float32{
		"/encoder/c/kernel": 0.5, "/encoder/b/kernel": 0.25, "/encoder/a/kernel": 0.125, "/classifier/kernel": 1,
	} {
		exec := MustNewExec(testbackend.PureGo(t), func(x *Node) *Node {
			rule := layerDecay{optimizer.SGD{}, thirds{}, 0.5}
			value, _ := rule.Update(optimizer.State{Path: path, Value: x, Gradient: OnesLike(x), LR: OnesLike(x),
				Step: OnesLike(x), Slots: []*Node{ZerosLike(x)}})
			return Sub(x, value) // the learning rate
		})
		got := tensors.ToScalar[float32](exec.MustExec1(float32(3)))
		if exec.Finalize(); got != want {
			t.Errorf("%s has %v of the learning rate, want %v", path, got, want)
		}
	}
}
