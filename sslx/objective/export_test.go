package objective

import (
	"maps"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

// SetDefault changes the defaults of a method, and returns a function that undoes it.
func SetDefault(name string, o Objective) (undo func()) { return objectives.Replace(name, o) }

// WithSharpness returns inputs on which every temperature is 1/sharpness.
func WithSharpness(in Inputs, sharpness *Node) Inputs {
	in.sharpness = sharpness
	return in
}

// NegativesKinds returns all kinds of negatives.
func NegativesKinds() []string { return slices.Sorted(maps.Keys(negativesKinds)) }

// CheckNeeds is what Check does with needs.
var CheckNeeds = checkNeeds
