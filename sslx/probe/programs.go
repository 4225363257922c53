package probe

import (
	"errors"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// Programs are the compiled programs of kNN and the linear probe, one for each shape that was met: features of the same
// shape, of other models or draws, need no further compilation. They are not safe for concurrent use.
type Programs struct {
	backend                          compute.Backend
	similarity, loss, logits, moment *Exec
}

// NewPrograms returns programs for a backend, none of them compiled yet.
func NewPrograms(b compute.Backend) (p *Programs, err error) {
	p = &Programs{backend: b}
	var failures [4]error
	p.similarity, failures[0] = NewExec(b, similarities)
	p.loss, failures[1] = NewExec(b, softmaxLoss)
	p.logits, failures[2] = NewExec(b, linearLogits)
	p.moment, failures[3] = NewExec(b, secondMoment)
	if err := errors.Join(failures[:]...); err != nil {
		p.Close()
		return nil, err
	}
	for _, exec := range p.all() {
		exec.SetMaxCache(-1)
	}
	return p, nil
}

func (p *Programs) all() []*Exec { return []*Exec{p.similarity, p.loss, p.logits, p.moment} }

// Close frees the programs.
func (p *Programs) Close() {
	for _, exec := range p.all() {
		if exec != nil {
			exec.Finalize()
		}
	}
}
