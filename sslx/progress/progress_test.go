package progress

import (
	"reflect"
	"testing"
)

func TestOptions_ReportsWhatItIsTold(t *testing.T) {
	var states []State
	var warnings []string
	o := Options{
		Progress: func(s State) { states = append(states, s) },
		Warn:     func(sentence string) { warnings = append(warnings, sentence) },
	}

	o.Report("train", 3, 4, "loss 1.000")
	o.Counter("import birds")(10, 20)
	o.Warnf("task set %s is left out: %d%%", "mnist", 5)

	want := []State{{"train", 3, 4, "loss 1.000"}, {Phase: "import birds", Done: 10, Total: 20}}
	if !reflect.DeepEqual(states, want) {
		t.Errorf("got %+v, want %+v", states, want)
	}
	if len(warnings) != 1 || warnings[0] != "task set mnist is left out: 5%" {
		t.Errorf("got %q", warnings)
	}
}

func TestOptions_ZeroValueIsQuiet(t *testing.T) {
	Options{}.Report("train", 1, 2, "")
	Options{}.Counter("import")(1, 2)
}
