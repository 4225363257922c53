package bench

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
)

func TestQuantilesInterpolate(t *testing.T) {
	// numpy.quantile([4, 1, 3, 2], p) of NumPy 2.4.
	for p, want := range map[float64]float64{0: 1, 0.25: 1.75, 0.5: 2.5, 0.75: 3.25, 1: 4} {
		if got := quantile([]float64{4, 1, 3, 2}, p); math.Abs(got-want) > 1e-12 {
			t.Errorf("quantile %g is %g, want %g", p, got, want)
		}
	}
	if got := quantile([]float64{7}, 0.75); got != 7 {
		t.Errorf("a quartile of one value is %g", got)
	}
}

// steady takes the same time for each unit of work, and notes whose turn it is.
type steady struct {
	name    string
	seconds float64
	turns   *[]string
}

func (s steady) Run(_ context.Context, n int) (float64, error) {
	*s.turns = append(*s.turns, s.name)
	return s.seconds * float64(n), nil
}

func TestProgramsTakeTurnsThatLastAlike(t *testing.T) {
	var turns []string
	a := &lane{runner: steady{"a", 0.125, &turns}, items: 3}
	b := &lane{runner: steady{"b", 0.7, &turns}, items: 3, multiple: 2}
	if _, err := alternate(t.Context(), []*lane{a, b}, Options{Turns: 2, Seconds: 1}); err != nil {
		t.Fatal(err)
	}
	// Turns that calibrate, two where the first is short; then two rounds, the second in another order.
	if got := strings.Join(turns, ""); got != "aa"+"b"+"ab"+"ba" {
		t.Errorf("the turns are %q", got)
	}
	if a.units != 8 || b.units != 2 {
		t.Errorf("turns have %d and %d units, want 8 of 0.125 s, and 2, the multiple next to 1/0.7", a.units, b.units)
	}
	if want := []float64{24, 24}; !slices.Equal(a.rates, want) {
		t.Errorf("rates are %v, want 3 items in 0.125 s each: %v", a.rates, want)
	}
}

// ours is a benchmark of one unit a second, against four units a second of the fake peer.
func ours(turns *[]string) benchmark {
	return benchmark{what: "step", unit: "images/s", config: map[string]int{"batch": 5}, items: 5, first: 1.5,
		ours: steady{"sslx", 1, turns}, product: steady{"product", productGFLOP / 100, turns}, image: 2}
}

func TestRatio_Above1MeansThatSslxIsFaster(t *testing.T) {
	fakePeers(t, "works")
	result, err := measure(t.Context(), &backend.Handle{}, ours(new([]string)), Options{Turns: 1, Seconds: 1})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := result.Ratio, map[string]float64{"pytorch": 0.25, "jax": 0.25}; got["jax"] != 0.25 ||
		len(got) != 2 {
		t.Errorf("ratios are %v, want %v", got, want)
	}
	// 5 images/s of 2 GFLOP each, against a product of 100 GFLOP/s
	if got := result.Peak.Share; math.Abs(got-0.1) > 1e-9 {
		t.Errorf("the share of the product is %g, want 0.1", got)
	}
}

func TestResult_HasTheAgreedKeys(t *testing.T) {
	fakePeers(t, "works")
	result, err := measure(t.Context(), &backend.Handle{}, ours(new([]string)),
		Options{Turns: 1, Seconds: 1, Peers: []string{"jax"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	// Those of the design, "What --json prints".
	var got struct {
		What   string
		Config map[string]int
		Sslx   struct {
			Median, Q1, Q3 float64
			Unit           string
		}
		Peers []struct {
			Name, Version  string
			Median, Q1, Q3 float64
		}
		Ratio map[string]float64
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.What != "step" || got.Config["batch"] != 5 || got.Sslx.Unit != "images/s" || got.Sslx.Median != 5 ||
		got.Sslx.Q1 != 5 || got.Sslx.Q3 != 5 {
		t.Errorf("the record is %s", text)
	}
	if p := got.Peers; len(p) != 1 || p[0].Name != "jax" || p[0].Version != "1.2.3" || p[0].Median != 20 {
		t.Errorf("the peers are %+v", p)
	}
}

func TestPeer_MissingOneIsNamedWithTheWayToInstallIt(t *testing.T) {
	fakePeers(t, "missing")
	result, err := measure(t.Context(), &backend.Handle{}, ours(new([]string)), Options{Turns: 1, Seconds: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Missing) != 2 || len(result.Peers) != 0 || len(result.Ratio) != 0 {
		t.Fatalf("without libraries the result is %+v", result)
	}
	want := Missing{"pytorch", "not installed: Python has no module torch", "bench/install"}
	if result.Missing[0] != want {
		t.Errorf("the missing peer is %+v, want %+v", result.Missing[0], want)
	}
	if result.Sslx.Median != 5 {
		t.Errorf("sslx was measured at %g, want 5", result.Sslx.Median)
	}
}

func TestPeersNoneMeasuresSslxAlone(t *testing.T) {
	fakePeers(t, "broken") // would be an error
	var turns []string
	result, err := measure(t.Context(), &backend.Handle{}, ours(&turns),
		Options{Turns: 1, Seconds: 1, Peers: []string{NoPeers}})
	if err != nil || len(result.Peers) != 0 || len(result.Missing) != 0 || !slices.Contains(turns, "sslx") {
		t.Errorf("without peers the result is %+v, %v", result, err)
	}
}

func TestWrongUsageIsSaidBeforeAnythingStarts(t *testing.T) {
	fine := DefaultOptions()
	for _, test := range []struct {
		says string
		run  func(Options) error
		opt  Options
	}{
		{`unknown peer of views "torchvison": did you mean "torchvision"?`, views(32, 4),
			Options{Turns: 1, Seconds: 1, Peers: []string{"torchvison"}}},
		{`unknown peer of step "kornia"`, step("convnet"), Options{Turns: 1, Seconds: 1, Peers: []string{"kornia"}}},
		{"views of 0 pixels", views(0, 4), fine},
		{"views of 600 pixels", views(600, 4), fine},
		{"a batch of 0 images", views(32, 0), fine},
		{`unknown encoder "resnet": did you mean "resnet18"?`, step("resnet"), fine},
		{"0 turns", step("convnet"), Options{Turns: 0, Seconds: 1}},
		{"a turn of -1 seconds", step("convnet"), Options{Turns: 1, Seconds: -1}},
		{`unknown peer of endtoend "jax"`, endToEnd, Options{Turns: 1, Seconds: 1, Peers: []string{"jax"}}},
	} {
		err := test.run(test.opt)
		wantError(t, err, test.says)
		if !usage.Is(err) {
			t.Errorf("%s: %v is no usage error", test.says, err)
		}
	}
}

func views(size, batch int) func(Options) error {
	return func(opt Options) error {
		_, err := NewViews(size, batch).Run(context.Background(), nil, opt)
		return err
	}
}

func step(name string) func(Options) error {
	return func(opt Options) error {
		_, err := NewStep(name, 0, 0).Run(context.Background(), nil, opt)
		return err
	}
}

func endToEnd(opt Options) error {
	_, err := NewEndToEnd("factors", "convnet", 0).Run(context.Background(), nil, opt)
	return err
}
