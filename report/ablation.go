package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/plots"
)

// epochsKey is the key whose changes tell what the base reaches in another time.
const epochsKey = "epochs"

// ablation is what the changes of an ablation did, next to the base.
type ablation struct {
	rows []ablated // the base first, then the changes in the order of their keys
	half float64   // half of the 95 % interval of a difference of two means over seeds; NaN where it is not known
	sd   float64   // standard deviation of the measure over seeds
}

// ablated is the base of an ablation, or a change of it. Numbers that are not known are NaN.
type ablated struct {
	experiments.Tried
	key      string  // that is changed; "" for the base
	value    float64 // of the measure, the mean over seeds
	over     float64 // value minus the base's
	time     float64 // of training, as a multiple of the base's
	sameTime float64 // value minus that of the base trained for this time
}

// newAblation compares the candidates of an ablation with its base.
func newAblation(o experiments.StudyOutcome) (a ablation) {
	isBase := func(t experiments.Tried) bool { return t.Label == experiments.BaseLabel }
	at := slices.IndexFunc(o.Candidates, isBase)
	if at < 0 {
		return a
	}
	base := newAblated(o.Candidates[at])
	shortest := base.time

	for _, t := range o.Candidates {
		row := newAblated(t)
		row.over, row.time = row.value-base.value, row.time/shortest
		for k, value := range t.Values {
			if value != base.Values[k] {
				row.key = o.Keys[k].Key
			}
		}
		a.rows = append(a.rows, row)
	}

	place := func(r ablated) (key, value int) {
		for k, axis := range o.Keys {
			if axis.Key == r.key {
				return k, slices.Index(axis.Values, r.Values[k])
			}
		}
		return -1, 0
	}
	slices.SortStableFunc(a.rows, func(x, y ablated) int {
		keyX, valueX := place(x)
		keyY, valueY := place(y)
		return cmp.Or(cmp.Compare(keyX, keyY), cmp.Compare(valueX, valueY))
	})
	for i := range a.rows {
		a.rows[i].sameTime = a.rows[i].value - a.baseAfter(a.rows[i].time)
	}
	a.sd, a.half = uncertainty(o.Candidates)
	return a
}

// newAblated returns what was measured of a candidate; its time is in seconds, the shortest of the seeds, since other
// work on the machine only makes it longer.
func newAblated(t experiments.Tried) ablated {
	row := ablated{Tried: t, value: math.NaN(), over: math.NaN(), time: math.NaN(), sameTime: math.NaN()}
	if last, ok := t.Last(); ok && last.Value != nil {
		row.value, row.time = *last.Value, slices.Min(t.SeedSeconds)
	}
	return row
}

// baseAfter returns the measure of the base when it is trained for a multiple of its time, between the numbers of
// epochs that were tried: linear in the logarithm of the time. It is NaN outside of these.
func (a ablation) baseAfter(time float64) float64 {
	var curve []ablated
	for _, row := range a.rows {
		if (row.key == "" || row.key == epochsKey) && !math.IsNaN(row.value) {
			curve = append(curve, row)
		}
	}
	slices.SortFunc(curve, func(x, y ablated) int { return cmp.Compare(x.time, y.time) })

	for i := 1; i < len(curve); i++ {
		low, high := curve[i-1], curve[i]
		if time >= low.time && time <= high.time {
			share := math.Log(time/low.time) / math.Log(high.time/low.time)
			return low.value + share*(high.value-low.value)
		}
	}
	return math.NaN()
}

// uncertainty returns the standard deviation of the measure over seeds, pooled over all candidates, and half of the
// 95 % interval of a difference of two means over seeds (Student's t). Pairs of one seed are taken as independent,
// which makes the interval too wide rather than too narrow. Both are NaN with one seed.
func uncertainty(candidates []experiments.Tried) (sd, half float64) {
	squares, freedom, seeds := 0.0, 0.0, 0
	for _, t := range candidates {
		if last, ok := t.Last(); ok && last.Value != nil && len(last.Seeds) > 1 {
			n := len(last.Seeds)
			squares, freedom, seeds = squares+stat.Variance(last.Seeds, nil)*float64(n-1), freedom+float64(n-1), n
		}
	}
	if freedom == 0 {
		return math.NaN(), math.NaN()
	}
	sd = math.Sqrt(squares / freedom)
	quantile := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile(0.975)
	return sd, quantile * sd * math.Sqrt(2/float64(seeds))
}

// AblationTable says of the base of an ablation and of each change of it what the measure is, the difference from the
// base, the time of training as a multiple of the base's, and the difference from the base trained for the same time.
func AblationTable(o experiments.StudyOutcome) Table {
	a := newAblation(o)
	t := Table{Align: "lr", Head: []string{"change", o.Measure, "minus base", "time", "minus base at the same time"}}
	for _, row := range a.rows {
		last, measured := row.Last()
		cells := []string{row.Label, measureText(o, last.Value), missing, missing, missing}
		switch {
		case !measured:
			cells[1] = "not yet"
		case last.Failed != "":
			cells[1] = "diverged"
		case row.key == "":
			cells[3] = "1x"
		default:
			cells[2] = signedText(row.over)
			if !math.IsNaN(row.time) {
				cells[3] = fmt.Sprintf("%.2fx", row.time)
			}
			if row.key != epochsKey && !math.IsNaN(row.sameTime) {
				cells[4] = signedText(row.sameTime)
			}
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

func signedText(x float64) string {
	if math.IsNaN(x) {
		return missing
	}
	return fmt.Sprintf("%+.2f", x)
}

// AblationNote says how far the differences of an ablation can be trusted, and what its times are.
func AblationNote(o experiments.StudyOutcome) string {
	a, unit := newAblation(o), ""
	if o.Percent {
		unit = " points"
	}
	text := "Time is of training, the shortest of the seeds. The base trained for the same time lies between the " +
		"numbers of epochs that were tried."
	if math.IsNaN(a.half) {
		return text + " With one seed, a difference of a point or two may be chance."
	}
	return fmt.Sprintf("%s Over seeds, the measure of one setting has a standard deviation of %.2f%s, pooled over all "+
		"settings: a difference of means over %d seeds is known to ± %.2f (95 %%).", text, a.sd, unit, len(o.Seeds),
		a.half)
}

// What a change does, in the legend of the figure.
const (
	isBetter = "better than the base"
	isWorse  = "worse than the base"
	isSame   = "no difference found"
)

// AblationFigure draws the difference of each change of an ablation from the base trained for the same time, the best
// first; from the base itself where no change has such a difference. It is nil where none was measured.
func AblationFigure(o experiments.StudyOutcome) (*plots.Figure, error) {
	a := newAblation(o)
	f := plots.Forest{Verdicts: []string{isBetter, isSame, isWorse}, Axis: o.Measure + " minus the base's"}
	difference := func(r ablated) float64 { return r.over }
	isTimed := func(r ablated) bool { return r.key != "" && r.key != epochsKey && !math.IsNaN(r.sameTime) }
	if slices.ContainsFunc(a.rows, isTimed) {
		f.Axis, difference = f.Axis+" after the same time", func(r ablated) float64 { return r.sameTime }
	}
	if o.Percent {
		f.Axis += " (points)"
	}

	for _, row := range a.rows {
		mean := difference(row)
		if row.key == "" || row.key == epochsKey || math.IsNaN(mean) {
			continue
		}
		d := plots.Difference{Label: row.Label, Mean: mean, Low: mean - a.half, High: mean + a.half, Verdict: isSame}
		if o.Lowest {
			mean = -mean
		}
		switch {
		case math.IsNaN(a.half):
			d.Verdict = ""
		case mean > a.half:
			d.Verdict = isBetter
		case mean < -a.half:
			d.Verdict = isWorse
		}
		f.Differences = append(f.Differences, d)
	}
	if len(f.Differences) == 0 {
		return nil, nil
	}

	slices.SortStableFunc(f.Differences, func(x, y plots.Difference) int {
		if o.Lowest {
			return cmp.Compare(x.Mean, y.Mean)
		}
		return cmp.Compare(y.Mean, x.Mean)
	})
	return f.Figure()
}
