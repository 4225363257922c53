package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/probe"
)

// Evaluate is the benchmark of a protocol on features that both sides read from the same file: all of kNN (k 20,
// cosine, temperature 0.07), or one fit of the linear probe to convergence with a given L2 and its predictions. A unit
// of work is the protocol on all test images.
type Evaluate struct {
	Protocol string  `json:"protocol"` // "knn" or "linear"
	Train    int     `json:"train"`    // images
	Test     int     `json:"test"`
	Width    int     `json:"width"` // of the features
	Classes  int     `json:"classes"`
	L2       float64 `json:"l2"` // of the linear probe; scikit-learn's C is 1/(L2·Train)
	Cores    int     `json:"cores"`
	Features string  `json:"features"` // file that peers read: train, test (float32), their labels (int32)
	Accuracy float64 `json:"accuracy"` // of sslx on the test images, measured; a peer says its own
}

// NewEvaluate returns the benchmark of a protocol on 50,000 training and 10,000 test images, as CIFAR-10 has, with 512
// features, as a ResNet-18 has.
func NewEvaluate(protocol string) *Evaluate {
	return &Evaluate{Protocol: protocol, Train: 50000, Test: 10000, Width: 512, Classes: 10, L2: 1e-3,
		Cores: runtime.NumCPU()}
}

// Protocols returns the protocols that can be measured.
func Protocols() []string { return []string{"knn", "linear"} }

// Check returns an error of package usage when a value of the benchmark or of the options is out of range.
func (e *Evaluate) Check(opt Options) error {
	var err error
	if e.Protocol != "knn" && e.Protocol != "linear" {
		err = usage.Unknown("protocol", e.Protocol, Protocols())
	}
	return firstError(err, opt.check("evaluate"))
}

// Run measures test images a second.
func (e *Evaluate) Run(ctx context.Context, h *backend.Handle, opt Options) (Result, error) {
	if err := e.Check(opt); err != nil {
		return Result{}, err
	}

	folder, err := os.MkdirTemp("", "sslx-bench-")
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }()

	e.Features = filepath.Join(folder, "features")

	// The first unit is timed with compilation, and with drawing the features that peers read too.
	opt.report("compile", 0, 0)
	began := time.Now()
	programs, err := probe.NewPrograms(h.Backend)
	if err != nil {
		return Result{}, err
	}
	defer programs.Close()

	ours := &evaluator{Evaluate: e, programs: programs}
	if err := ours.make(); err != nil {
		return Result{}, err
	}
	if _, err := ours.Run(ctx, 1); err != nil {
		return Result{}, err
	}

	// Speed counts for nothing when the answers are wrong: the accuracy goes into the record.
	if e.Accuracy, err = probe.Accuracy(ours.predicted, ours.testLabels, e.Classes); err != nil {
		return Result{}, err
	}
	result, err := measure(ctx, h, benchmark{what: "evaluate", unit: "images/s", config: e, items: float64(e.Test),
		ours: ours, first: time.Since(began).Seconds()}, opt)

	// The file is gone by the time the result is read.
	e.Features = ""
	return result, err
}

// evaluator measures features with package probe.
type evaluator struct {
	*Evaluate
	programs                *probe.Programs
	train, test             probe.Features
	trainLabels, testLabels []int32
	predicted               []int32
}

// make draws features that tell classes apart with noise, and writes them to the file. They are correlated, as those of
// encoders are; independent ones need fewer iterations of a fit than any real ones.
func (e *evaluator) make() error {
	random := rand.New(rand.NewPCG(1, 1))

	// The center of each class: [classes, width].
	centers := make([]float32, e.Classes*e.Width)
	for class := range e.Classes {
		correlated(random, centers[class*e.Width:(class+1)*e.Width])
	}

	draw := func(n int) (probe.Features, []int32) {
		f, labels := probe.Features{N: n, D: e.Width, X: make([]float32, n*e.Width)}, make([]int32, n)
		for i := range n {
			labels[i] = int32(random.IntN(e.Classes))
			correlated(random, f.Row(i))
			for j := range e.Width {
				f.X[i*e.Width+j] += 0.3 * centers[int(labels[i])*e.Width+j]
			}
		}
		return f, labels
	}

	e.train, e.trainLabels = draw(e.Train)
	e.test, e.testLabels = draw(e.Test)
	file, err := os.Create(e.Features)
	if err != nil {
		return err
	}

	// Peers read the values in this order.
	for _, values := range []any{e.train.X, e.test.X, e.trainLabels, e.testLabels} {
		if err := binary.Write(file, binary.LittleEndian, values); err != nil {
			return firstError(err, file.Close())
		}
	}
	return file.Close()
}

// correlated fills x with normal values of variance 1, neighbors correlated by 0.95.
func correlated(random *rand.Rand, x []float32) {
	const rho = 0.95
	last := random.NormFloat64()
	for j := range x {
		x[j] = float32(last)
		last = rho*last + math.Sqrt(1-rho*rho)*random.NormFloat64()
	}
}

// Run implements [runner].
func (e *evaluator) Run(ctx context.Context, n int) (float64, error) {
	began := time.Now()
	for range n {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := e.once(); err != nil {
			return 0, fmt.Errorf("cannot evaluate: %w", err)
		}
	}
	return time.Since(began).Seconds(), nil
}

func (e *evaluator) once() error {
	if e.Protocol == "knn" {
		neighbors, err := probe.Nearest(e.programs, e.train, e.test, 20)
		if err != nil {
			return err
		}
		e.predicted, err = neighbors.Vote(e.trainLabels, e.Classes, 0.07)
		return err
	}

	// Without validation images nothing is chosen: one fit, at the L2 that is given.
	linear, err := probe.NewLinear(e.programs, e.train, probe.Features{}, e.test)
	if err != nil {
		return err
	}
	defer linear.Close()

	result, err := linear.Probe(e.trainLabels, nil, e.Classes, probe.LinearOptions{L2: []float64{e.L2}})
	e.predicted = result.Predicted
	return err
}
