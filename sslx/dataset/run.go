package dataset

import (
	"context"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
)

// run is one import in progress.
type run struct {
	source string
	plan   *Plan
	opt    ImportOptions
	spool  *spool
	labels [][]int32 // [task][position]

	// budget holds the bytes that files and images in work may take. It is taken by the one goroutine that reads the
	// source and given back by the many that draw.
	budget     *semaphore.Weighted
	budgetSize int64

	mu   sync.Mutex
	seen []bool         // by position
	bad  map[int]string // why the image at a position is left out
	name map[int]string // of the bad images
	done int64
}

// bytesPerPixel is the memory that an import may take for each of MaxPixels: what a PNG of four channels of 16 bits
// needs while it becomes RGBA. It makes 768 MB of the default.
const bytesPerPixel = 12

// largeImage is the cost from which the memory of an image is collected at once, so that two never wait for it.
const largeImage = 64 << 20

// writeSet draws all images of the plan and writes the pack into dir, with the header h completed.
func writeSet(ctx context.Context, dir, source string, p *Plan, h *header, opt ImportOptions) (string, error) {
	sp, err := newSpool(dir)
	if err != nil {
		return "", fmt.Errorf("cache folder cannot be written: %w", err)
	}
	defer sp.close()

	budget := int64(opt.MaxPixels) * bytesPerPixel
	r := &run{source: source, plan: p, opt: opt, spool: sp, budget: semaphore.NewWeighted(budget), budgetSize: budget,
		seen: make([]bool, p.total()), bad: map[int]string{}, name: map[int]string{}}
	for range p.Tasks {
		r.labels = append(r.labels, make([]int32, p.total()))
	}
	if err := r.drawAll(ctx, h); err != nil {
		return "", err
	}

	h.Kind, h.Notes, h.Tasks = p.Kind, slices.Concat(p.Notes, r.lackNotes()), p.Tasks
	parts, err := r.assemble(ctx, h)
	if err != nil {
		return "", err
	}

	path := filepath.Join(dir, h.fileName())
	removeLeftovers(path)
	write := func(w io.Writer) error { return writePack(w, h, parts) }
	if err := atomicfile.Write(path, write); err != nil {
		return "", fmt.Errorf("pack %s was not written: %w", path, err)
	}
	return path, nil
}

// drawAll draws every image into the spool and sets the header's height and width.
func (r *run) drawAll(ctx context.Context, h *header) error {
	group, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	items := make(chan Item, 4*workers)

	// All images must have one size: the one asked for, the one that the format fixes, or that of the first image.
	height, width := r.plan.Height, r.plan.Width
	if r.opt.Size > 0 {
		height, width = r.opt.Size, r.opt.Size
	}

	group.Go(func() error {
		defer close(items)
		return r.plan.Items(ctx, func(it Item) error {
			if err := r.plan.checkItem(it); err != nil {
				return fmt.Errorf("%s cannot be read: %w", r.source, err)
			}
			own, err := r.measure(&it)
			if err != nil {
				it.Err, it.cost = err, 0
			} else if height == 0 {
				height, width = own.Y, own.X
			}
			it.height, it.width = height, width

			if err := r.budget.Acquire(ctx, it.cost); err != nil {
				return err
			}
			select {
			case items <- it:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	for range workers {
		group.Go(func() error {
			for it := range items {
				err := r.draw(ctx, it)
				r.release(it.cost)
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}

	h.Height, h.Width, r.spool.stride = height, width, int64(height)*int64(width)*3
	if int(r.done) != r.plan.total() {
		return fmt.Errorf("%s changed while it was read: %d of %d images came: import it again", r.source, r.done,
			r.plan.total())
	}
	return r.checkSkipped()
}

// measure finds an item's own size, where something tells it, and the memory that drawing it takes.
func (r *run) measure(it *Item) (own image.Point, err error) {
	if it.Err != nil {
		return own, it.Err
	}
	switch p := r.plan; {
	case p.Height > 0:
		own = image.Pt(p.Width, p.Height)
		it.cost = 8 * int64(p.Width) * int64(p.Height)
	case p.Draw == nil:
		config, err := decodeConfig(it.Data)
		if err != nil {
			return own, err
		}
		own = image.Pt(config.Width, config.Height)
		it.cost = decodeCost(it.Data, config)
	default:
		if own.Y, own.X, err = p.Size(*it); err != nil {
			return own, err
		}
		it.cost = 8 * int64(own.X) * int64(own.Y)
	}
	if err := checkSize(own.X, own.Y, r.opt.MaxPixels); err != nil {
		return own, err
	}
	if it.cost > r.budgetSize {
		return own, fmt.Errorf("it takes %.1f MB of memory to decode and %.1f MB are allowed: make it smaller, or "+
			"store it as a baseline JPEG", float64(it.cost)/1e6, float64(r.budgetSize)/1e6)
	}
	it.cost = min(it.cost+int64(len(it.Data)), r.budgetSize)
	return own, nil
}

// release gives the memory of an image back.
func (r *run) release(cost int64) {
	if cost > largeImage {
		runtime.GC()
	}
	r.budget.Release(cost)
}

// draw brings one image into the spool.
func (r *run) draw(ctx context.Context, it Item) error {
	img, err := r.image(ctx, it)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		if !r.opt.SkipBad {
			return usage.Advise("skip-bad", fmt.Errorf("image %s in %s cannot be used: %w; fix or remove it, or skip "+
				"bad images", it.Name, r.source, err))
		}
		return r.finish(it, err)
	}

	if b := img.Bounds(); b.Dx() != it.width || b.Dy() != it.height {
		return unequalSizes(r.source, it.Name, b, it.height, it.width)
	}
	if err := r.spool.put(it.Position, appendRGB(nil, img)); err != nil {
		return fmt.Errorf("decoded images cannot be stored in the cache folder: %w", err)
	}
	for task, label := range it.Labels {
		r.labels[task][it.Position] = label
	}
	return r.finish(it, nil)
}

// image draws an item and brings it to the size asked for.
func (r *run) image(ctx context.Context, it Item) (img *image.RGBA, err error) {
	switch {
	case it.Err != nil:
		return nil, it.Err
	case r.plan.Draw != nil:
		var drawn image.Image
		if drawn, err = r.plan.Draw(it); err == nil {
			img, err = opaque(ctx, drawn)
		}
	case r.plan.Height > 0:
		img, err = fromRGB(it.Data, r.plan.Height, r.plan.Width)
	default:
		img, err = decodeImage(ctx, it.Data)
	}
	if err == nil && r.opt.Size > 0 {
		img, err = shortCrop(img, r.opt.Size, r.opt.MaxPixels)
	}
	return img, err
}

// unequalSizes is the usage error of an image that has another size than those before it.
func unequalSizes(source, name string, b image.Rectangle, height, width int) error {
	return usage.About("size", "images in %s differ in size: %s is %dx%d and others are %dx%d: choose a size that all "+
		"are brought to", source, name, b.Dx(), b.Dy(), width, height)
}

// finish counts an image that was drawn or left out.
func (r *run) finish(it Item, bad error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen[it.Position] {
		return fmt.Errorf("%s cannot be read: position %d has two images, %s is the second", r.source,
			it.Position, it.Name)
	}
	r.seen[it.Position] = true
	if bad != nil {
		r.bad[it.Position], r.name[it.Position] = bad.Error(), it.Name
	}
	r.done++
	r.opt.Progress(r.done, int64(r.plan.total()))
	return nil
}

// checkSkipped refuses a set in which a class of train lost all its images.
func (r *run) checkSkipped() error {
	if len(r.bad) == 0 {
		return nil
	}
	if lacked := r.lacked(0, r.plan.Splits[0].N); len(lacked) > 0 {
		return fmt.Errorf("no train image of class %q in %s can be used: fix or remove the class", lacked[0], r.source)
	}
	return nil
}

// lackNotes returns a note for each split that lacks classes of train, which is allowed: a score on it says nothing of
// them.
func (r *run) lackNotes() (notes []string) {
	first := r.plan.Splits[0].N
	for _, sp := range r.plan.Splits[1:] {
		if lacked := r.lacked(first, sp.N); len(lacked) > 0 {
			notes = append(notes, fmt.Sprintf("%s lacks %d of the %d classes of train: %s", sp.Name, len(lacked),
				len(r.plan.Tasks[0].Classes), someOf(lacked)))
		}
		first += sp.N
	}
	return notes
}

// lacked returns the classes of the first task that none of the n images from position first has; images that were left
// out do not count.
func (r *run) lacked(first, n int) (classes []string) {
	has := make([]bool, len(r.plan.Tasks[0].Classes))
	for i := first; i < first+n; i++ {
		if _, bad := r.bad[i]; !bad {
			has[r.labels[0][i]] = true
		}
	}
	for label, class := range r.plan.Tasks[0].Classes {
		if !has[label] {
			classes = append(classes, class)
		}
	}
	return classes
}

// someOf lists the first of the names.
func someOf(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
