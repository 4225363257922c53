package registry

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/usage"
)

type shape interface{ Area() float64 }

type square struct {
	Side float64 `yaml:"side"`
	Fold int     `yaml:"fold"`
}

func (s square) Area() float64 { return s.Side * s.Side }

func (s square) Check() error {
	if s.Side <= 0 {
		return errors.New("side must be positive")
	}
	return nil
}

// Round is embedded for its method.
type Round struct{}

func (Round) Corners() int { return 0 }

// disk calls itself what it is not registered as, which is of no account for a type of one name.
type disk struct {
	Round
	Radius float64 `yaml:"radius"`
}

func (d disk) Name() string { return "circle" }

func (d disk) Area() float64 { return 3 * d.Radius * d.Radius }

// polygon has a name for each number of corners.
type polygon struct {
	Corners int `yaml:"-"`
}

func (p polygon) Area() float64 { return float64(p.Corners) }
func (p polygon) Name() string  { return map[int]string{3: "triangle", 5: "pentagon"}[p.Corners] }

// paint is what all shapes share.
type paint struct {
	Color string `yaml:"color"`
}

func shapes() *Registry[shape] {
	r := New[shape]("shape")
	r.Register("square", square{Side: 2})
	r.Register("disk", disk{Radius: 1})
	r.Register("triangle", polygon{3})
	r.Register("pentagon", polygon{5})
	return r
}

func TestRegistry_Decode(t *testing.T) {
	r := shapes()
	for _, c := range []struct {
		name, text string
		before     shape
		want       shape
		color      string
	}{
		{"defaults", `{name: square}`, nil, square{Side: 2}, "red"},
		{"a name alone", `disk`, nil, disk{Radius: 1}, "red"},
		{"a parameter of what was named before", `{side: 3}`, square{Side: 2, Fold: 4}, square{3, 4}, "red"},
		{"the same name keeps parameters", `{name: square, fold: 1}`, square{Side: 7}, square{7, 1}, "red"},
		{"another name starts from its defaults", `{name: disk}`, square{Side: 7}, disk{Radius: 1}, "red"},
		{"parameters before the name", `{radius: 4, name: disk}`, square{Side: 7}, disk{Radius: 4}, "red"},
		{"values that name themselves", `{name: pentagon}`, polygon{3}, polygon{5}, "red"},
		{"shared fields", `{color: blue, side: 1}`, square{Side: 2}, square{Side: 1}, "blue"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := paint{Color: "red"}
			got, err := r.Decode(node(t, c.text), "shape", c.before, &p)
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want || p.Color != c.color {
				t.Errorf("got %#v in %s, want %#v in %s", got, p.Color, c.want, c.color)
			}
		})
	}
}

func TestRegistry_DecodeRefuses(t *testing.T) {
	r := shapes()
	for _, c := range []struct{ name, text, want string }{
		{"an unknown name", `{name: sqare}`, `unknown shape "sqare": did you mean "square"?`},
		{"an unknown key", `{sid: 1}`, `unknown key "shape.sid": did you mean "shape.side"?`},
		{"a parameter of another", `{radius: 1}`, "shape.radius is a parameter that square does not use: leave it out"},
		{"a fraction for a whole number", `{fold: 1.5}`, `line 1: "shape.fold" is 1.5: it must be a whole number`},
		{"a text for a number", `{side: many}`, `line 1: "shape.side" is many: it must be a number`},
		{"a list for a number", `{side: [1]}`, `line 1: "shape.side" must be a number`},
		{"no value", `{side: }`, `"shape.side" has no value`},
		{"no name", `{name: }`, `"shape.name" has no value`},
		{"a list", `[1]`, `"shape" needs keys below it`},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := square{Side: 2}
			got, err := r.Decode(node(t, c.text), "shape", before)
			if err == nil || err.Error() != c.want || !usage.Is(err) {
				t.Errorf("got error %v, want %q as a usage error", err, c.want)
			}
			if got != before {
				t.Errorf("the value changed to %#v", got)
			}
		})
	}
}

func TestRegistry_EncodeIsReadBack(t *testing.T) {
	r := shapes()
	for _, thing := range []shape{square{1.5, 3}, disk{Radius: 1e-7}, polygon{5}} {
		text, err := r.EncodeJSON(thing, paint{Color: `a "b"`})
		if err != nil {
			t.Fatal(err)
		}
		named := strings.HasPrefix(string(text), `{"name":`)
		if !json.Valid(text) || !named || strings.Contains(string(text), "round") {
			t.Errorf("%#v is %s", thing, text)
		}

		var p paint
		got, err := r.DecodeJSON(text, "shape", nil, &p)
		if err != nil || got != thing || p.Color != `a "b"` {
			t.Errorf("%s was read as %#v in %q (%v)", text, got, p.Color, err)
		}
	}
}

func TestRegistry_Check(t *testing.T) {
	r := shapes()
	for _, c := range []struct {
		thing shape
		want  string
	}{
		{square{Side: 1}, ""},
		{square{}, "shape square: side must be positive"},
		{nil, "there is no shape: set shape.name to one of [disk pentagon square triangle]"},
		{struct{ shape }{}, "shape struct { registry.shape } has no name: register it first"},
		{struct{ polygon }{polygon{3}}, "shape struct { registry.polygon } has no name: register it first"},
	} {
		err := r.Check(c.thing)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%#v: %v", c.thing, err)
		case c.want != "" && (err == nil || err.Error() != c.want || !usage.Is(err)):
			t.Errorf("%#v: got %v, want %q as a usage error", c.thing, err, c.want)
		}
	}
}

func TestRegistry_RegisterPanicsOnAMistake(t *testing.T) {
	for name, register := range map[string]func(r *Registry[shape]){
		"a name that is taken": func(r *Registry[shape]) { r.Register("disk", square{}) },
		"no name":              func(r *Registry[shape]) { r.Register("", square{}) },
		"an embedded type that yaml.v3 cannot write": func(r *Registry[shape]) {
			r.Register("new", struct{ polygon }{})
		},
		"a pointer": func(r *Registry[shape]) { r.Register("new", &square{}) },
		"nothing":   func(r *Registry[shape]) { r.Register("new", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was accepted")
				}
			}()
			register(shapes())
		})
	}
}

func node(t *testing.T, text string) *yaml.Node {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	return document.Content[0]
}

// frame fills in its height from its width.
type frame struct {
	Width  int `yaml:"width"`
	Height int `yaml:"height"`
}

func (f frame) Area() float64 { return float64(f.Width * f.Height) }

func (f frame) Resolved() shape {
	if f.Height == 0 {
		f.Height = f.Width
	}
	return f
}

func TestRegistry_WhatIsWrittenAndReadIsResolved(t *testing.T) {
	r := New[shape]("shape")
	r.Register("frame", frame{Width: 2})
	for _, text := range []string{"frame", "{name: frame}", "{width: 2}"} {
		if got, err := r.Decode(node(t, text), "shape", frame{Width: 2}); err != nil || got != (frame{2, 2}) {
			t.Errorf("%s: %#v, %v", text, got, err)
		}
	}
	text, err := r.EncodeJSON(frame{Width: 3})
	if want := `{"name":"frame","width":3,"height":3}`; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
}
