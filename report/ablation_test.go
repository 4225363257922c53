package report

import (
	"math"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
)

// ablated is an ablation of which two seeds were measured: the base takes 100 seconds, and reaches 60 %.
func ablatedOutcome(seeds int) experiments.StudyOutcome {
	tried := func(label, epochs, width string, seconds float64, values ...float64) experiments.Tried {
		values = values[:seeds]
		mean := 0.0
		for _, v := range values {
			mean += v / float64(seeds)
		}
		return experiments.Tried{Label: label, Values: []string{epochs, width},
			SeedSeconds: []float64{seconds + 7, seconds},
			Rungs:       []experiments.Rung{{Share: 1, Value: &mean, Seeds: values}}}
	}
	return experiments.StudyOutcome{Sweep: "mine", Measure: "knn", Percent: true, Seeds: make([]uint64, seeds),
		Search: experiments.Search{Name: experiments.SearchAblation},
		Keys: []experiments.SweptKey{{Key: "epochs", Values: []string{"5", "10", "40"}, Number: true},
			{Key: "encoder.width", Values: []string{"8", "16", "32", "64"}, Number: true}},
		Candidates: []experiments.Tried{ // the best first
			tried("encoder.width=32", "10", "32", 200, 67, 67.2),
			tried("epochs=40", "40", "16", 400, 66, 66.2),
			tried("base", "10", "16", 100, 60, 60.2),
			tried("encoder.width=8", "10", "8", 50, 55, 55.2),
			tried("epochs=5", "5", "16", 50, 56, 56.2),
			{Label: "encoder.width=64", Values: []string{"10", "64"},
				Rungs: []experiments.Rung{{Share: 1, Failed: "loss is NaN"}}},
		}}
}

func TestAblationTable_ComparesWithTheBaseAndWithTheBaseTrainedAsLong(t *testing.T) {
	want := [][]string{
		{"base", "60.10 %", "–", "1x", "–"},
		{"epochs=5", "56.10 %", "-4.00", "0.50x", "–"},
		{"epochs=40", "66.10 %", "+6.00", "4.00x", "–"},
		{"encoder.width=8", "55.10 %", "-5.00", "0.50x", "-1.00"},

		// Twice the time is half of the way from 1x to 4x, where the base reaches 63.10 %.
		{"encoder.width=32", "67.10 %", "+7.00", "2.00x", "+4.00"},
		{"encoder.width=64", "diverged", "–", "–", "–"},
	}
	got := AblationTable(ablatedOutcome(2)).Rows
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i := range want {
		if strings.Join(got[i], "|") != strings.Join(want[i], "|") {
			t.Errorf("row %d is %q, want %q", i, got[i], want[i])
		}
	}

	// One seed of a change is measured, and the other is not: there is no mean yet.
	o := ablatedOutcome(2)
	o.Candidates[0].Rungs[0].Value = nil
	if got := AblationTable(o).Rows[4]; strings.Join(got, "|") != "encoder.width=32|–|–|–|–" {
		t.Errorf("got %q", got)
	}

	// A sweep that has just begun.
	o = ablatedOutcome(2)
	for i := range o.Candidates {
		o.Candidates[i].Rungs, o.Candidates[i].SeedSeconds = nil, nil
	}
	for _, row := range AblationTable(o).Rows {
		if row[1] != "not yet" {
			t.Errorf("got %q", row)
		}
	}
	if f, err := AblationFigure(o); f != nil || err != nil {
		t.Errorf("a figure of nothing is %v (%v)", f, err)
	}
}

func TestAblationNote_SaysHowFarDifferencesCanBeTrusted(t *testing.T) {
	// Each of five settings has two values 0.2 apart: the standard deviation is 0.2/√2 with 5 degrees of freedom, for
	// which Student's t is 2.5706 (scipy.stats.t.ppf(0.975, 5)).
	a := newAblation(ablatedOutcome(2))
	if sd := 0.2 / math.Sqrt2; math.Abs(a.sd-sd) > 1e-9 || math.Abs(a.half-2.5706*sd) > 1e-4 {
		t.Errorf("got %g and ± %g", a.sd, a.half)
	}
	if text := AblationNote(ablatedOutcome(2)); !strings.Contains(text, "0.14 points") ||
		!strings.Contains(text, "over 2 seeds is known to ± 0.36") {
		t.Error(text)
	}
	if text := AblationNote(ablatedOutcome(1)); !strings.Contains(text, "may be chance") {
		t.Error(text)
	}
}

func TestAblationFigure_SaysWhichChangesAreBetterAfterTheSameTime(t *testing.T) {
	f, err := AblationFigure(ablatedOutcome(2))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"encoder.width=32", "+4.0", isBetter, "encoder.width=8", isWorse,
		"after the same time"} {
		if !strings.Contains(f.Alt, want) {
			t.Errorf("the figure lacks %q: %s", want, f.Alt)
		}
	}
	if strings.Contains(f.Alt, "epochs=") {
		t.Errorf("the figure compares the base with itself: %s", f.Alt)
	}

	// Without other numbers of epochs, or where all changes lie outside of them, the base is as it is.
	all := ablatedOutcome(2).Candidates
	for name, candidates := range map[string][]experiments.Tried{
		"no epochs": {all[0], all[2], all[3]}, "a faster change": {all[1], all[2], all[3]},
	} {
		o := ablatedOutcome(2)
		o.Candidates = candidates
		f, err := AblationFigure(o)
		if err != nil || f == nil || strings.Contains(f.Alt, "same time") || !strings.Contains(f.Alt, "\u22125.0") {
			t.Errorf("%s: got %+v (%v)", name, f, err)
		}
	}
}

func TestSweep_OfAnAblationShowsItsTableAndItsFigure(t *testing.T) {
	o := ablatedOutcome(2)
	page, err := newSweepPage("runs/mine", o, nil)
	if err != nil || len(page.Curves) != 1 || !strings.Contains(page.Shown, "each change makes") ||
		!strings.Contains(page.Listed, "base comes first") {
		t.Errorf("got %+v (%v)", page, err)
	}
	var b strings.Builder
	if err := WriteSweepText(&b, "runs/mine", o, 100, 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"minus base at the same time", "encoder.width=32", "+4.00", "known to"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, b.String())
		}
	}
}
