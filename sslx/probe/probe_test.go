package probe

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute"

	"github.com/sslx-go/lab/internal/testbackend"
)

// backend is that of all tests here.
var backend compute.Backend

// programs are those of all tests here that need some.
var programs *Programs

func TestMain(m *testing.M) {
	if backend = testbackend.Open(nil); backend != nil {
		var err error
		if programs, err = NewPrograms(backend); err != nil {
			panic(err)
		}
	}
	testbackend.Main(m)
}

// gaussian returns seeded features of independent standard normal values.
func gaussian(n, d int, seed uint64) Features {
	random := rand.New(rand.NewPCG(seed, 1))
	f := Features{N: n, D: d, X: make([]float32, n*d)}
	for i := range f.X {
		f.X[i] = float32(random.NormFloat64())
	}
	return f
}

func randomLabels(n, classes int, seed uint64) []int32 {
	random := rand.New(rand.NewPCG(seed, 2))
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = int32(random.IntN(classes))
	}
	return labels
}

// encoderLike returns features as an encoder's pooled output is: not negative, correlated with a spectrum that decays,
// and informative of the label but not separable.
func encoderLike(n, d, classes int, seed uint64) (Features, []int32) {
	const factors = 24
	fixed := rand.New(rand.NewPCG(99, 3))
	centers, mixing := make([]float64, classes*factors), make([]float64, factors*d)
	for i := range centers {
		centers[i] = fixed.NormFloat64()
	}
	for i := range mixing {
		mixing[i] = fixed.NormFloat64() / float64(1+i/d)
	}
	random := rand.New(rand.NewPCG(seed, 4))
	f, labels := Features{N: n, D: d, X: make([]float32, n*d)}, randomLabels(n, classes, seed)
	row := make([]float64, d)
	for i := range n {
		for j := range row {
			row[j] = 0.1 * random.NormFloat64()
		}
		for k := range factors {
			z := 0.7*centers[int(labels[i])*factors+k] + random.NormFloat64()
			for j := range row {
				row[j] += z * mixing[k*d+j]
			}
		}
		for j, v := range row {
			f.X[i*d+j] = float32(max(v, 0))
		}
	}
	return f, labels
}

func mustAccuracy(t testing.TB, predicted, labels []int32, classes int) float64 {
	t.Helper()
	accuracy, err := Accuracy(predicted, labels, classes)
	if err != nil {
		t.Fatal(err)
	}
	return accuracy
}
