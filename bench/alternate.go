package bench

import (
	"context"
	"math"
)

// runner does units of work.
type runner interface {
	// Run does n units and returns the seconds they took.
	Run(ctx context.Context, n int) (seconds float64, err error)
}

// lane is one of the programs that take turns.
type lane struct {
	name     string
	runner   runner
	items    float64 // what a unit of work counts for in its rate
	multiple int     // a turn has a multiple of so many units; 0 is 1
	units    int     // of a turn
	rates    []float64
}

// alternate gives each lane its turns, one lane after the other; each round starts with another lane. All must be warm.
// It returns the number of cores that were busy between turns, with the work of others.
func alternate(ctx context.Context, lanes []*lane, opt Options) (busy float64, err error) {
	m := new(meter)
	for i, l := range lanes {
		opt.report("calibrate", i, len(lanes))
		if err := l.calibrate(ctx, m, opt); err != nil {
			return 0, err
		}
	}

	for turn := range opt.Turns {
		for i := range lanes {
			opt.report("measure", turn*len(lanes)+i, opt.Turns*len(lanes))
			if err := m.rest(ctx, opt.pause); err != nil {
				return 0, err
			}

			// Another lane begins each round, so that none always follows the same one.
			l := lanes[(turn+i)%len(lanes)]
			seconds, err := l.runner.Run(ctx, l.units)
			if err != nil {
				return 0, err
			}
			l.rates = append(l.rates, l.items*float64(l.units)/seconds)
		}
	}
	return m.cores(), nil
}

// calibrate finds how many units of work take about as long as a turn.
func (l *lane) calibrate(ctx context.Context, m *meter, opt Options) error {
	l.units = l.rounded(1)
	for range 2 { // the second time, where one unit takes too little time to tell
		if err := m.rest(ctx, opt.pause); err != nil {
			return err
		}

		took, err := l.runner.Run(ctx, l.units)
		if err != nil {
			return err
		}

		l.units = l.rounded(float64(l.units) * opt.Seconds / took)

		// A quarter of a turn is long enough to scale from.
		if took > opt.Seconds/4 {
			break
		}
	}
	return nil
}

func (l *lane) rounded(units float64) int {
	multiple := float64(max(1, l.multiple))
	return int(multiple * max(1, math.Round(units/multiple)))
}
