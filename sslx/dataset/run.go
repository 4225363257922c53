package dataset

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"image"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/bounded"
	"github.com/sslx-go/lab/internal/cores"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/buffer"
	"github.com/sslx-go/lab/sslx/dataset/internal/pixels"
)

// run is one import in progress.
type run struct {
	source string
	plan   *Plan
	opt    ImportOptions
	spool  *spool
	labels [][]int32 // [task][position]
	groups []int32   // by position; nil without groups
	names  []string  // by position
	hashes []uint64  // of the pixels, by position
	seed   maphash.Seed

	// decoding says how image files become pixels; remarks counts what is worth a note.
	decoding pixels.Options
	remarks  *remarks

	// budget is taken by the one goroutine that reads the source and given back by the many that draw.
	budget *budget

	seen []bool // by position; only the goroutine that reads the source knows it

	mu   sync.Mutex
	bad  map[int]string // why the image at a position is left out
	name map[int]string // of the bad images
	lost map[int32]bool // labels of the bad images in the first task
	done int64
}

// writeSet draws all images of the plan and writes the pack into dir, with the header h completed.
func writeSet(ctx context.Context, dir, source string, p *Plan, h *header, opt ImportOptions) (string, error) {
	sp, err := newSpool(dir)
	if err != nil {
		return "", fmt.Errorf("cache folder cannot be written: %w", err)
	}
	defer sp.close()

	r := &run{source: source, plan: p, opt: opt, spool: sp, budget: newBudget(opt.MaxPixels),
		decoding: opt.decoding(), remarks: newRemarks(),
		seen: make([]bool, p.total()), bad: map[int]string{}, name: map[int]string{}, lost: map[int32]bool{}}
	r.names = make([]string, p.total())
	r.hashes, r.seed = make([]uint64, p.total()), maphash.MakeSeed()
	for range p.Tasks {
		r.labels = append(r.labels, make([]int32, p.total()))
	}
	if p.GroupedBy != "" {
		r.groups = make([]int32, p.total())
	}
	if err := r.drawAll(ctx, h); err != nil {
		return "", err
	}

	// The header is completed from what was drawn: sizes, left out images, statistics, checksums.
	splits := r.splits()
	h.Kind, h.Notes, h.Tasks, h.GroupedBy = p.Kind, p.Notes, p.Tasks, p.GroupedBy
	if !p.noted {
		h.Notes = slices.Concat(p.Notes, r.splitNotes(splits), r.pixelNotes())
	}
	parts, err := r.assemble(ctx, h, splits)
	if err != nil {
		return "", err
	}

	// The pack gets its name when all of it is on the disk.
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
	workers := cores.Count()
	items := make(chan Item, 4*workers)

	// All images must have one size and one number of channels: what is asked for, the format's, or the first image's.
	height, width, channels := r.plan.Height, r.plan.Width, r.opt.Channels
	if r.opt.Size > 0 {
		height, width = r.opt.Size, r.opt.Size
	}
	own := 0 // channels of the source

	// One goroutine reads the source, in its own order.
	group.Go(func() error {
		defer close(items)
		return r.plan.Items(ctx, func(it Item) error {
			if err := r.plan.checkItem(it); err != nil {
				return fmt.Errorf("%s cannot be read: %w", r.source, err)
			}
			if r.seen[it.Position] {
				return fmt.Errorf("%s cannot be read: position %d has two images, %s is the second", r.source,
					it.Position, it.Name)
			}
			r.seen[it.Position] = true

			// What cannot be measured is a bad image, and is counted as one where it would be drawn.
			size, depth, err := r.measure(&it)
			if err != nil {
				it.Err, it.cost = err, 0
			} else {
				own = cmp.Or(own, depth)
				channels = cmp.Or(channels, depth)
				if height == 0 {
					height, width = size.Y, size.X
				}
			}
			it.height, it.width, it.channels = height, width, channels

			// Only so many images wait and are drawn as there is memory for.
			if err := r.budget.take(ctx, it.cost); err != nil {
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

	// The others draw into the spool, each image at its position.
	for range workers {
		group.Go(func() error {
			for it := range items {
				err := r.draw(ctx, it)
				r.budget.giveBack(it.cost)
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

	// A source that loses a file while it is read gives fewer images than it was planned for.
	h.Height, h.Width, r.spool.stride = height, width, int64(height)*int64(width)*int64(channels)
	h.Converted = own != channels || r.plan.converted
	if h.Channels = channels; channels == rgb {
		h.Channels = 0
	}
	if int(r.done) != r.plan.total() {
		return fmt.Errorf("%s changed while it was read: %d of %d images came: import it again", r.source, r.done,
			r.plan.total())
	}
	return r.checkSkipped()
}

// measure finds an item's own size and number of channels, and the memory that drawing it takes.
func (r *run) measure(it *Item) (own image.Point, channels int, err error) {
	channels = depth(r.plan.Channels)
	if it.Err != nil {
		return own, channels, it.Err
	}

	switch p := r.plan; {
	case p.Height > 0:
		own = image.Pt(p.Width, p.Height)
	case p.Draw != nil:
		own.Y, own.X, err = p.Size(*it)
	default:
		size, bands, ok, failed := pixels.MeasureBands(it.Data)
		if ok {
			own, it.cost, channels, err = image.Pt(size.Width, size.Height), size.Memory, bands, failed
			break
		}
		own, it.cost, err = measureImage(it.Data, r.decoding, r.opt.MaxPixels)
		it.measured = true
	}
	if err == nil && !it.measured {
		err = checkSize(own.X, own.Y, r.opt.MaxPixels)
	}
	if err != nil {
		return own, channels, err
	}

	// A foreign format may hold an image twice, in its own model and as RGBA.
	if it.cost == 0 {
		it.cost = int64(4+max(4, channels)) * int64(own.X) * int64(own.Y)
	}
	if err := r.budget.allows(it.cost); err != nil {
		return own, channels, err
	}
	it.cost += int64(len(it.Data))
	return own, channels, nil
}

// draw brings one image into the spool.
func (r *run) draw(ctx context.Context, it Item) error {
	img, decoded, facts, err := r.image(ctx, it)
	var values []byte // [height, width, channels]
	if err == nil {
		values, err = bytesOf(img, it.channels)
	}
	// A decoder that was left behind may still use its memory.
	if err == nil && decoded != nil {
		buffer.Keep(decoded.Pix)
		if it.lent {
			buffer.Keep(it.Data)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		if !r.opt.SkipBad {
			advice := cmp.Or(usage.ArgumentOf(err), "skip-bad")
			return usage.Advise(advice, fmt.Errorf("image %s in %s cannot be used: %w; fix or remove it, or skip bad "+
				"images", it.Name, r.source, err))
		}
		r.finish(it, err)
		return nil
	}

	if b := img.Bounds(); b.Dx() != it.width || b.Dy() != it.height {
		return unequalSizes(r.source, it.Name, b, it.height, it.width)
	}
	if err := r.spool.put(it.Position, values); err != nil {
		return fmt.Errorf("decoded images cannot be stored in the cache folder: %w", err)
	}
	r.names[it.Position] = strings.ReplaceAll(it.Name, "\x00", " ") // which ends a name in a pack
	r.hashes[it.Position] = maphash.Bytes(r.seed, values)
	r.remarks.add(facts, values)
	if r.groups != nil {
		r.groups[it.Position] = it.Group
	}
	for task, label := range it.Labels {
		r.labels[task][it.Position] = label
	}
	r.finish(it, nil)
	return nil
}

// image draws an item and brings it to the size asked for. The image is a *Raster or an opaque *image.RGBA; decoded is
// what it was made of, if that was decoded here.
func (r *run) image(ctx context.Context, it Item) (img image.Image, decoded *image.RGBA, facts pixels.Facts,
	err error) {
	channels := depth(r.plan.Channels)
	switch {
	case it.Err != nil:
		return nil, nil, facts, it.Err
	case r.plan.Draw != nil:
		img, err = bounded.Abandon(ctx, func() (image.Image, error) { return r.plan.Draw(it) })
		if _, ok := img.(*Raster); err == nil && !ok {
			img, facts, err = pixels.Opaque(ctx, img, r.decoding)
		}
	case r.plan.Height > 0 && channels != rgb:
		img = &Raster{it.Data, r.plan.Height, r.plan.Width, channels}
	case r.plan.Height > 0:
		img, err = fromRGB(it.Data, r.plan.Height, r.plan.Width)
	default:
		if _, _, ok, _ := pixels.MeasureBands(it.Data); ok {
			var b pixels.Bands
			b, facts, err = pixels.DecodeBands(ctx, it.Data, r.decoding)
			img = &Raster{b.Pix, b.Height, b.Width, b.Channels}
			break
		}
		decoded, facts, err = pixels.Decode(ctx, it.Data, r.decoding)
		img = decoded
	}
	if err != nil {
		return nil, nil, facts, err
	}

	// Resizing comes last, so that every format has it.
	if raster, ok := img.(*Raster); ok {
		if err = raster.check(); err == nil && r.opt.Size > 0 {
			raster, err = raster.crop(r.opt.Size, r.opt.MaxPixels)
		}
		return raster, nil, facts, err
	}
	color := img.(*image.RGBA)
	if r.opt.Size > 0 {
		color, err = shortCropOf(color, facts.Own(color), r.opt.Size, r.opt.MaxPixels)
	}
	return color, decoded, facts, err
}

// pixelNotes says what is worth a remark of the images that were kept. The pixels of a pack were remarked on before.
func (r *run) pixelNotes() []string {
	if r.plan.Height > 0 && r.plan.Draw == nil {
		return nil
	}
	return r.remarks.notes(r.plan.total()-len(r.bad), r.opt.Range != "")
}

// unequalSizes is the usage error of an image that has another size than those before it.
func unequalSizes(source, name string, b image.Rectangle, height, width int) error {
	return usage.About("size", "images in %s differ in size: %s is %dx%d and others are %dx%d: choose a size that all "+
		"are brought to", source, name, b.Dx(), b.Dy(), width, height)
}

// finish counts an image that was drawn or left out.
func (r *run) finish(it Item, bad error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if bad != nil {
		r.bad[it.Position], r.name[it.Position] = bad.Error(), it.Name
		if len(it.Labels) > 0 {
			r.lost[it.Labels[0]] = true
		}
	}
	r.done++
	r.opt.Progress(r.done, int64(r.plan.total()))
}

// checkSkipped refuses a set in which a class of train lost all its images.
func (r *run) checkSkipped() error {
	if len(r.bad) == 0 {
		return nil
	}
	for _, class := range r.lacked(r.splitAt(0)) {
		// Classes without any image are named by some formats.
		if r.lost[int32(slices.Index(r.plan.Tasks[0].Classes, class))] {
			return fmt.Errorf("no train image of class %q in %s can be used: fix or remove the class", class, r.source)
		}
	}
	return nil
}

// someOf lists the first of the names.
func someOf(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
