package plots

import (
	"fmt"
	"math"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/record"
)

// probePanel is the curves of one task by one protocol.
type probePanel struct {
	task     string
	protocol record.Protocol
	curves   []record.Curve
}

// probeFigure is a panel for each task and protocol; a model has the same colour in all of them.
type probeFigure struct {
	panels []probePanel
	models []string
}

// ProbeCurves draws how probes went, epoch by epoch: a panel for each task and protocol, and in it a line for each model
// and seed, solid for the accuracy on test and dashed for that on train. Each panel has its own vertical axis. A NaN
// leaves a gap. No curve, a curve without epochs, and one whose lists differ in length or are not in [0, 1] are usage
// errors.
func ProbeCurves(curves []record.Curve) (*Figure, error) {
	if len(curves) == 0 {
		return nil, usage.Errorf("there is no probe's curve to draw: evaluate the run with a probe that is trained by epochs")
	}
	for _, c := range curves {
		if err := checkCurve(c); err != nil {
			return nil, err
		}
	}
	f := newProbeFigure(curves)
	width, height := f.size()
	return &Figure{Alt: f.alt(), width: width, height: height, draw: f.draw}, nil
}

func checkCurve(c record.Curve) error {
	if len(c.Train) != len(c.Test) || len(c.Test) == 0 {
		return usage.Errorf("the curve of %s on %s (%s) has %d epochs on train and %d on test", c.Model, c.Task, c.Protocol,
			len(c.Train), len(c.Test))
	}
	for _, list := range [][]float64{c.Train, c.Test} {
		for epoch, v := range list {
			if v < 0 || v > 1 {
				return usage.Errorf("the curve of %s on %s (%s) has the accuracy %v at epoch %d: it must be in [0, 1]",
					c.Model, c.Task, c.Protocol, v, epoch+1)
			}
		}
	}
	return nil
}

func newProbeFigure(curves []record.Curve) *probeFigure {
	f := new(probeFigure)
	for _, c := range curves {
		f.models = appendNew(f.models, c.Model)
		f.panel(c.Task, c.Protocol).curves = append(f.panel(c.Task, c.Protocol).curves, c)
	}
	return f
}

// panel returns the panel of a task and a protocol, a new one where there is none.
func (f *probeFigure) panel(task string, protocol record.Protocol) *probePanel {
	for i := range f.panels {
		if f.panels[i].task == task && f.panels[i].protocol == protocol {
			return &f.panels[i]
		}
	}
	f.panels = append(f.panels, probePanel{task: task, protocol: protocol})
	return &f.panels[len(f.panels)-1]
}

func (f *probeFigure) hasGaps() bool {
	for _, p := range f.panels {
		for _, c := range p.curves {
			for i := range c.Test {
				if math.IsNaN(c.Train[i]) || math.IsNaN(c.Test[i]) {
					return true
				}
			}
		}
	}
	return false
}

func (f *probeFigure) alt() string {
	var b strings.Builder
	b.WriteString("Accuracy of probes by epoch, after the last one")
	for _, p := range f.panels {
		for _, c := range p.curves {
			last := len(c.Test) - 1
			fmt.Fprintf(&b, ". %s, %s, %s, seed %d: %.1f %% on train and %.1f %% on test", p.task, p.protocol, c.Model, c.Seed,
				100*c.Train[last], 100*c.Test[last])
		}
	}
	return strings.ReplaceAll(b.String(), "NaN %", "not measured") + "."
}
