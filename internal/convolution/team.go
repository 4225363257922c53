package convolution

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/sslx-go/lab/internal/cores"
)

// Start has help called on another thread, which may be at once, later, or never. It is called once for each thread
// that could help.
type Start func(help func())

// team is the threads that compute one convolution: the one that was asked to, and those that come to help it. Work is
// done in phases, which share out their parts. Helpers wait for the next phase without sleeping: phases are much
// shorter than it takes to wake a thread.
type team struct {
	phase atomic.Pointer[phase]
	done  atomic.Bool
	own   *Scratch
}

// phase is n things, which are done in parts of unit things each.
type phase struct {
	n, unit int
	work    func(first, last int, s *Scratch)
	next    atomic.Int64
	helping atomic.Int32
}

// newTeam returns a team that waits for helpers. It has to be dismissed.
func newTeam(start Start) *team {
	if start == nil {
		start = func(help func()) { go help() }
	}
	t := &team{own: scratches.Get().(*Scratch)}
	for range cores.Count() - 1 {
		start(t.help)
	}
	return t
}

// dismiss lets helpers leave.
func (t *team) dismiss() {
	t.done.Store(true)
	scratches.Put(t.own)
}

// run calls work for parts of n things, each a multiple of unit but for the last, and returns when all are done.
func (t *team) run(n, unit int, work func(first, last int, s *Scratch)) {
	p := &phase{n: n, unit: unit, work: work}
	t.phase.Store(p)
	p.share(t.own)
	for waited := 0; p.helping.Load() > 0; waited++ {
		spin(waited)
	}
}

// help takes part in all phases that follow, until the team is dismissed.
func (t *team) help() {
	s := scratches.Get().(*Scratch)
	defer scratches.Put(s)

	var last *phase
	for waited := 0; !t.done.Load(); waited++ {
		if p := t.phase.Load(); p != nil && p != last {
			p.helping.Add(1)
			p.share(s)
			p.helping.Add(-1)
			last, waited = p, 0
		}
		spin(waited)
	}
}

// spin waits for a moment. Now and then it lets Go's garbage collector stop the thread: a thread of XLA takes no signal
// from it, and would wait for one that is stopped already.
func spin(waited int) {
	pause()
	if waited%1024 == 1023 {
		runtime.Gosched()
	}
}

// share does parts of the phase until none is left.
func (p *phase) share(s *Scratch) {
	for {
		first := (int(p.next.Add(1)) - 1) * p.unit
		if first >= p.n {
			return
		}
		p.work(first, min(p.n, first+p.unit), s)
	}
}

var scratches = sync.Pool{New: func() any { return &Scratch{} }}
