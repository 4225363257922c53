package pretrain

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/dataset"
)

// adapted returns the running statistics of the first layer of an untrained network that was adapted to images.
func adapted(t *testing.T, images ...dataset.Images) (mean, variance []float32) {
	t.Helper()
	n := untrained(t, tiny())
	for _, part := range images {
		if ok, err := n.AdaptNorm(context.Background(), testbackend.Open(t), part); !ok || err != nil {
			t.Fatalf("adapted %v (%v)", ok, err)
		}
	}

	variables, err := n.Variables()
	if err != nil {
		t.Fatal(err)
	}
	for path, value := range variables {
		switch {
		case !strings.HasPrefix(path, "/encoder/stem/"):
		case strings.HasSuffix(path, "/mean"):
			mean = tensors.MustCopyFlatData[float32](value)
		case strings.HasSuffix(path, "/variance"):
			variance = tensors.MustCopyFlatData[float32](value)
		}
	}
	return mean, variance
}

// The first layer is linear before its normalization: its mean over images is the mean over any two halves of them.
func TestAdaptNorm_TakesTheMeanOverBatches(t *testing.T) {
	images := randomImages(2 * featureBatch)
	for i := range images.Pixels[:len(images.Pixels)/2] {
		images.Pixels[i] /= 2 // sorted: the first half is dark
	}
	dark, bright := images.Slice(0, featureBatch), images.Slice(featureBatch, images.N)

	got, variance := adapted(t, images)
	first, _ := adapted(t, dark)
	second, ofBright := adapted(t, bright)
	again, sameVariance := adapted(t, dark, bright) // what was there before counts for nothing
	for c := range got {
		if want := (first[c] + second[c]) / 2; math.Abs(float64(got[c]-want)) > 1e-5 {
			t.Errorf("channel %d has mean %v, want %v", c, got[c], want)
		}
		if math.Abs(float64(again[c]-second[c])) > 1e-5 || math.Abs(float64(sameVariance[c]/ofBright[c]-1)) > 1e-4 {
			t.Errorf("channel %d: %v and %v after other images, want %v and %v", c, again[c], sameVariance[c],
				second[c], ofBright[c])
		}

		// Batches are drawn from all images: each has both halves, so that the variance has their distance in it.
		if apart := (first[c] - second[c]) / 2; variance[c] < apart*apart {
			t.Errorf("channel %d has variance %v, and the halves are %v from their mean", c, variance[c], apart)
		}
	}
}

func TestAdaptNorm_LeavesANetworkWithoutStatisticsAlone(t *testing.T) {
	c := tiny()
	c.Norm = NormGroup
	n := untrained(t, c)
	if ok, err := n.AdaptNorm(context.Background(), testbackend.Open(t), randomImages(2)); ok || err != nil {
		t.Errorf("adapted %v (%v)", ok, err)
	}
}
