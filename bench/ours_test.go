package bench

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
)

// alone is the shortest measurement of sslx alone.
var alone = Options{Turns: 1, Seconds: 1e-3, Peers: []string{NoPeers}}

func TestViewsAreMeasured(t *testing.T) {
	result, err := NewViews(8, 3).Run(t.Context(), handle(t), alone)
	if err != nil {
		t.Fatal(err)
	}
	if result.What != "views" || !(result.Sslx.Median > 0) || result.Sslx.Unit != "views/s" || !(result.First > 0) {
		t.Errorf("the result is %+v", result)
	}
}

func TestProtocolsAreMeasuredOnFeaturesThatTellClassesApart(t *testing.T) {
	for _, protocol := range Protocols() {
		e := NewEvaluate(protocol)
		e.Train, e.Test, e.Classes = 400, 100, 3
		result, err := e.Run(t.Context(), handle(t), alone)
		if err != nil {
			t.Fatal(err)
		}
		if result.What != "evaluate" || !(result.Sslx.Median > 0) || !(e.Accuracy > 0.5) || e.Features != "" {
			t.Errorf("%s: accuracy %g, %+v", protocol, e.Accuracy, result)
		}
	}
}

func TestEmbed_IsMeasuredInPureGo(t *testing.T) {
	b := testbackend.PureGo(t)
	t.Setenv(backend.ConfigEnv, "go")
	e := NewEmbed("convnet", 8)
	result, err := e.Run(t.Context(), &backend.Handle{Backend: b, Name: "go"}, alone)
	if err != nil {
		t.Fatal(err)
	}
	batch := 8
	if e.Kernels {
		batch = 256
	}
	if result.What != "embed" || !(result.Sslx.Median > 0) || e.Dim != 256 || e.Batch != batch ||
		result.Environment.Backend != "go" {
		t.Errorf("%+v: the result is %+v", e, result)
	}

	// Only encoders that peers have are compared with them.
	e = NewEmbed("resnet20", 32)
	if err := e.Check(Options{Turns: 1, Seconds: 1, Peers: []string{"pytorch"}}); !usage.Is(err) {
		t.Errorf("a peer without the encoder: %v", err)
	}
	if err := e.Check(Options{Turns: 1, Seconds: 1}); err != nil {
		t.Errorf("without peers that were named: %v", err)
	}
}

func TestStep_InBfloat16TakesTurnsWithFloat32(t *testing.T) {
	s := NewStep("convnet", 2, 4)
	s.Size, s.Projector, s.Precision = 8, []int{4, 4}, "bfloat16"
	result, err := s.Run(t.Context(), handle(t), alone)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Peers) != 1 || result.Peers[0].Version != "in float32" || !(result.Ratio["sslx"] > 0) {
		t.Errorf("the result is %+v", result)
	}
}

func TestEndToEnd_InBfloat16TakesTurnsWithFloat32(t *testing.T) {
	h := handle(t)
	t.Setenv("SSLX_CACHE", t.TempDir()) // of the pack

	twelve := slices.Repeat([]image.Rectangle{image.Rect(0, 0, 9, 9)}, 12)
	e := NewEndToEnd(squares(t, twelve...), "convnet", 4)
	e.Width, e.LogSteps, e.Precision = 2, 1, "bfloat16"
	result, err := e.Run(t.Context(), h, alone)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Peers) != 1 || result.Peers[0].Version != "in float32" || !(result.Ratio["sslx"] > 0) ||
		result.Config.(EndToEnd).Total == 0 {
		t.Errorf("the result is %+v", result)
	}
}

func TestStep_IsMeasuredAndTrains(t *testing.T) {
	s := NewStep("convnet", 2, 4)
	s.Size, s.Projector = 8, []int{4, 4}
	w, err := newStepper(handle(t), s)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	var losses []float64
	for _, n := range []int{1, 30} {
		if _, err := w.Run(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		losses = append(losses, w.last)
	}
	if !(losses[1] < losses[0]) {
		t.Errorf("the loss went from %g to %g in 30 steps", losses[0], losses[1])
	}
	result, err := s.compare(t.Context(), handle(t), w, 1.5, alone)
	if err != nil {
		t.Fatal(err)
	}
	if !(result.Sslx.Median > 0 && result.Peak.Share > 0) || result.Config.(Step).Parameters == 0 ||
		result.First != 1.5 {
		t.Errorf("the result is %+v", result)
	}
}

func TestStep_OperationsMatchPyTorchsCounter(t *testing.T) {
	// torch.utils.flop_counter of PyTorch 2.15 on the networks of peers/torch_network.py, one 32x32 image, times 6:
	// two views, and three times the forward pass. Parameters: the sum of numel over those networks.
	for _, test := range []struct {
		name       string
		gflop      float64
		parameters int
	}{{"convnet", 0.204079104, 857792}, {"resnet18", 6.66697728, 11333184}} {
		s := NewStep(test.name, 0, 0)
		store, err := s.variables(handle(t))
		if err != nil {
			t.Fatal(err)
		}
		gflop, err := s.gflop(store)
		if err != nil || math.Abs(gflop-test.gflop) > 1e-9 {
			t.Errorf("%s takes %.9g GFLOP an image (%v), want %.9g", test.name, gflop, err, test.gflop)
		}
		if got := parameters(store); got != test.parameters {
			t.Errorf("%s has %d parameters, want %d", test.name, got, test.parameters)
		}
		store.Finalize()
	}
}

func TestImport_IsMeasuredOnAFolder(t *testing.T) {
	folder := squares(t, image.Rect(0, 0, 9, 8), image.Rect(0, 0, 10, 8), image.Rect(0, 0, 11, 8))
	result, err := NewImport(folder, 4).Run(t.Context(), handle(t), alone)
	if err != nil {
		t.Fatal(err)
	}
	config := result.Config.(*Import)
	if result.What != "import" || !(result.Sslx.Median > 0) || !(result.First > 0) || config.Set != "squares" ||
		config.Files != 3 || config.Bytes == 0 || config.Folder != "" {
		t.Errorf("%+v: the result is %+v", config, result)
	}
	none := filepath.Join(folder, "none")
	for _, i := range []*Import{NewImport("", 64), NewImport(folder, -1), NewImport(none, 64)} {
		if _, err := i.Run(t.Context(), handle(t), alone); !usage.Is(err) {
			t.Errorf("folder %q, size %d: %v", i.Folder, i.Size, err)
		}
	}
}

// squares returns the folder "squares" with gray images of one class, of these sizes.
func squares(t *testing.T, sizes ...image.Rectangle) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "squares")
	if err := os.MkdirAll(filepath.Join(folder, "a"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, size := range sizes {
		picture := image.NewGray(size)
		for j := range picture.Pix {
			picture.Pix[j] = uint8(i * j)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, picture); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "a", fmt.Sprintf("%d.png", i)), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}
