package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/backend"
)

// Views is the benchmark of view pipelines: SimCLR's for CIFAR-10 without blur (resized crop, flip, color jitter,
// grayscale, normalizing), from bytes in memory to float32 views. A unit of work is a batch of random images.
type Views struct {
	Size  int `json:"size"`   // height and width of images and views, from 8 to 512
	Batch int `json:"batch"`  // images, from 1 to 4096
	Views int `json:"views"`  // of each image
	Total int `json:"images"` // in memory
	Cores int `json:"cores"`
	Recipe

	Device string `json:"device,omitempty"` // "cuda" where Run found it to compute on a GPU
}

// viewBytes bounds the memory of the images.
const viewBytes = 160 << 20

// NewViews returns the benchmark for batches of images of a size, two views each.
func NewViews(size, batch int) Views {
	v := Views{Size: size, Batch: batch, Views: 2, Cores: runtime.NumCPU(), Recipe: newRecipe()}
	if size > 0 {
		v.Total = max(batch, min(50000, viewBytes/(3*size*size)))
	}
	return v
}

func (v Views) check() error {
	switch {
	case v.Size < 8 || v.Size > 512:
		return usage.Errorf("views of %d pixels are out of range: the size must be from 8 to 512", v.Size)
	case v.Batch < 1 || v.Batch > 4096:
		return usage.Errorf("a batch of %d images is out of range: it must be from 1 to 4096", v.Batch)
	}
	return nil
}

// Check returns an error of package usage when a value of the benchmark or of the options is out of range.
func (v Views) Check(opt Options) error { return firstError(v.check(), opt.check("views")) }

// Run measures views a second.
func (v Views) Run(ctx context.Context, h *backend.Handle, opt Options) (Result, error) {
	if err := v.Check(opt); err != nil {
		return Result{}, err
	}
	v.Device = peerDevice(h)

	// The first batch is timed with compilation: what a user waits for.
	opt.report("compile", 0, 0)
	began := time.Now()
	ours, err := newViewer(h, v)
	if err != nil {
		return Result{}, err
	}
	defer ours.close()

	if _, err := ours.Run(ctx, 1); err != nil {
		return Result{}, err
	}
	return measure(ctx, h, benchmark{what: "views", unit: "views/s", config: v, items: float64(v.Views * v.Batch),
		ours: ours, first: time.Since(began).Seconds()}, opt)
}

// viewer makes views with package augment.
type viewer struct {
	Views
	exec   *Exec
	pixels *tensors.Tensor
	random *rand.Rand
	epoch  int
}

func newViewer(h *backend.Handle, v Views) (*viewer, error) {
	pixels := make([]uint8, v.Total*v.Size*v.Size*3)
	random := rand.New(rand.NewPCG(1, 1))
	for i := range pixels {
		pixels[i] = uint8(random.Uint32())
	}

	w := &viewer{Views: v, random: random,
		pixels: tensors.FromFlatDataAndDimensions(pixels, v.Total, v.Size, v.Size, 3)}
	exec, err := NewExec(h.Backend, w.graph)
	if err == nil {
		err = w.pixels.ToDevice(h.Backend, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot compile the views: %w", err)
	}

	w.exec = exec
	return w, nil
}

func (w *viewer) graph(pixels, indices, stream *Node) []*Node {
	images := Gather(pixels, InsertAxes(indices, -1)) // [batch, size, size, 3]

	key := augment.Key{Stream: stream, Samples: ConvertDType(indices, dtypes.Uint32)}

	// Each view [batch, size, size, 3], normalized.
	views := make([]*Node, w.Views.Views)
	for i, v := range sameViews(w.Views.Views).Make(images, key, w.Mean, w.Std) {
		views[i] = v.Images
	}
	return views
}

// Run implements [runner].
func (w *viewer) Run(ctx context.Context, n int) (float64, error) {
	began := time.Now()
	for range n {
		if err := ctx.Err(); err != nil {
			return 0, err
		}

		// Every batch is of other images, with views of their own.
		w.epoch++
		indices := make([]int32, w.Batch)
		for i := range indices {
			indices[i] = w.random.Int32N(int32(w.Total))
		}

		views, err := w.exec.Call(w.pixels, indices, augment.Stream(1, w.epoch))
		if err != nil {
			return 0, fmt.Errorf("cannot make views: %w", err)
		}
		for _, view := range views {
			if err := view.FinalizeAll(); err != nil {
				return 0, err
			}
		}
	}
	return time.Since(began).Seconds(), nil
}

func (w *viewer) close() {
	w.exec.Finalize()
	_ = w.pixels.FinalizeAll()
}
