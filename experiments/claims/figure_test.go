package claims

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/testrecords"
)

func TestFigure_TellsTheNumbersOfEachClaim(t *testing.T) {
	for _, c := range all {
		r := testrecords.Invent(t, experiments.CPU, c)
		f, err := experiments.Figure(c, experiments.CPU, r)
		if err != nil || f == nil {
			t.Fatalf("%s: %v", c.ID, err)
		}
		p := c.Plan(experiments.CPU)
		accuracies, columns := p.Accuracies(r)
		want := ""
		switch c.ID {
		case minibatch.ID, cost.ID, lejepa.ID:
			want = fmt.Sprintf("%.4g at", accuracies.Point(0, p.Arms[0].Name, columns[0]).Mean)
		case augmentation.ID: // of many cells, the words have the extremes
			want = "9 columns"
		case protocols.ID:
			want = "14 rows"
		case negatives.ID:
			o, err := experiments.Judge(c, experiments.CPU, r)
			if err != nil {
				t.Fatal(err)
			}
			e := o.Estimates[0]
			want = fmt.Sprintf("%s: %+.1f [", e.Factor, e.Mean)
		}
		if !strings.Contains(strings.ReplaceAll(f.Alt, "−", "-"), want) {
			t.Errorf("%s: %q is not in %s", c.ID, want, f.Alt)
		}
	}
}

func TestDrawBatches_UntunedLineEndsAtTheTunedArm(t *testing.T) {
	f, err := experiments.Figure(minibatch, experiments.CPU, testrecords.Invent(t, experiments.CPU, minibatch))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"simclr sgd, as the largest", "barlow sgd, tuned",
		"barlow sgd, as the largest"} {
		_, line, found := strings.Cut(f.Alt, name+": ")
		line, _, _ = strings.Cut(line, ". ")
		if !found || strings.Count(line, " at ") != 4 || !strings.HasSuffix(line, " at 1024") {
			t.Errorf("%s is %s", name, line)
		}
	}
}

func TestTimed_IsOfOneRevision(t *testing.T) {
	r := testrecords.Invent(t, experiments.CPU, cost)
	p := cost.Plan(experiments.CPU)
	if arms, seeds := timed(p, r); len(arms) != len(p.Arms) || !slices.Equal(seeds, p.Seeds) {
		t.Errorf("times of one revision are compared for %d of %d arms, seeds %v", len(arms), len(p.Arms), seeds)
	}

	// A single run of other code, a run that is missing, and an arm whose runs are all of other code.
	change := func(arm experiments.Arm, seed uint64) {
		other, _ := p.Record(r, arm, seed)
		other.Environment.Revision = "another"
		r[other.Key] = other
	}
	change(p.Arms[1], 2)
	lost, _ := p.Record(r, p.Arms[2], 4)
	delete(r, lost.Key)
	last := p.Arms[len(p.Arms)-1]
	for _, seed := range p.Seeds {
		change(last, seed)
	}

	arms, seeds := timed(p, r)
	if want := []uint64{1, 3, 5}; !slices.Equal(seeds, want) {
		t.Errorf("times are compared for seeds %v, want %v", seeds, want)
	}
	left := slices.ContainsFunc(arms, func(arm experiments.Arm) bool { return arm.Name == last.Name })
	if left || len(arms) != len(p.Arms)-1 {
		t.Errorf("times of %d of %d arms are compared; those of other code: %t", len(arms), len(p.Arms), left)
	}
}

// A run that was stopped for a while, or shared the cores, does not move the point of its arm.
func TestDrawCost_TimesAreMedians(t *testing.T) {
	r := testrecords.Invent(t, experiments.CPU, cost)
	p := cost.Plan(experiments.CPU)
	draw := func() string {
		f, err := drawCost(p, r)
		if err != nil || f == nil {
			t.Fatalf("%v, %v", f, err)
		}
		return f.Alt
	}

	for i, seed := range p.Seeds {
		run, _ := p.Record(r, p.Arms[0], seed)
		run.Seconds = float64(61 + i)
		r[run.Key] = run
	}
	before := draw()
	last, _ := p.Record(r, p.Arms[0], p.Seeds[len(p.Seeds)-1])
	last.Seconds = 700
	r[last.Key] = last
	if after := draw(); after != before || !strings.Contains(after, " at 63.") {
		t.Errorf("with a run of 700 s the figure has %s, before it %s", after, before)
	}
}

func TestFigure_OfTooFewRecordsIsNone(t *testing.T) {
	for _, c := range all {
		if f, err := experiments.Figure(c, experiments.CPU, experiments.Records{}); f != nil || err != nil {
			t.Errorf("%s: %v (%v)", c.ID, f, err)
		}
		whole := testrecords.Invent(t, experiments.CPU, c)
		for n, r := 0, whole; len(r) > 0 && n < 6; n, r = n+1, testrecords.Half(r) {
			f, err := experiments.Figure(c, experiments.CPU, r)
			if err != nil {
				t.Errorf("%s with %d records: %v", c.ID, len(r), err)
			}
			if f == nil && n == 0 {
				t.Errorf("%s has no figure", c.ID)
			}
			if len(r) == 1 {
				break
			}
		}
	}
}

func TestBudgetFigure_HasALineForEachDecisionThatWasTrainedLonger(t *testing.T) {
	r := testrecords.Invent(t, experiments.CPU, augmentation)
	f, err := experiments.BudgetFigure(all, experiments.CPU, r)
	if err != nil || f == nil {
		t.Fatalf("%v, %v", f, err)
	}

	o, err := experiments.Judge(augmentation, experiments.CPU, r)
	if err != nil {
		t.Fatal(err)
	}
	difference := func(factor string) float64 {
		return o.Estimates[slices.IndexFunc(o.Estimates, func(e experiments.Estimate) bool {
			return e.Factor == factor
		})].Mean
	}
	want := fmt.Sprintf("augmentation: simclr full over simclr crop+gray: %.4g at 2, %.4g at 8",
		difference("simclr full over simclr crop+gray"),
		difference("simclr full, 8 epochs over simclr crop+gray, 8 epochs"))
	if alt := strings.ReplaceAll(f.Alt, "−", "-"); !strings.Contains(alt, want) || strings.Contains(alt, "negatives") {
		t.Errorf("%q is not in %s, or claims without records are", want, alt)
	}

	if f, err := experiments.BudgetFigure(all, experiments.CPU, experiments.Records{}); f != nil || err != nil {
		t.Errorf("without records: %v (%v)", f, err)
	}
}
