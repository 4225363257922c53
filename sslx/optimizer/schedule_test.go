package optimizer

import (
	"math"
	"testing"
)

func TestSchedule_WarmsUpToThePeakAndFallsToZero(t *testing.T) {
	s := Schedule{Peak: 2, Warmup: 4, Steps: 12}
	for step, want := range map[int]float64{
		1:  0.5,                                 // a quarter of the way
		4:  2,                                   // the last of the warm-up
		5:  2,                                   // the cosine starts where the warm-up ends
		9:  1,                                   // the middle of 5 … 13
		12: 2 * (1 + math.Cos(math.Pi*7/8)) / 2, // the last step still learns
		13: 0,                                   // the end of the cosine is the first step after training
		40: 0,
	} {
		if got := s.At(step); math.Abs(got-want) > 1e-12 {
			t.Errorf("step %d: %g, want %g", step, got, want)
		}
	}
	for step := 6; step <= 40; step++ {
		if s.At(step) > s.At(step-1) {
			t.Errorf("the rate rises at step %d", step)
		}
	}
}

func TestSchedule_OfFewStepsAndLongWarmUps(t *testing.T) {
	for _, c := range []struct {
		name         string
		epochs       float64
		steps        int
		warmup       int
		first, final float64
	}{
		{"one step without a warm-up", 0, 1, 0, 1, 1},
		{"one step of warm-up", 1, 1, 1, 1, 1},
		{"a warm-up as long as training", 1, 10, 10, 0.1, 1},
		{"a warm-up longer than training", 3, 10, 10, 0.1, 1},
		{"a warm-up without end", 1e300, 10, 10, 0.1, 1},
		{"half an epoch of warm-up", 0.5, 20, 5, 0.2, (1 + math.Cos(math.Pi*14/15)) / 2},
	} {
		s := Config{LR: 1, Scale: "none", WarmupEpochs: c.epochs}.Schedule(512, 10, c.steps)
		if s.Warmup != c.warmup {
			t.Errorf("%s: %d steps of warm-up, want %d", c.name, s.Warmup, c.warmup)
		}
		if first, final := s.At(1), s.At(c.steps); math.Abs(first-c.first) > 1e-12 || math.Abs(final-c.final) > 1e-12 {
			t.Errorf("%s: from %g to %g, want from %g to %g", c.name, first, final, c.first, c.final)
		}
	}
}

func TestSchedule_TheRateScalesWithTheBatch(t *testing.T) {
	for _, c := range []struct {
		scale string
		batch int
		want  float64
	}{
		{"linear", 1024, 1.2}, {"sqrt", 1024, 0.6}, {"none", 1024, 0.3}, {"linear", 64, 0.075}, {"linear", 256, 0.3},
	} {
		got := Config{LR: 0.3, Scale: c.scale}.Schedule(c.batch, 10, 100).Peak
		if math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s at %d images: %g, want %g", c.scale, c.batch, got, c.want)
		}
	}
}
