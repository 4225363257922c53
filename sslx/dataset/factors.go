package dataset

import (
	"context"
	"fmt"
	"image"
	"math/rand/v2"
	"path/filepath"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/counter"
	"github.com/sslx-go/lab/sslx/dataset/internal/scene"
)

// FactorsName is the name of the generated set.
const FactorsName = "factors"

const (
	// factorsVersion changes with every change of the pixels or labels that a seed gives.
	factorsVersion = 1
	factorsTrain   = 20_000
	factorsTest    = 4_000
)

// FactorsOptions say which generated set is wanted. The zero value is the set that the name "factors" means.
type FactorsOptions struct {
	// Cache is the cache folder; "" is CacheDir().
	Cache string
	// Train and Test are numbers of images; 0 is 20,000 and 4,000.
	Train, Test int
	// Seed changes every image.
	Seed uint64
	// Progress, if set, is called after each image, by one goroutine at a time.
	Progress func(done, total int64)
}

func factorTasks() []Task {
	tasks := make([]Task, len(scene.Factors))
	for i, f := range scene.Factors {
		tasks[i] = Task{f.Name, f.Values}
	}
	return tasks
}

// Factors opens the generated set, making its pack on first use: 32x32 color images of one object before a textured
// background, under random light, noise and clutter. Its seven tasks are the object's shape (6), object_hue (8),
// scale (4), position (3x3 cells) and orientation (4, modulo 180 degrees, counted from the image's rows towards its
// columns), and the background's texture (6) and background_hue (8). Their values are drawn independently and
// uniformly; within each, size, angle, place, hue, period and contrast vary. Image i of a split depends on seed,
// split and i only, so that a shorter set starts as a longer one does. The arithmetic is float64: the same processor
// family gives the same bytes, and the fingerprint tells.
func Factors(ctx context.Context, opt FactorsOptions) (*Set, error) {
	if opt.Train < 0 || opt.Test < 0 {
		return nil, usage.Errorf("numbers of generated images must not be negative: %d train, %d test", opt.Train,
			opt.Test)
	}
	if opt.Train == 0 {
		opt.Train = factorsTrain
	}
	if opt.Test == 0 {
		opt.Test = factorsTest
	}

	dir, err := packsDir(opt.Cache)
	if err != nil {
		return nil, err
	}
	// The pack's name and its source say all that the images depend on.
	h := opt.header()
	path := filepath.Join(dir, h.fileName())
	if set, err := Open(path); err == nil && set.header.Source == h.Source {
		return set, nil
	}

	unlock, err := lockName(ctx, dir, FactorsName)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if set, err := Open(path); err == nil && set.header.Source == h.Source {
		return set, nil
	}

	// It becomes a pack as every other source does.
	imports, err := ImportOptions{Progress: opt.Progress}.check()
	if err != nil {
		return nil, err
	}
	if path, err = writeSet(ctx, dir, "the generated set", opt.plan(), h, imports); err != nil {
		return nil, err
	}
	return Open(path)
}

func (o FactorsOptions) header() *header {
	how := fmt.Sprintf("v%d", factorsVersion)
	if o.Train != factorsTrain || o.Test != factorsTest || o.Seed != 0 {
		how = fmt.Sprintf("v%d-seed%d-%d+%d", factorsVersion, o.Seed, o.Train, o.Test)
	}
	return &header{Name: FactorsName, Height: scene.Side, Width: scene.Side, How: how, Resize: "own size",
		Source: fmt.Sprintf("generated version %d seed %d train %d test %d", factorsVersion, o.Seed, o.Train, o.Test)}
}

func (o FactorsOptions) plan() *Plan {
	p := &Plan{Kind: "generated", Tasks: factorTasks(), Height: scene.Side, Width: scene.Side,
		Splits: []SplitCount{{"train", o.Train}, {"test", o.Test}}}
	p.Items = func(_ context.Context, emit func(Item) error) error {
		for i := range o.Train + o.Test {
			if err := emit(Item{Position: i, Labels: make([]int32, len(scene.Factors))}); err != nil {
				return err
			}
		}
		return nil
	}
	p.Draw = func(it Item) (image.Image, error) {
		// Labels come first from the stream, then the nuisances, then the noise.
		random := o.random(it.Position)
		scene.DrawLabels(random, it.Labels)
		return scene.New(random, it.Labels).Render(random), nil
	}
	return p
}

// random is the source of randomness of one image. Test images count down from the other end of the counter.
func (o FactorsOptions) random(position int) *rand.Rand {
	at := uint64(position)
	if position >= o.Train {
		at = ^uint64(position - o.Train)
	}
	return rand.New(rand.NewPCG(counter.Mix(o.Seed, at), counter.Mix(o.Seed+1, at)))
}
