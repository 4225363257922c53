package augment

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
)

func TestRegister_EveryOperationIsWrittenWithAllItsParametersAndReadBack(t *testing.T) {
	for name, op := range operations() {
		written := Views{{Operations: Pipeline{op}}}
		if err := written.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if NameOf(op) != name {
			t.Errorf("%T has the name %q, want %q", op, NameOf(op), name)
		}
		text := written.String()
		if !strings.Contains(text, "operations: [{name: "+name) || strings.Contains(text, "samesize") {
			t.Errorf("%s is written as %s", name, text)
		}
		if read, err := readViews(text); err != nil || !read.Equal(written) {
			t.Errorf("%s reads back as %+v (%v)", text, read, err)
		}

		text, read := mustJSON(t, written), Views(nil)
		if err := json.Unmarshal([]byte(text), &read); err != nil || !read.Equal(written) {
			t.Errorf("%s reads back as %+v (%v)", text, read, err)
		}
	}
}

func TestRegister_EveryDefaultIsInRange(t *testing.T) {
	for _, name := range Names() {
		op, err := Named(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := (Pipeline{op}).Check(); err != nil && name != "sometimes" { // which needs an operation
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOperations_ReadFromNamesAndMappings(t *testing.T) {
	for _, c := range []struct {
		text string
		want Views
	}{
		{"[{operations: [rotation, {name: rotation, degrees: 5}]}]",
			Views{{Operations: Pipeline{Rotation{Degrees: 30}, Rotation{Degrees: 5}}}}},
		{"[{gray: 1, count: 2, operations: [horizontal-flip]}]",
			two(Config{Gray: 1, Operations: Pipeline{HorizontalFlip{Probability: 0.5}}})},
		{"{operations: [{name: sometimes, operation: gaussian-noise, probability: 0.1}]}", Views{
			before[0].with(func(c *Config) { c.Operations = Pipeline{Sometimes{GaussianNoise{Sigma: 0.1}, 0.1}} }),
			before[1].with(func(c *Config) { c.Operations = Pipeline{Sometimes{GaussianNoise{Sigma: 0.1}, 0.1}} })}},
		{"[{operations: [{name: cutout, fill: [0.5, 0.4, 1]}]}]",
			Views{{Operations: Pipeline{Cutout{Side: 16, Fill: [3]float64{0.5, 0.4, 1}}}}}},
		{"[{operations: []}]", Views{{}}},
	} {
		if got, err := readViews(c.text); err != nil || !got.Equal(c.want) {
			t.Errorf("%s: %+v (%v), want %+v", c.text, got, err, c.want)
		}
	}
}

func TestOperations_WrongOnesAreAUsageErrorThatSaysWhatAndWhere(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"rotation", `"views.operations" must be a list of operations`},
		{"{name: rotation}", `"views.operations" must be a list of operations`},
		{"", `"views.operations" has no value`},
		{"[rotatoin]", `unknown operation "rotatoin": did you mean "rotation"?`},
		{"[{degrees: 3}]", `"views.operations[0].name" has no value`},
		{"[rotation, {name: rotation, degree: 3}]", `did you mean "views.operations[1].degrees"?`},
		{"[{name: rotation, probability: 1}]",
			"views.operations[0].probability is a parameter that rotation does not use"},
		{"[{name: rotation, degrees: }]", `"views.operations[0].degrees" has no value`},
		{"[{name: rotation, degrees: many}]", `"views.operations[0].degrees" is many: it must be a number`},
		{"[{name: cutout, side: 2.5}]", `"views.operations[0].side" is 2.5: it must be a whole number`},
		{"[{name: cutout, fill: [1]}]", `"views.operations[0].fill" has 1 values: it must have 3`},
		{"[{name: padding, reflect: 1}]", `"views.operations[0].reflect" is 1: it must be true or false`},
		{"[3]", "views.operations[0]"},
		{"[&a {name: sometimes, operation: *a}]", "sometimes is the operation of sometimes"},
		{"[{name: sometimes, operation: sometimes}]", "sometimes is the operation of sometimes"},
		{"[&a {operation: *a, name: &b sometimes}]", "sometimes is the operation of sometimes"},
		{"&a [*a]", "views.operations[0]"},
		{"[{name: sometimes, operation: rotatoin}]", `did you mean "rotation"?`},
	} {
		_, err := readViews("[{operations: " + c.text + "}]")
		if !usage.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

func TestOperations_CheckSaysWhichParameterIsOutOfRange(t *testing.T) {
	for _, c := range []struct {
		op   Operation
		want string
	}{
		{Rotation{Degrees: 200}, "rotation: degrees is 200: it must be between 0 and 180"},
		{Rotation{Degrees: math.NaN()}, "degrees is NaN"},
		{GaussianBlur{KernelHeight: 4, KernelWidth: 3}, "kernel_height is 4: it must be odd"},
		{GaussianBlur{KernelHeight: 3, KernelWidth: 3, SigmaMin: 2, SigmaMax: 1},
			"sigma_max is 1: it must be between 2"},
		{Posterize{Bits: 9}, "bits is 9"},
		{ResizedCrop{ScaleMin: 0.5, ScaleMax: 0.1}, "scale_max is 0.1: it must be between 0.5 and 1"},
		{Cutout{Fill: [3]float64{0, 2, 0}}, "fill is 2: it must be between 0 and 1"},
		{Padding{Left: -1}, "left is -1"},
		{Sometimes{}, "sometimes: there is no operation"},
		{Sometimes{Rotation{Degrees: -1}, 0.5}, "degrees is -1"},
		{Sometimes{Sometimes{Rotation{}, 0.5}, 0.5}, "sometimes is the operation of sometimes"},
		{Sometimes{Resize{Height: 3}, 0.5}, "changes the size of an image"},
		{unknown{}, "augment.unknown has no name: register it first"},
		{nil, "there is no operation"},
	} {
		err := Views{{}, {Operations: Pipeline{Grayscale{}, c.op}}}.Check()
		if !usage.Is(err) {
			t.Errorf("%+v: %v is no usage error", c.op, err)
			continue
		}
		if text := err.Error(); !strings.HasPrefix(text, "views[1].operations[1]") || !strings.Contains(text, c.want) {
			t.Errorf("%+v: %v, want %q", c.op, err, c.want)
		}
	}
}

// unknown is an operation without a name.
type unknown struct{ Rotation }

// Every number of every operation has a range.
func TestOperations_CheckRefusesNegativeParameters(t *testing.T) {
	for name, op := range operations() {
		fields := reflect.TypeOf(op)
		for i := range fields.NumField() {
			changed := reflect.New(fields).Elem()
			changed.Set(reflect.ValueOf(op))
			switch f := changed.Field(i); {
			case f.CanFloat():
				f.SetFloat(-1)
			case f.CanInt():
				f.SetInt(-1)
			default:
				continue
			}
			if err := (Pipeline{changed.Interface().(Operation)}).Check(); !usage.Is(err) {
				t.Errorf("%s of %s may be negative", fields.Field(i).Name, name)
			}
		}
	}
}

// Recipes without operations keep the keys of their experiments, and their random numbers.
func TestConfig_ZeroValuesAreNotWritten(t *testing.T) {
	const want = `{"size":0,"crop_scale":0,"flip":0,"jitter":0,"gray":0,"noise":0}`
	if got := mustJSON(t, Config{}); got != want {
		t.Errorf("an empty view is %s, want %s: a new field needs omitzero, or all experiments get new keys", got, want)
	}

	text, err := yaml.Marshal(Config{})
	if want := "size: 0\ncrop_scale: 0\nflip: 0\njitter: 0\ngray: 0\nnoise: 0\n"; err != nil || string(text) != want {
		t.Errorf("an empty view is %q (%v), want %q: a new field needs omitempty", text, err, want)
	}
}

func TestConfig_OperationsComeLastWithDrawsOfTheirOwn(t *testing.T) {
	plain := Config{CropScale: 0.2, Flip: 0.5, Noise: 0.1}
	more := plain.with(func(c *Config) {
		c.Operations = Pipeline{VerticalFlip{Probability: 0.5}, CenterCrop{Height: 5}}
	})

	if got := more.Pipeline(8, 9); !reflect.DeepEqual(got, append(plain.Pipeline(8, 9), more.Operations...)) {
		t.Errorf("the pipeline is %+v", got)
	}

	draws := call(t, testbackend.Open(t), func(stream, samples *Node) []*Node {
		key := Key{Stream: stream, Samples: samples}
		return append(flat(more.Pipeline(8, 9).Draw(key, 8, 9, 3)[:3]),
			flat(plain.Pipeline(8, 9).Draw(key, 8, 9, 3))...)
	}, Stream(1, 2), upTo(5))

	n := len(draws) / 2
	for i := range n {
		if d := largestDifference(draws[i], draws[n+i]); d != 0 {
			t.Errorf("parameter %d is changed by an operation that follows: by %g", i, d)
		}
	}
}

func mustJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
