package pretrain

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
)

// tinted returns noisy images of two classes in turn: reddish and bluish ones.
func tinted(n int) (pixels []byte, labels []int32) {
	pixels = randomImages(n)
	const image = 32 * 32 * 3
	for i := range n {
		labels = append(labels, int32(i%2))
		for p := i*image + 2*(i%2); p < (i+1)*image; p += 3 {
			pixels[p] = pixels[p]/2 + 128
		}
	}
	return pixels, labels
}

func TestFineTuningLearnsATaskAndLeavesTheNetworkAlone(t *testing.T) {
	n := untrained(t, tiny())
	before, err := n.Variables()
	if err != nil {
		t.Fatal(err)
	}
	was := bitsOf(t, before)
	pixels, labels := tinted(64)
	test, truth := tinted(20)
	train := Labeled{Pixels: pixels, Height: 32, Width: 32, Labels: labels, Classes: 2}
	got, err := FineTune(context.Background(), testbackend.Open(t), n, train, test)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, truth) {
		t.Errorf("predicted %v, want %v", got, truth)
	}
	after, err := n.Variables()
	if err != nil || !maps.Equal(bitsOf(t, after), was) {
		t.Errorf("fine-tuning changed the network that it started from (%v)", err)
	}
	train.Pixels, train.Labels = pixels[:32*32*3], labels[:1]
	if _, err := FineTune(context.Background(), testbackend.Open(t), n, train, test); !usage.Is(err) ||
		!strings.Contains(err.Error(), "two training images") {
		t.Errorf("one image gave %v", err)
	}
}
