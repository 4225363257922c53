package probe

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
)

// measures is testdata/measures.json, written by testdata/measures.py: scikit-learn 1.9.1 and NumPy 2.4.6.
type measures struct {
	TopKNN    float64 `json:"top5_knn"`
	TopLinear float64 `json:"top5_linear"`
	Predicted []int32 `json:"predicted"`
	Balanced  float64 `json:"balanced"`
	Confusion [][]int `json:"confusion"`
	Clusters  []int32 `json:"clusters"`
	Inertia   float64 `json:"inertia"`
	NMI       float64 `json:"nmi"`
	ARI       float64 `json:"ari"`
	MAP       float64 `json:"map"`
	AlphaReQ  float64 `json:"alpha_req"`
}

// measured returns the golden values, and the features and labels that they are of, in nine classes.
func measured(t *testing.T) (want measures, f Features, labels []int32) {
	t.Helper()
	data, err := os.ReadFile("testdata/measures.json")
	if err == nil {
		err = json.Unmarshal(data, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	f, _ = paritySplit(0, 300)
	for i := range f.N {
		labels = append(labels, int32(i%3*3+i*i%11/4))
	}
	return want, f, labels
}

func TestRanking_AgreesWithScikitLearn(t *testing.T) {
	want, f, labels := measured(t)
	train, test := f.Head(200), Features{N: 100, D: f.D, X: f.X[200*f.D:]}
	p, err := NewPrograms(testbackend.PureGo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()

	// With 150 neighbors every class has a vote.
	neighbors, err := Nearest(p, train, test, 150)
	if err != nil {
		t.Fatal(err)
	}
	ranking, err := neighbors.Rank(labels[:200], 9, 0.07, 5)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ranking.TopK(labels[200:])
	near(t, "top-5 of kNN", got, want.TopKNN, 1e-6, err)

	fit, err := p.probe(train, labels[:200], Features{}, nil, test, 9,
		LinearOptions{L2: []float64{0.01}, Tolerance: 1e-5})
	if err != nil {
		t.Fatal(err)
	}
	got, err = fit.Ranking.TopK(labels[200:])
	near(t, "top-5 of the linear probe", got, want.TopLinear, 1e-6, err)
	if !slices.Equal(fit.Predicted, want.Predicted) {
		t.Errorf("predicted %v, want %v", fit.Predicted, want.Predicted)
	}
}

func TestScore_BalancedAndConfusionAgreeWithScikitLearn(t *testing.T) {
	want, _, labels := measured(t)
	got, err := Score(want.Predicted, labels[200:], 9)
	near(t, "balanced accuracy", got.Balanced, want.Balanced, 1e-6, err)
	if !reflect.DeepEqual(got.Confusion, want.Confusion) || !got.Imbalanced() {
		t.Errorf("confusion %v, want %v", got.Confusion, want.Confusion)
	}
	if even, _ := Score([]int32{0, 1, 1}, []int32{0, 2, 0}, 3); !even.Imbalanced() {
		t.Error("two images of one class and one of another are balanced")
	}
	if even, _ := Score([]int32{0, 1}, []int32{0, 2}, 3); even.Imbalanced() || even.Balanced != 0.5 {
		t.Errorf("a class without images counts: %+v", even)
	}
}

func TestCluster_AgreesWithScikitLearnFromTheSameCenters(t *testing.T) {
	want, f, labels := measured(t)
	unit := f.Normalized()
	var centers []float64
	for _, v := range unit.Head(7).X {
		centers = append(centers, float64(v))
	}
	got := lloyd(unit, centers, 300)
	if !slices.Equal(got.Of, want.Clusters) {
		t.Errorf("clusters %v, want %v", got.Of, want.Clusters)
	}
	near(t, "inertia", got.Inertia, want.Inertia, 1e-5, nil) // of float32 features

	nmi, err := MutualInformation(got.Of, labels)
	near(t, "NMI", nmi, want.NMI, 1e-6, err)
	ari, err := RandIndex(got.Of, labels)
	near(t, "ARI", ari, want.ARI, 1e-6, err)
}

// Clusters that are far apart are found from any first centers, whatever their sizes.
func TestCluster_FindsClustersThatAreFarApart(t *testing.T) {
	f, want := Features{D: 3}, []int32{}
	for i := range 60 {
		row := []float32{0.01 * float32(i%5), 0.01 * float32(i%7), 0.01 * float32(i%3)}
		cluster := min(i/10, 2)
		row[cluster] += 1
		f.N, f.X, want = f.N+1, append(f.X, row...), append(want, int32(cluster))
	}
	got, err := Cluster(f, 3, ClusterOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	again, _ := Cluster(f, 3, ClusterOptions{Seed: 1})
	if ari, err := RandIndex(got.Of, want); ari != 1 || err != nil || !slices.Equal(again.Of, got.Of) {
		t.Errorf("index %v (%v), clusters %v", ari, err, got.Of)
	}
	if _, err := Cluster(f, 61, ClusterOptions{}); !usage.Is(err) {
		t.Errorf("61 clusters of 60 images: %v", err)
	}

	// Equal rows make empty clusters, and no endless or failing rounds.
	same := Features{N: 4, D: 1, X: []float32{1, 1, 1, 1}}
	if got, err := Cluster(same, 3, ClusterOptions{}); err != nil || got.Inertia != 0 {
		t.Errorf("equal rows: %+v (%v)", got, err)
	}
}

func TestMutualInformationAndRandIndex_AtTheirEnds(t *testing.T) {
	a, renamed, apart := []int32{0, 0, 1, 1}, []int32{5, 5, 2, 2}, []int32{0, 1, 0, 1}
	for what, c := range map[string]struct {
		clusters []int32
		nmi, ari float64
	}{"alike": {renamed, 1, 1}, "independent": {apart, 0, -0.5}, "one cluster": {[]int32{3, 3, 3, 3}, 0, 0}} {
		nmi, err := MutualInformation(c.clusters, a)
		near(t, what+" NMI", nmi, c.nmi, 1e-12, err)
		ari, err := RandIndex(c.clusters, a)
		near(t, what+" ARI", ari, c.ari, 1e-12, err)
	}
	if _, err := RandIndex(a, nil); !usage.Is(err) {
		t.Errorf("without labels: %v", err)
	}
}

func TestAveragePrecision_AgreesWithScikitLearn(t *testing.T) {
	want, f, labels := measured(t)
	got, used, err := AveragePrecision(f, labels, f.N)
	near(t, "mAP", got, want.MAP, 1e-6, err)
	if used != f.N {
		t.Errorf("%d queries", used)
	}

	// Of the first row, the others are found at ranks 1 and 3: (1/1 + 2/3) / 2. The second and the last find their like
	// at ranks 1 and 2, and 2 and 3; the third has none.
	line := Features{N: 4, D: 2, X: []float32{1, 0, 1, 0.1, 1, 0.3, 1, 0.5}}
	got, used, err = AveragePrecision(line, []int32{1, 1, 2, 1}, 9)
	near(t, "mAP of a line", got, ((1+2./3)/2+(1+2./3)/2+(1./2+2./3)/2)/3, 1e-12, err)
	if used != 3 {
		t.Errorf("%d queries, want 3", used)
	}
	if _, _, err := AveragePrecision(line, []int32{1, 2, 3, 4}, 4); !usage.Is(err) {
		t.Errorf("labels that nothing shares: %v", err)
	}
}

func TestAlphaReQ_AgreesWithAWeightedFit(t *testing.T) {
	want, _, _ := measured(t)
	f := Features{N: 300, D: 120}
	for i := range f.N {
		for j := range f.D {
			noise := (i*i*31 + i*7919 + j*104729 + i*j*613) % 1009
			value := float64(noise)/504.5 - 1 + float64((i%3*5+j*3)%7)/7
			f.X = append(f.X, float32(value/math.Pow(float64(1+j), 0.6)))
		}
	}
	got, ok, err := AlphaReQ(f)
	near(t, "alpha-ReQ", got, want.AlphaReQ, 1e-6, err)
	if !ok {
		t.Error("it is not known")
	}
}

// Two rows of opposite signs a dimension have a diagonal covariance: the eigenvalues are known.
func TestAlphaReQ_OfAPowerLawIsItsExponent(t *testing.T) {
	const d, alpha = 40, 0.8
	f := Features{N: 2 * d, D: d, X: make([]float32, 2*d*d)}
	for j := range d {
		v := float32(math.Pow(float64(j+1), -alpha/2))
		f.X[2*j*d+j], f.X[(2*j+1)*d+j] = v, -v
	}
	got, ok, err := AlphaReQ(f)
	near(t, "alpha-ReQ", got, alpha, 1e-6, err)
	if !ok {
		t.Error("it is not known")
	}
	if _, ok, err := AlphaReQ(Features{N: 3, D: 2, X: []float32{1, 2, 3, 4, 5, 7}}); ok || err != nil {
		t.Errorf("two dimensions have an exponent (%v)", err)
	}
}
