package dataset

import (
	"iter"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sslx-go/lab/internal/usage"
)

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
			s.fail(at, usage.Errorf("index %d is asked of a source of %d images: give 0 to %d", i, n, n-1))
			s.ready <- struct{}{}
			return s.err
		}
		s.indices = append(s.indices, int32(i))
	}
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
