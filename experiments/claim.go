package experiments

import (
	"fmt"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/plots"
)

// Claim is a belief about self-supervised learning, stated as an experiment. ID and Plan are required to run it, the
// texts to report it.
type Claim struct {
	ID         string // a short word: it names the claim on the command line and in reports
	Belief     string // in plain words
	Prediction string // what would be seen if the belief were true
	Decision   string // how it is decided

	// Withdrawn is the reason why no verdict is given although there are records: a fault in the plan or in the rule.
	// It is "" while the verdict stands.
	Withdrawn string

	// Limits are known weaknesses of the test, one sentence or two each, the most important first.
	Limits []string

	// Plan returns what is run at a scale.
	Plan func(Scale) Plan

	// Judge computes the estimates of a plan from records; one of them may be the one that decides. nil compares the
	// arms as the plan's comparisons say, see [Plan.Compare].
	Judge func(Plan, Records) ([]Estimate, error)

	// Figure draws what the records say of a plan, of all its runs or of those that were made so far; it returns nil
	// where they are too few. If Figure is nil, the plan's comparisons are drawn as a forest plot.
	Figure func(Plan, Records) (*plots.Figure, error)
}

// Rule says how the claim is decided at a scale, in words made from what is applied; "" where the claim has a Judge of
// its own, whose rule only [Claim.Decision] tells.
func (c Claim) Rule(s Scale) string {
	if c.Judge != nil {
		return ""
	}
	return c.Plan(s).Rule()
}

// registered are the claims in the order in which they were registered.
var registered []Claim

// Register makes a claim known by its ID, to the command and to reports. It is called from an init function; it panics
// if the claim has no ID or no plan, or if its ID is taken.
func Register(c Claim) {
	switch {
	case c.ID == "" || c.Plan == nil:
		panic(fmt.Sprintf("experiments: claim %q needs an ID and a plan", c.ID))
	case slices.ContainsFunc(registered, func(other Claim) bool { return other.ID == c.ID }):
		panic(fmt.Sprintf("experiments: claim %q is registered twice", c.ID))
	}
	registered = append(registered, c)
}

// Claims returns the registered claims, in the order of their registration.
func Claims() []Claim { return slices.Clone(registered) }

// Named returns the registered claim of an ID, or a usage error that suggests the nearest one.
func Named(id string) (Claim, error) {
	var ids []string
	for _, c := range registered {
		if c.ID == id {
			return c, nil
		}
		ids = append(ids, c.ID)
	}
	return Claim{}, usage.Unknown("claim", id, ids)
}
