package evaluate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/progress"
	"github.com/sslx-go/lab/sslx/record"
)

// nearestCentroid gives a test image the class whose mean training feature is nearest to it. It stands for a protocol
// of another module; TestMain registers it.
type nearestCentroid struct{}

func (nearestCentroid) Measure(_ context.Context, in Input) ([]Outcome, error) {
	var all []Outcome
	for _, t := range in.Tasks {
		means, counts := make([][]float64, t.Classes), make([]float64, t.Classes)
		for i, label := range t.Labels {
			if means[label] == nil {
				means[label] = make([]float64, in.Train.D)
			}
			counts[label]++
			for k, v := range in.Train.Row(i) {
				means[label][k] += float64(v)
			}
		}

		predicted := make([]int32, in.Test.N)
		for i := range predicted {
			best := -1.0
			for class, mean := range means {
				distance := 0.0
				for k, v := range in.Test.Row(i) {
					d := float64(v) - mean[k]/counts[class]
					distance += d * d
				}
				if best < 0 || distance < best {
					best, predicted[i] = distance, int32(class)
				}
			}
		}
		all = append(all, Outcome{Task: t.Name, Predicted: [][]int32{predicted},
			Protocol: record.Protocol{Details: "euclidean"}})
	}
	return all, nil
}

// silent and broken are protocols of another module that give nothing.
type (
	silent struct{}
	broken struct{}
)

func (silent) Measure(context.Context, Input) ([]Outcome, error) { return nil, nil }

func (broken) Measure(_ context.Context, in Input) ([]Outcome, error) {
	in.Tasks = nil
	return []Outcome{{Task: in.Tasks[0].Name}}, nil
}

func TestSession_ReportsProtocolsThatGiveNothing(t *testing.T) {
	var warned []string
	s := &session{opt: Options{Options: progress.Options{Warn: func(w string) { warned = append(warned, w) }}}}
	in := Input{Model: Model{Name: "simclr"}, Train: probe.Features{Layer: "encoder"}}
	g := group{name: "birds"}
	if got, err := s.ask(t.Context(), named{name: "silent", Protocol: silent{}}, in, g); len(got) != 0 || err != nil {
		t.Errorf("got %v (%v)", got, err)
	}
	if len(warned) != 1 || warned[0] != "protocol silent returned no result for layer encoder of simclr on birds" {
		t.Errorf("warned %q", warned)
	}

	// A bug of a protocol is named as its own, and has its stack with %+v.
	_, err := s.ask(t.Context(), named{name: "broken", Protocol: broken{}}, in, g)
	if err == nil || !strings.HasPrefix(err.Error(), "protocol broken: runtime error: index out of range") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(fmt.Sprintf("%+v", err), "protocol_test.go") {
		t.Error("the stack is lost")
	}
	if _, err := s.ask(t.Context(), named{name: "cka", Protocol: CKA{}}, in, g); err != nil || len(warned) != 2 {
		t.Errorf("warned %q (%v)", warned, err)
	}
}

func TestSession_ReportsProtocolsThatWereNotAsked(t *testing.T) {
	var warned []string
	s := &session{opt: Options{Protocols: []string{AllProtocols, "silent", "picky"},
		Options: progress.Options{Warn: func(w string) { warned = append(warned, w) }}}}
	in := Input{Train: probe.Features{Layer: "encoder"}}
	if _, err := s.ask(t.Context(), named{name: "silent", Protocol: silent{}}, in, group{}); err != nil {
		t.Fatal(err)
	}

	warned = nil
	s.warnUnasked()
	if len(warned) != 1 || !strings.HasPrefix(warned[0], "protocol picky measured nothing: ") {
		t.Errorf("warned %q", warned)
	}
}

func TestRegister_GivesAProtocolAName(t *testing.T) {
	if names := Names(); names[len(names)-1] != "nearest-centroid" || names[0] != ProtocolKNN {
		t.Errorf("names %v", names)
	}
	if _, err := protocolsNamed([]string{"nearest-centroit"}); !usage.Is(err) ||
		!strings.Contains(err.Error(), `did you mean "nearest-centroid"`) {
		t.Errorf("got %v", err)
	}
	found, err := protocolsNamed([]string{AllProtocols})
	if err != nil || len(found) != len(builtIn)+1 {
		t.Fatalf("all protocols are %d (%v)", len(found), err)
	}

	last := found[len(found)-1]
	pinned := last.pinned(Outcome{Protocol: record.Protocol{Details: "euclidean"}}, "projector0", "")
	if pinned.String() != "nearest-centroid/euclidean@projector0" || pinned.Name() != last.name {
		t.Errorf("its results are those of %s", pinned)
	}
	if last.measures(Model{}, record.LayerPixels) || !last.measures(Model{}, LayerPooled) {
		t.Error("raw pixels are not measured once")
	}
}

func TestRegister_PanicsOnANameThatTextsCannotHold(t *testing.T) {
	for _, name := range []string{AllProtocols, "a/b", "a@b", "", ProtocolKNN} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was registered", name)
				}
			}()
			Register(name, nearestCentroid{})
		}()
	}
}

func TestDescribe_EveryBuiltInProtocolSaysWhatItMeasures(t *testing.T) {
	seen := map[string]string{"": "no protocol"}
	for _, name := range builtIn {
		text := Describe(name)
		if other, ok := seen[text]; ok {
			t.Errorf("%s says %q, as %s does", name, text, other)
		}
		seen[text] = name
	}
	if text := Describe("nobody's"); text != "" {
		t.Errorf("a protocol that is not there says %q", text)
	}
}

func TestPinned_KeepsTheFamiliesOfBuiltInProtocols(t *testing.T) {
	for name, want := range map[string]string{
		ProtocolKNN:       pin(KNN{}).String(),
		ProtocolLinear:    pin(Linear{}).String(),
		ProtocolLinearSGD: pin(LinearSGD{}).String(),
		ProtocolMLP:       pin(MLP{}).String(),
		ProtocolFewShot:   pin(probe.FewShotOptions{}).String(),
		ProtocolLabelFree: record.MetricRankMe,
		ProtocolCKA:       "cka/linear/untrained",
	} {
		p := named{name: name}
		got := p.pinned(Outcome{Protocol: record.ParseProtocol(want)}, "encoder", "")
		if got.String() != want+"@encoder" {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}

	// Other parameters of a built-in protocol can have a name of their own.
	p := named{name: "knn-5"}
	if got := p.pinned(Outcome{Protocol: pin(KNN{probe.KNNOptions{K: 5}})}, "encoder", ""); got.Name() != "knn-5" {
		t.Errorf("got %s", got)
	}
}

func TestNames_AreThoseOfTheBuiltInProtocolsFirst(t *testing.T) {
	if names := Names(); !slices.Equal(names[:len(builtIn)], builtIn) {
		t.Errorf("got %v", names)
	}
}
