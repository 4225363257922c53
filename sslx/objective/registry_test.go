package objective_test

import (
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/objective"
)

// read is Decode for a text.
func read(t *testing.T, text string, before objective.Objective) (objective.Objective, error) {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	return objective.Decode(document.Content[0], "objective", before)
}

func TestDecode_DefaultsAreThoseOfThePapers(t *testing.T) {
	start := objective.SimSiam{}
	for text, want := range map[string]objective.Objective{
		"simclr":                                 objective.SimCLR{0.5, of("batch", 0, 0)}, // Chen et al. 2020, B.9
		"{name: simclr, negatives: patch-fixed}": objective.SimCLR{0.5, of("patch-fixed", 0, 8)},
		"{name: dclw, negatives: random-k, negatives_k: 3}": objective.DCLW{0.1, of("random-k", 3, 0), 0.5},
		"dcl":                       objective.DCL{0.1, of("batch", 0, 0)}, // lightly 1.6.0
		"{name: dclw, sigma: 0.3}":  objective.DCLW{0.1, of("batch", 0, 0), 0.3},
		"supcon":                    objective.SupCon{0.1},                     // Khosla et al. 2020
		"vicreg":                    objective.VICReg{25, 25, 1},               // Bardes et al. 2022
		"{name: barlow, scale: .1}": objective.Barlow{0.0051, 0.1},             // the authors' code
		"byol":                      objective.BYOL{0.996},                     // Grill et al. 2020
		"moco":                      objective.MoCo{0.2, 0.99, 4096, true, 32}, // temperature: MoCo v2
		"supervised":                objective.Supervised{},
	} {
		if got, err := read(t, text, start); err != nil || got != want {
			t.Errorf("%s: %+v (%v), want %+v", text, got, err, want)
		}
	}
}

func TestDecode_AnotherKindOfNegativesStartsFromItsOwnNumbers(t *testing.T) {
	before := objective.SimCLR{0.2, of("patch-same", 4, 6)}
	for text, want := range map[string]objective.Objective{
		"{negatives: batch}":                 objective.SimCLR{0.2, of("batch", 0, 0)},
		"{negatives: crop-same}":             objective.SimCLR{0.2, of("crop-same", 1, 0)},
		"{negatives: patch-fixed, patch: 5}": objective.SimCLR{0.2, of("patch-fixed", 0, 5)},
		"{negatives: patch-same}":            before,
		"{patch: 5}":                         objective.SimCLR{0.2, of("patch-same", 4, 5)},
		"{temperature: 1}":                   objective.SimCLR{1, of("patch-same", 4, 6)},
	} {
		if got, err := read(t, text, before); err != nil || got != want {
			t.Errorf("%s: %+v (%v), want %+v", text, got, err, want)
		}
	}
}

func TestDecode_RefusesAParameterOfAnotherMethod(t *testing.T) {
	const unused = " does not use: leave it out"
	for text, want := range map[string]string{
		"{name: vicreg, temperature: 0.2}": "objective.temperature is a parameter that vicreg" + unused,
		"{name: supcon, negatives: batch}": "objective.negatives is a parameter that supcon" + unused,
		"{temprature: 0.2}":                `unknown key "objective.temprature": did you mean "objective.temperature"?`,
		"{name: simclar}":                  `unknown objective "simclar": did you mean "simclr"?`,
	} {
		if _, err := read(t, text, objective.SimCLR{Temperature: 0.5}); !usage.Is(err) || err.Error() != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestEncode_WritesEveryParameter(t *testing.T) {
	for _, c := range []struct {
		objective objective.Objective
		want      string
	}{
		{objective.Barlow{0.01, 1}, `{"name":"barlow","lambda":0.01,"scale":1}`},
		{objective.SimCLR{Temperature: 0.2}, `{"name":"simclr","temperature":0.2,"negatives":"batch"}`},
		{objective.DCLW{0.2, of("patch-same", 0, 0), 0.5},
			`{"name":"dclw","temperature":0.2,"negatives":"patch-same","negatives_k":1,"patch":8,"sigma":0.5}`},
		{objective.SimSiam{}, `{"name":"simsiam"}`},
	} {
		text, err := objective.EncodeJSON(c.objective)
		if err != nil || string(text) != c.want {
			t.Errorf("%s, %v, want %s", text, err, c.want)
		}
		back, err := objective.DecodeJSON(text, "objective", nil)
		if err != nil || back != objective.Resolved(c.objective) {
			t.Errorf("%s is read as %+v, %v", text, back, err)
		}
	}
}
