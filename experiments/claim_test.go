package experiments

import (
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// register registers claims until the test ends.
func register(t *testing.T, claims ...Claim) {
	t.Helper()
	before := registered
	t.Cleanup(func() { registered = before })
	for _, c := range claims {
		Register(c)
	}
}

func TestRegister_MakesAClaimKnown(t *testing.T) {
	plan := func(s Scale) Plan { return NewPlan(s, nil) }
	register(t, Claim{ID: "flips", Plan: plan}, Claim{ID: "frames", Plan: plan})

	all := Claims()
	if n := len(all); n < 2 || all[n-2].ID != "flips" || all[n-1].ID != "frames" {
		t.Errorf("%d claims are known: %+v", n, all)
	}
	if c, err := Named("flips"); err != nil || c.ID != "flips" {
		t.Errorf("%+v (%v)", c, err)
	}
	if _, err := Named("flip"); !usage.Is(err) || !strings.Contains(err.Error(), `"flips"`) {
		t.Errorf("an unknown claim: %v", err)
	}
}

func TestRegister_PanicsWithoutAnIDOrAPlanAndForATakenID(t *testing.T) {
	plan := func(s Scale) Plan { return NewPlan(s, nil) }
	register(t, Claim{ID: "flips", Plan: plan})
	for name, c := range map[string]Claim{
		"no ID":   {Plan: plan},
		"no plan": {ID: "x"},
		"taken":   {ID: "flips", Plan: plan},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			Register(c)
		}()
	}
}
