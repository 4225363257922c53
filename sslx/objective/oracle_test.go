package objective

import "math"

// contrast is NT-Xent in float64, written from equation 1 and algorithm 1 of Chen et al. 2020 with plain loops. Its
// switches make the wrong losses of mutation_test.go.
type contrast struct {
	temperature float64

	dropNegative    bool // leaves the last other image out of the denominator
	dropPositive    bool // leaves the positive out of the denominator
	keepSelf        bool // takes an embedding's similarity with itself into the denominator
	notNormalised   bool // uses the dot product for the cosine
	sumOfDirections bool // adds the losses of the two directions, where the paper has their mean
}

// loss returns the two terms of the loss of n pairs of embeddings of d numbers, 2n rows: row i and row i+n are of one
// image. Their sum is the loss.
func (c contrast) loss(z []float64, n, d int) (similarity, entropy float64) {
	s := func(i, j int) float64 {
		var dot, ii, jj float64
		for k := range d {
			dot += z[i*d+k] * z[j*d+k]
			ii += z[i*d+k] * z[i*d+k]
			jj += z[j*d+k] * z[j*d+k]
		}
		if c.notNormalised {
			return dot
		}
		return dot / (math.Sqrt(ii) * math.Sqrt(jj))
	}
	for i := range 2 * n {
		positive := (i + n) % (2 * n)
		similarity -= s(i, positive) / c.temperature / float64(2*n)
		entropy += c.logSum(i, positive, n, s) / float64(2*n)
	}
	if c.sumOfDirections {
		return 2 * similarity, 2 * entropy
	}
	return similarity, entropy
}

// logSum returns the logarithm of the denominator of row i.
func (c contrast) logSum(i, positive, n int, s func(i, j int) float64) float64 {
	var logits []float64
	for k := range 2 * n {
		switch {
		case k == i && !c.keepSelf, k == positive && c.dropPositive:
		case c.dropNegative && k != positive && k == (i+1)%(2*n):
		default:
			logits = append(logits, s(i, k)/c.temperature)
		}
	}
	largest := math.Inf(-1)
	for _, l := range logits {
		largest = math.Max(largest, l)
	}
	sum := 0.0
	for _, l := range logits {
		sum += math.Exp(l - largest)
	}
	return largest + math.Log(sum)
}

// gradient returns the derivative of the loss by every number of z, worked out by hand from the equation: with p the
// softmax of row i, ∂loss/∂s(i,k) = (p(i,k) - [k is the positive]) / (2nτ), and ∂s(i,k)/∂z(i) is the part of the
// direction of z(k) that is orthogonal to z(i), over the length of z(i).
func (c contrast) gradient(z []float64, n, d int) []float64 {
	unit, length := make([]float64, len(z)), make([]float64, 2*n)
	for i := range 2 * n {
		for k := range d {
			length[i] = math.Hypot(length[i], z[i*d+k])
		}
		for k := range d {
			unit[i*d+k] = z[i*d+k] / length[i]
		}
	}
	s := func(i, j int) (dot float64) {
		for k := range d {
			dot += unit[i*d+k] * unit[j*d+k]
		}
		return dot
	}
	g := make([]float64, len(z))
	for i := range 2 * n {
		positive := (i + n) % (2 * n)
		log := c.logSum(i, positive, n, s)
		for j := range 2 * n {
			if j == i {
				continue
			}
			cosine := s(i, j)
			w := math.Exp(cosine/c.temperature - log)
			if j == positive {
				w--
			}
			w /= float64(2*n) * c.temperature
			for k := range d {
				g[i*d+k] += w * (unit[j*d+k] - cosine*unit[i*d+k]) / length[i]
				g[j*d+k] += w * (unit[i*d+k] - cosine*unit[j*d+k]) / length[j]
			}
		}
	}
	return g
}
