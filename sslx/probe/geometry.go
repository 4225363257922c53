package probe

import (
	"math"

	"github.com/sslx-go/lab/internal/usage"
)

// Alignment returns the mean squared distance, in [0, 4], between the embeddings of two views of the same images, rows
// scaled to length 1: 0 when both views of each image coincide (Wang & Isola, "Understanding Contrastive Representation
// Learning through Alignment and Uniformity on the Hypersphere", 2020, alpha 2, https://arxiv.org/abs/2005.10242).
func Alignment(a, b Features) (float64, error) {
	if err := a.Check("first view's"); err != nil {
		return 0, err
	}
	if err := b.Check("second view's"); err != nil {
		return 0, err
	}
	if a.N != b.N || a.D != b.D {
		return 0, usage.Errorf("alignment needs two views of the same images, got [%d, %d] and [%d, %d]",
			a.N, a.D, b.N, b.D)
	}

	a, b = a.Normalized(), b.Normalized()
	var sum float64
	for i := range a.N {
		sum += squaredDistance(a.Row(i), b.Row(i))
	}
	return sum / float64(a.N), nil
}

// Uniformity returns log mean exp(-2 |x-y|^2) over all pairs of distinct images, rows scaled to length 1: 0 when all
// embeddings coincide, lower the more evenly they cover the sphere, -8 at least (Wang & Isola 2020, t 2). It needs two
// rows. Cost: N*N*D/2 operations on the host; a few thousand rows are enough for a stable value.
func Uniformity(f Features) (float64, error) {
	if err := f.Check("embedding"); err != nil {
		return 0, err
	}
	if f.N < 2 {
		return 0, usage.Errorf("uniformity needs at least two images, got %d", f.N)
	}

	f = f.Normalized()

	// Each pair once: the distance is symmetric.
	var sum float64
	for i := range f.N {
		for j := range i {
			sum += math.Exp(-2 * squaredDistance(f.Row(i), f.Row(j)))
		}
	}
	return math.Log(sum / (float64(f.N) * float64(f.N-1) / 2)), nil
}

// StdPerDimension returns the population standard deviation of each of the D dimensions over the N images. All near 0
// means that the embedding has collapsed to a point; on [Features.Normalized] rows, evenly spread embeddings have
// 1/sqrt(D) (Chen & He, "Exploring Simple Siamese Representation Learning", 2020, section 4.1,
// https://arxiv.org/abs/2011.10566).
func StdPerDimension(f Features) ([]float64, error) {
	if err := f.Check("embedding"); err != nil {
		return nil, err
	}
	_, std := moments(f)
	return std, nil
}

func squaredDistance(a, b []float32) float64 {
	var sum float64
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += d * d
	}
	return sum
}

// moments returns mean and population standard deviation of each dimension, in float64.
func moments(f Features) (mean, std []float64) {
	mean, std = make([]float64, f.D), make([]float64, f.D)
	for i := range f.N {
		for j, v := range f.Row(i) {
			mean[j] += float64(v)
		}
	}
	for j := range mean {
		mean[j] /= float64(f.N)
	}

	// A second pass, about the mean: squares of raw values would cancel where the mean is large.
	for i := range f.N {
		for j, v := range f.Row(i) {
			d := float64(v) - mean[j]
			std[j] += d * d
		}
	}
	for j := range std {
		std[j] = math.Sqrt(std[j] / float64(f.N))
	}
	return mean, std
}
