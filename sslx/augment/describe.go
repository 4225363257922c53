package augment

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Drawn holds the parameters that an operation drew for one image by name: those that are one number for each image.
type Drawn map[string]float32

// Describer is an operation that says in its own words what it did to an image.
type Describer interface {
	// Describe returns what the operation did, in a few words, or "" when it left the image alone.
	Describe(d Drawn) string
}

// Describe returns what an operation did to an image: what its method Describe says, or else its name with its
// parameters, sorted by name. "" means that it left the image alone.
func Describe(op Operation, d Drawn) string {
	if describer, ok := op.(Describer); ok {
		return describer.Describe(d)
	}
	return d.words(op.Name())
}

// words returns a name with all parameters but one. A no-break space keeps a parameter and its value on one line.
func (d Drawn) words(name string, but ...string) string {
	words := []string{name}
	for _, parameter := range slices.Sorted(maps.Keys(d)) {
		if !slices.Contains(but, parameter) {
			words = append(words, fmt.Sprintf("%s\u00a0%.3g", parameter, d[parameter]))
		}
	}
	return strings.Join(words, " ")
}

// describeChance is Describe for an operation that applies where a draw is below its probability.
func describeChance(op Operation, d Drawn, draw string, probability float64) string {
	if float64(d[draw]) >= probability {
		return ""
	}
	return d.words(op.Name(), draw)
}
