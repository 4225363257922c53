package evaluate

import (
	"slices"
	"testing"

	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/record"
)

// Groups stay whole in each cut, and the protocol says so where the cut can change a number.
func TestGroup_HoldsOutWholeGroups(t *testing.T) {
	const n, frames = 240, 6
	g := group{main: make([]int32, n), groups: make([]int32, n),
		train: part{"train", dataset.Images{Pixels: make([]byte, n), N: n, Height: 1, Width: 1, Channels: 1}}}
	for i := range n {
		g.main[i], g.groups[i] = int32(i/frames%2), int32(i/frames)
	}
	g.cut()
	v := g.validation()
	for what, c := range map[string]group{"train": g, "what validation leaves": v} {
		if missing := len(c.main)/10 - len(c.held); missing < -frames || missing > frames {
			t.Errorf("%s: %d of %d images are held out", what, len(c.held), len(c.main))
		}
		for _, i := range c.held {
			if slices.ContainsFunc(c.fit, func(k int) bool { return c.groups[k] == c.groups[i] }) {
				t.Fatalf("%s: group %d is on both sides", what, c.groups[i])
			}
		}
	}

	chosen, fixed := Outcome{Chosen: map[string]float64{"l2": 1}}, Outcome{}
	v.test.name = record.SplitValidation
	for _, c := range []struct {
		g    group
		o    Outcome
		want string
	}{{g, chosen, "/by-group"}, {g, fixed, ""}, {v, fixed, "/by-group"}, {group{}, chosen, ""}} {
		if got := c.g.cutName(c.o); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	linear := named{name: ProtocolLinear}
	o := Outcome{Protocol: pin(Linear{}), Chosen: chosen.Chosen}
	got := linear.pinned(o, "encoder", g.cutName(o))
	if got.String() != "linear/lbfgs/l2-val/by-group@encoder" || got.Name() != ProtocolLinear {
		t.Errorf("got %s", got)
	}
}
