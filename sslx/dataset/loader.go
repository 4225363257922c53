package dataset

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sslx-go/lab/internal/cores"
	"github.com/sslx-go/lab/internal/usage"
)

// Source gives images of one size by their index. A [Split] reads them from its pack, a [Folder] decodes their files.
type Source interface {
	// Len returns the number of images.
	Len() int
	// Shape returns the height, the width and the number of channels of every image.
	Shape() (height, width, channels int)
	// Read writes image i, bytes [height, width, channels], over the height*width*channels bytes of dst. It is called
	// from several goroutines at once, with i from 0 to Len()-1. Its errors name the image.
	Read(dst []byte, i int) error
}

// LoaderOptions say how far ahead a Loader works. The zero value takes the defaults.
type LoaderOptions struct {
	// Workers is the number of goroutines that read images; below 1, it is that of cores.
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

	shape  Images // of a batch, without images
	stride int    // bytes an image

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
		opt.Workers = cores.Count()
	}
	if opt.Ahead < 1 {
		opt.Ahead = defaultAhead
	}

	height, width, channels := source.Shape()
	shape := Images{Height: height, Width: width, Channels: channels}
	l := &Loader{source: source, shape: shape, stride: shape.Stride(),
		tasks: make(chan task, opt.Workers), queue: make(chan *slot, opt.Ahead+1), free: make(chan *slot, opt.Ahead+1)}
	l.ctx, l.cancel = context.WithCancel(ctx)

	// One slot is with the caller, the others are ahead.
	for range opt.Ahead + 1 {
		l.free <- &slot{ready: make(chan struct{}, 1)}
	}

	l.running.Go(func() { l.feed(order, opt.Workers) })
	for range opt.Workers {
		l.running.Go(l.work)
	}
	return l
}

// Next returns the next batch and the indices of its images in the source. Both are valid until the next call. After
// the last batch the error is [io.EOF]. The error of an image comes in place of its batch, after all batches before it;
// of several bad images in a batch it is the first's. An index out of the source's range is a usage error. When ctx
// ends, the error is its. After an error, every call returns the same one.
func (l *Loader) Next() (batch Images, indices []int32, err error) {
	if l.err != nil {
		return Images{}, nil, l.err
	}

	// The caller is done with the batch before.
	if l.held != nil {
		l.free <- l.held
	}

	start := time.Now()
	l.held, l.err = l.await()
	l.wait += time.Since(start)
	if l.err != nil {
		l.cancel()
		return Images{}, nil, l.err
	}
	batch = l.shape
	batch.Pixels, batch.N = l.held.pixels, len(l.held.indices)
	return batch, l.held.indices, nil
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

// slot is the place of one batch.
type slot struct {
	pixels  []byte
	indices []int32
	pending atomic.Int32  // tasks that are not done
	ready   chan struct{} // holds one value when none is pending

	mu  sync.Mutex
	err error
	bad int // position of the image that err is about
}

// task is a part of a batch for one worker.
type task struct {
	slot     *slot
	from, to int
}

// tasksPerWorker is the number of parts of a batch that a worker takes on average: more even out images that take
// unequal time, fewer cost less when images are small.
const tasksPerWorker = 4

// feed hands out the work of all batches, in order.
func (l *Loader) feed(order iter.Seq[[]int], workers int) {
	defer close(l.queue)
	defer close(l.tasks)
	for batch := range order {
		var s *slot
		select {
		case s = <-l.free:
		case <-l.ctx.Done():
			return
		}

		// The queue has the order of the batches, and its slot is found there before its images are read.
		err := s.fill(batch, l.stride, l.source.Len())
		l.queue <- s // has room for all slots
		if err != nil || !l.handOut(s, workers) {
			return
		}
	}
}

// fill prepares a slot for a batch. A batch that is refused is ready at once.
func (s *slot) fill(batch []int, stride, n int) error {
	s.indices = s.indices[:0]
	for at, i := range batch {
		if i < 0 || i >= n {
			s.fail(at, usage.Errorf("index %d is out of range for a source of %d images: give 0 to %d", i, n, n-1))
			s.ready <- struct{}{}
			return s.err
		}
		s.indices = append(s.indices, int32(i))
	}

	// [batch, height, width, 3]; it only grows while batches do.
	s.pixels = slices.Grow(s.pixels[:0], len(batch)*stride)[:len(batch)*stride]
	return nil
}

// handOut cuts a slot's work into tasks. It reports false when the context ends.
func (l *Loader) handOut(s *slot, workers int) bool {
	n := len(s.indices)
	size := max(1, n/(tasksPerWorker*workers))

	s.pending.Store(1) // until all tasks are handed out
	defer s.done()
	for from := 0; from < n; from += size {
		s.pending.Add(1)
		select {
		case l.tasks <- task{s, from, min(from+size, n)}:
		case <-l.ctx.Done():
			return false
		}
	}
	return true
}

func (l *Loader) work() {
	for t := range l.tasks {
		l.read(t)
		t.slot.done()
	}
}

// read reads the images of a task until one fails or the context ends.
func (l *Loader) read(t task) {
	for at := t.from; at < t.to && l.ctx.Err() == nil; at++ {
		dst := t.slot.pixels[at*l.stride : (at+1)*l.stride : (at+1)*l.stride]
		if err := l.source.Read(dst, int(t.slot.indices[at])); err != nil {
			t.slot.fail(at, err)
			return
		}
	}
}

// fail keeps the error of the first image in the batch that has one.
func (s *slot) fail(at int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil || at < s.bad {
		s.err, s.bad = err, at
	}
}

// done marks a task as done.
func (s *slot) done() {
	if s.pending.Add(-1) == 0 {
		s.ready <- struct{}{}
	}
}
