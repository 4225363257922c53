package probe

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/sslx-go/lab/internal/cores"
	"github.com/sslx-go/lab/internal/usage"
)

// ClusterOptions configures [Cluster]. The zero value means the defaults.
type ClusterOptions struct {
	Restarts   int    // clusterings from other seeds, of which the tightest is taken; 0 means 3
	Iterations int    // the most rounds of each; 0 means 100
	Seed       uint64 // of the first centers; not part of the protocol's name
}

func (o ClusterOptions) withDefaults() ClusterOptions {
	if o.Restarts == 0 {
		o.Restarts = 3
	}
	if o.Iterations == 0 {
		o.Iterations = 100
	}
	return o
}

// String returns the name of the protocol without its layer, "kmeans/lloyd/r3/i100" by default.
func (o ClusterOptions) String() string {
	o = o.withDefaults()
	return fmt.Sprintf("kmeans/lloyd/r%d/i%d", o.Restarts, o.Iterations)
}

// Clusters is what a clustering found.
type Clusters struct {
	Of      []int32   // the cluster of each row, in 0..k-1
	Centers []float64 // [k, D]
	Inertia float64   // sum of the squared distances of the rows to their centers
}

// Cluster groups features, scaled to length 1, into k clusters by k-means: Lloyd's rounds from centers that k-means++
// draws (Arthur and Vassilvitskii 2007), until no row changes its cluster. Of equally near centers the first is taken.
// A cluster that loses all rows gets the row that is farthest from its center. Of several clusterings the one of the
// smallest inertia counts. No label enters.
//
// It is a usage error when there are fewer rows than clusters. Cost: 2*N*k*D operations a round on the host.
func Cluster(f Features, k int, opt ClusterOptions) (Clusters, error) {
	opt = opt.withDefaults()
	if err := f.Check("embedding"); err != nil {
		return Clusters{}, err
	}
	if k < 1 || k > f.N {
		return Clusters{}, usage.Errorf("%d images cannot be put into %d clusters", f.N, k)
	}
	if opt.Restarts < 1 || opt.Iterations < 1 {
		return Clusters{}, usage.Errorf("a clustering needs at least one start and one round, got %d and %d",
			opt.Restarts, opt.Iterations)
	}

	f = f.Normalized()
	var best Clusters
	for start := range opt.Restarts {
		random := rand.New(rand.NewPCG(opt.Seed, uint64(start)))
		c := lloyd(f, firstCenters(f, k, random), opt.Iterations)
		if start == 0 || c.Inertia < best.Inertia {
			best = c
		}
	}
	return best, nil
}

// firstCenters draws k rows as centers, each with a probability in proportion to its squared distance from those drawn
// before.
func firstCenters(f Features, k int, random *rand.Rand) []float64 {
	centers := make([]float64, 0, k*f.D)
	nearest := slices.Repeat([]float64{math.Inf(1)}, f.N) // squared distance from the centers so far
	at := random.IntN(f.N)
	for {
		for _, v := range f.Row(at) {
			centers = append(centers, float64(v))
		}
		if len(centers) == k*f.D {
			return centers
		}

		total := 0.0
		for i := range nearest {
			nearest[i] = min(nearest[i], squaredDistance(f.Row(i), f.Row(at)))
			total += nearest[i]
		}
		left := total * random.Float64()
		at = f.N - 1
		for i, d := range nearest {
			if left -= d; left < 0 {
				at = i
				break
			}
		}
	}
}

// lloyd moves centers [k, D] to the means of the rows that are nearest to them, again and again.
func lloyd(f Features, centers []float64, iterations int) Clusters {
	k := len(centers) / f.D
	c := Clusters{Of: make([]int32, f.N), Centers: centers}
	distances := make([]float64, f.N)
	for round := 0; ; round++ {
		before := slices.Clone(c.Of)
		assign(f, c.Centers, c.Of, distances)
		if round == iterations || round > 0 && slices.Equal(before, c.Of) {
			break
		}

		// Means of the rows of each cluster.
		counts := make([]int, k)
		clear(c.Centers)
		for i, cluster := range c.Of {
			counts[cluster]++
			center := c.Centers[int(cluster)*f.D:][:f.D]
			for j, v := range f.Row(i) {
				center[j] += float64(v)
			}
		}
		for cluster, n := range counts {
			center := c.Centers[cluster*f.D:][:f.D]
			if n == 0 { // it begins again where the others fit worst
				far := slices.Index(distances, slices.Max(distances))
				distances[far] = 0
				for j, v := range f.Row(far) {
					center[j] = float64(v)
				}
				continue
			}
			for j := range center {
				center[j] /= float64(n)
			}
		}
	}

	for _, d := range distances {
		c.Inertia += d
	}
	return c
}

// assign finds the nearest center of each row, and the squared distance from it.
func assign(f Features, centers []float64, of []int32, distances []float64) {
	workers := min(cores.Count(), f.N)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w * f.N / workers; i < (w+1)*f.N/workers; i++ {
				distances[i] = math.Inf(1)
				row := f.Row(i)
				for cluster := range len(centers) / f.D {
					if d := distanceFrom(row, centers[cluster*f.D:][:f.D], distances[i]); d < distances[i] {
						of[i], distances[i] = int32(cluster), d
					}
				}
			}
		})
	}
	wait.Wait()
}

// distanceFrom returns the squared distance of a row from a center, or some number above most where it is above that.
func distanceFrom(row []float32, center []float64, most float64) float64 {
	sum := 0.0
	for len(row) >= 8 {
		for j, v := range row[:8] {
			d := float64(v) - center[j]
			sum += d * d
		}
		if sum > most {
			return sum
		}
		row, center = row[8:], center[8:]
	}
	for j, v := range row {
		d := float64(v) - center[j]
		sum += d * d
	}
	return sum
}

// MutualInformation returns the normalized mutual information of clusters and labels, in [0, 1]: their mutual
// information divided by the mean of their entropies, as scikit-learn's normalized_mutual_info_score. It is 1 where
// both split the images alike, and 0 where one says nothing of the other; where both have one class, it is 1. It grows
// with the number of clusters, also for clusters at random.
func MutualInformation(clusters, labels []int32) (float64, error) {
	t, err := newContingency(clusters, labels)
	if err != nil {
		return 0, err
	}
	if len(t.rows) == 1 && len(t.columns) == 1 {
		return 1, nil
	}

	// In an order of their own, so that the sum is the same each time.
	pairs := slices.SortedFunc(maps.Keys(t.cells), func(a, b [2]int32) int { return slices.Compare(a[:], b[:]) })
	shared := 0.0
	for _, pair := range pairs {
		n := t.cells[pair]
		p := n / t.total
		shared += p * math.Log(p*t.total*t.total/(t.rows[pair[0]]*t.columns[pair[1]]))
	}
	both := (entropy(t.rows, t.total) + entropy(t.columns, t.total)) / 2
	return min(1, max(0, shared/both)), nil
}

// RandIndex returns the adjusted Rand index of clusters and labels (Hubert and Arabie 1985), in [-0.5, 1]: the share of
// pairs of images on which both agree, scaled so that clusters at random have 0 on average and equal ones 1.
func RandIndex(clusters, labels []int32) (float64, error) {
	t, err := newContingency(clusters, labels)
	if err != nil {
		return 0, err
	}
	pairs := func(n float64) float64 { return n * (n - 1) / 2 }
	both, inClusters, inClasses := 0.0, 0.0, 0.0
	for _, n := range t.cells {
		both += pairs(n)
	}
	for _, n := range t.rows {
		inClusters += pairs(n)
	}
	for _, n := range t.columns {
		inClasses += pairs(n)
	}

	expected, most := 0.0, (inClusters+inClasses)/2
	if all := pairs(t.total); all > 0 {
		expected = inClusters * inClasses / all
	}
	if most == expected { // every image alone, or all together, in both
		return 1, nil
	}
	return (both - expected) / (most - expected), nil
}

// contingency counts the images of each cluster and class.
type contingency struct {
	cells         map[[2]int32]float64
	rows, columns map[int32]float64
	total         float64
}

func newContingency(clusters, labels []int32) (contingency, error) {
	t := contingency{map[[2]int32]float64{}, map[int32]float64{}, map[int32]float64{}, float64(len(labels))}
	if len(clusters) != len(labels) || len(labels) == 0 {
		return t, usage.Errorf("clusters are compared with labels of the same images, got %d and %d", len(clusters),
			len(labels))
	}
	for i, label := range labels {
		t.cells[[2]int32{clusters[i], label}]++
		t.rows[clusters[i]]++
		t.columns[label]++
	}
	return t, nil
}

// entropy returns the entropy of counts, in nats.
func entropy(counts map[int32]float64, total float64) (sum float64) {
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		sum -= counts[key] / total * math.Log(counts[key]/total)
	}
	return sum
}
