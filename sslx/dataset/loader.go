package dataset

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"runtime"
	"sync"
	"time"
)

// Source gives images of one size by their index. A [Split] reads them from its pack, a [Folder] decodes their files.
type Source interface {
	// Len returns the number of images.
	Len() int
	// Size returns the height and width of every image.
	Size() (height, width int)
	// Read writes image i, RGB bytes [height, width, 3], over the height*width*3 bytes of dst. It is called from
	// several goroutines at once, with i from 0 to Len()-1. Its errors name the image.
	Read(dst []byte, i int) error
}

// LoaderOptions say how far ahead a Loader works. The zero value takes the defaults.
type LoaderOptions struct {
	// Workers is the number of goroutines that read images; below 1, it is GOMAXPROCS.
	Workers int
	// Ahead is the number of batches that are prepared while the caller works on one; below 1, it is 2.
	Ahead int
}

const defaultAhead = 2

// Loader prepares batches of images ahead of their use. The images of a batch are read by all its workers at once, and
// batches come in the order asked for, whatever the number of workers. It holds Ahead+1 batches in memory, uses their
// buffers again, and allocates nothing from then on besides what its source does. It is for one goroutine.
type Loader struct {
	ctx    context.Context
	cancel context.CancelFunc
	source Source
	stride int // bytes an image

	tasks   chan task
	queue   chan *slot // in the order of delivery
	free    chan *slot
	running sync.WaitGroup

	held *slot // the caller's
	wait time.Duration
	err  error // of every further Next
}

// NewLoader starts to prepare the batches of order, each a list of indices of source's images. For an epoch in batches
// of 256 it is slices.Chunk(permutation, 256). The loader ranges over order in a goroutine of its own, Ahead+2 batches
// at most before their use, and copies the indices. Its goroutines end after the last batch, after an error, when ctx
// ends, and on [Loader.Close]. The source must stay open until then.
func NewLoader(ctx context.Context, source Source, order iter.Seq[[]int], opt LoaderOptions) *Loader {
	if opt.Workers < 1 {
		opt.Workers = runtime.GOMAXPROCS(0)
	}
	if opt.Ahead < 1 {
		opt.Ahead = defaultAhead
	}
	height, width := source.Size()
	l := &Loader{source: source, stride: height * width * 3, tasks: make(chan task, opt.Workers),
		queue: make(chan *slot, opt.Ahead+1), free: make(chan *slot, opt.Ahead+1)}
	l.ctx, l.cancel = context.WithCancel(ctx)
	for range opt.Ahead + 1 {
		l.free <- &slot{ready: make(chan struct{}, 1)}
	}
	l.running.Go(func() { l.feed(order, opt.Workers) })
	for range opt.Workers {
		l.running.Go(l.work)
	}
	return l
}

// Next returns the next batch: pixels [len(indices), height, width, 3] and the indices of its images. Both are valid
// until the next call. After the last batch the error is [io.EOF]. The error of an image comes in place of its batch,
// after all batches before it; of several bad images in a batch it is the first's. An index out of the source's range
// is a usage error. When ctx ends, the error is its. After an error, every call returns the same one.
func (l *Loader) Next() (pixels []byte, indices []int32, err error) {
	if l.err != nil {
		return nil, nil, l.err
	}
	if l.held != nil {
		l.free <- l.held
	}
	start := time.Now()
	l.held, l.err = l.await()
	l.wait += time.Since(start)
	if l.err != nil {
		l.cancel()
		return nil, nil, l.err
	}
	return l.held.pixels, l.held.indices, nil
}

// await returns the next slot once it is ready.
func (l *Loader) await() (*slot, error) {
	if err := l.ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s, ok := <-l.queue:
		if !ok {
			return nil, cmp.Or(l.ctx.Err(), io.EOF)
		}
		select {
		case <-s.ready:
			// It may be ready because its work was given up.
			return s, cmp.Or(l.ctx.Err(), s.err)
		case <-l.ctx.Done():
		}
	case <-l.ctx.Done():
	}
	return nil, l.ctx.Err()
}

// Wait returns how long Next has waited for batches in all, the first included. Divided by the time of the whole loop
// it is the share in which the caller starved.
func (l *Loader) Wait() time.Duration { return l.wait }

// errClosed is the error of Next after Close.
var errClosed = errors.New("the loader is closed")

// Close stops the work ahead and returns when every goroutine of the loader has ended, after the images in work are
// read. It may be called more than once, and need not be called after Next has returned an error.
func (l *Loader) Close() {
	if l.err == nil {
		l.err = errClosed
	}
	l.cancel()
	l.running.Wait()
}
