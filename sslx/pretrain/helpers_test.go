package pretrain

import (
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childRun); dir != "" {
		child(dir)
	}
	if flag.Parse(); *deviceSteps == 0 && !*wholeBatch { // those compare what users run
		testbackend.Unoptimized()
	}
	testbackend.Main(m)
}

// tiny is a configuration of 48 steps, 8 an epoch, that compiles in seconds.
func tiny() Config {
	c := Default()
	c.Seed, c.Epochs, c.Batch, c.LogSteps, c.CheckpointSeconds = 7, 6, 32, 3, 0
	for i := range c.Views {
		c.Views[i].Size, c.Views[i].Jitter = 16, 0
	}
	c.Encoder, c.Projector = encoder.ConvNet{Width: 4}, []int{16, 8}
	return c
}

// method returns the objective of a name with its default parameters.
func method(name string) objective.Objective { return must(objective.Named(name)) }

// tinySet is 256 training and 64 test images.
func tinySet(t testing.TB) *dataset.Set {
	t.Helper()
	return opened(t, dataset.FactorsOptions{Train: 256, Test: 64})
}

func opened(t testing.TB, opt dataset.FactorsOptions) *dataset.Set {
	t.Helper()
	opt.Cache = t.TempDir()
	set, err := dataset.Factors(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() })
	return set
}

// training is a Train of a new run, or of the rest of a run.
type training struct {
	set    *dataset.Set
	config Config
	dir    string // "" is a new run

	backend compute.Backend // nil is testbackend.Open
}

// limited is a context that ends after so many steps.
type limited struct {
	context.Context
	steps int
}

func (l *limited) Err() error {
	if l.steps--; l.steps < 0 {
		return context.Canceled
	}
	return nil
}

func (tr *training) run(t testing.TB, ctx context.Context) (Summary, error) {
	t.Helper()
	run := tr.open(t)
	defer func() { _ = run.Close() }()
	b := tr.backend
	if b == nil {
		b = testbackend.Open(t)
	}
	return Train(ctx, b, tr.set, run, tr.config, Hooks{})
}

func (tr *training) open(t testing.TB) *record.Run {
	t.Helper()
	var run *record.Run
	var err error
	if tr.dir == "" {
		tr.dir = filepath.Join(t.TempDir(), "run")
		run, err = record.Create(tr.dir, tr.config, record.Environment{})
	} else {
		run, err = record.Open(tr.dir)
	}
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// pause makes so many of the 48 steps.
func (tr *training) pause(t testing.TB, steps int) *training {
	t.Helper()
	run := tr.open(t)
	defer func() { _ = run.Close() }()
	s, err := TrainUntil(context.Background(), testbackend.Open(t), tr.set, run, tr.config, float64(steps)/48, quiet)
	if err != nil || s.Steps != steps {
		t.Fatalf("it paused after %d steps, want %d (%v)", s.Steps, steps, err)
	}
	return tr
}

// interrupt makes so many steps.
func (tr *training) interrupt(t testing.TB, steps int) *training {
	t.Helper()
	if _, err := tr.run(t, &limited{context.Background(), steps}); !errors.Is(err, ErrInterrupted) {
		t.Fatalf("got %v, want ErrInterrupted", err)
	}
	return tr
}

// bits returns every variable of the run's checkpoint in hexadecimal.
func (tr *training) bits(t testing.TB) map[string]string {
	t.Helper()
	values, _, err := loadTensors(record.CheckpointPath(tr.dir))
	if err != nil {
		t.Fatal(err)
	}
	return bitsOf(t, values)
}

func bitsOf(t testing.TB, values map[string]*tensors.Tensor) map[string]string {
	t.Helper()
	bits := map[string]string{}
	for name, value := range values {
		if err := value.ConstBytes(func(data []byte) { bits[name] = bitsOfBytes(data) }); err != nil {
			t.Fatal(err)
		}
	}
	return bits
}

func bitsOfBytes(data []byte) string { return hex.EncodeToString(data) }

// log returns the run's log without the times, which differ between runs.
func (tr *training) log(t testing.TB) []record.Metrics {
	t.Helper()
	lines, err := record.ReadMetrics(tr.dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		lines[i].Seconds, lines[i].Waited = 0, 0
	}
	return lines
}

// equals fails the test where the run differs from another.
func (tr *training) equals(t testing.TB, other *training) {
	t.Helper()
	if !maps.Equal(tr.bits(t), other.bits(t)) {
		t.Error("the variables differ")
	}
	if a, b := tr.log(t), other.log(t); !reflect.DeepEqual(a, b) {
		t.Errorf("the logs differ:\n%+v\n%+v", a, b)
	}
	if a, b := tr.files(t), other.files(t); !slices.Equal(a, b) {
		t.Errorf("the files differ: %v, %v", a, b)
	}
}

// files returns the names in the run's folder.
func (tr *training) files(t testing.TB) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(tr.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// quiet are hooks that do nothing.
var quiet = Hooks{Report: func(int, int, record.Metrics) {}, Warn: func(string) {}}

// blank is black images of 32x32 pixels, all of the first class.
func blank(n, classes int) stepData {
	images := dataset.Images{Pixels: make([]byte, n*32*32*3), N: n, Height: 32, Width: 32}
	return stepData{Images: images, labels: make([]int32, n), classes: classes,
		mean: []float64{0, 0, 0}, std: []float64{1, 1, 1}}
}
