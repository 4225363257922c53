package dataset

import (
	"context"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"golang.org/x/sync/errgroup"
)

// run is one import in progress.
type run struct {
	source string
	plan   *plan
	opt    ImportOptions
	spool  *spool
	labels [][]int32 // [task][position]

	mu   sync.Mutex
	bad  map[int]string // why the image at a position is left out
	name map[int]string // of the bad images
	done int64
}

// writeSet draws all images of the plan and writes the pack into dir, with the header h completed.
func writeSet(ctx context.Context, dir, source string, p *plan, h *header, opt ImportOptions) (string, error) {
	sp, err := newSpool(dir)
	if err != nil {
		return "", fmt.Errorf("cache folder cannot be written: %w", err)
	}
	defer sp.close()
	r := &run{source: source, plan: p, opt: opt, spool: sp, bad: map[int]string{}, name: map[int]string{}}
	for range p.tasks {
		r.labels = append(r.labels, make([]int32, p.total()))
	}
	if err := r.decode(ctx, h); err != nil {
		return "", err
	}
	h.Kind, h.Notes, h.Tasks = p.kind, slices.Concat(p.notes, r.lackNotes()), p.tasks
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

// decode draws every image into the spool and sets the header's height and width.
func (r *run) decode(ctx context.Context, h *header) error {
	group, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	items := make(chan item, 4*workers)
	height, width := r.plan.height, r.plan.width
	if r.opt.Size > 0 {
		height, width = r.opt.Size, r.opt.Size
	}
	group.Go(func() error {
		defer close(items)
		return r.plan.items(ctx, func(it item) error {
			if height == 0 {
				if w, h, err := r.plan.config(it); err == nil && int64(w)*int64(h) <= int64(r.opt.MaxPixels) {
					height, width = h, w
				}
			}
			it.height, it.width = height, width
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
				if err := r.draw(it); err != nil {
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

// draw brings one image into the spool.
func (r *run) draw(it item) error {
	img, err := r.plan.draw(it)
	if err == nil && r.opt.Size > 0 {
		img, err = shortCrop(img, r.opt.Size, r.opt.MaxPixels)
	}
	if err != nil {
		if !r.opt.SkipBad {
			return fmt.Errorf("image %s in %s cannot be used: %w; mend it, remove it, or pass --skip-bad", it.name,
				r.source, err)
		}
		r.finish(it, err)
		return nil
	}
	if b := img.Bounds(); b.Dx() != it.width || b.Dy() != it.height {
		return unequalSizes(r.source, it.name, b, it.height, it.width)
	}
	if err := r.spool.put(it.position, appendRGB(nil, img)); err != nil {
		return fmt.Errorf("decoded images cannot be stored in the cache folder: %w", err)
	}
	for task, label := range it.labels {
		r.labels[task][it.position] = label
	}
	r.finish(it, nil)
	return nil
}

// unequalSizes is the usage error of an image that has another size than those before it.
func unequalSizes(source, name string, b image.Rectangle, height, width int) error {
	return usage.Errorf("images in %s differ in size: %s is %dx%d and others are %dx%d: pass --size to bring all to one",
		source, name, b.Dx(), b.Dy(), width, height)
}

func (r *run) finish(it item, bad error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if bad != nil {
		r.bad[it.position], r.name[it.position] = bad.Error(), it.name
	}
	r.done++
	r.opt.Progress(r.done, int64(r.plan.total()))
}

// checkSkipped refuses a set in which a class of train lost all its images.
func (r *run) checkSkipped() error {
	if len(r.bad) == 0 {
		return nil
	}
	if lacked := r.lacked(0, r.plan.splits[0].N); len(lacked) > 0 {
		return fmt.Errorf("no train image of class %q in %s can be used: mend or remove the class", lacked[0], r.source)
	}
	return nil
}
