package augment

import (
	"maps"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"
)

func sortedNames(p Params) []string { return slices.Sorted(maps.Keys(p)) }

// flat lists the parameters of a pipeline in the order of the operations and of the names.
func flat(params []Params) (nodes []*Node) {
	for _, p := range params {
		for _, name := range sortedNames(p) {
			nodes = append(nodes, p[name])
		}
	}
	return nodes
}

// unflat returns nodes by name.
func unflat(nodes []*Node, names []string) Params {
	params := Params{}
	for i, name := range names {
		params[name] = nodes[i]
	}
	return params
}
