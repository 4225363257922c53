package objective

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// Check returns an error of package usage when the configuration names no objective, a parameter is out of range, or
// one is set that the method does not use.
func (c Config) Check() error {
	m, ok := methods[c.Name]
	if !ok {
		return usage.Unknown("objective", c.Name, Names())
	}
	owner := c.Name
	if m.own.Negatives != "" {
		if _, ok := negativeKinds[c.Negatives]; !ok && c.Negatives != "" {
			return usage.Unknown("objective.negatives", c.Negatives, slices.Collect(maps.Keys(negativeKinds)))
		}
		owner += " with negatives " + c.own().Negatives
	}
	own := reflect.ValueOf(c.own())
	for i, value := range fields(c) {
		name := fieldName(i)
		switch {
		case value.IsZero():
		case own.Field(i).IsZero():
			return usage.Errorf("objective.%s is %v, which %s does not use: leave it out", name, value, owner)
		case !positive(value):
			return usage.Errorf("objective.%s is %v: it must be positive (0 takes the method's own)", name, value)
		}
	}
	if c.EMA >= 1 {
		return usage.Errorf("objective.ema is %g: it must be below 1, or the target would never move", c.EMA)
	}
	return nil
}

// positive reports whether a number is positive and finite; text is.
func positive(value reflect.Value) bool {
	switch {
	case value.CanInt():
		return value.Int() > 0
	case value.CanFloat():
		return value.Float() > 0 && value.Float() < math.Inf(1)
	}
	return true
}

// CheckBatch returns an error of package usage when the objective is not defined for a batch of that many images. The
// configuration must pass Check.
func (c Config) CheckBatch(images int) error {
	c = c.Resolved()
	least, why := max(1, methods[c.Name].least), "the spread over a batch is not defined for fewer"
	switch {
	case c.Negatives == randomK:
		least, why = c.NegativesK+1, "negatives_k counts the others"
	case c.Negatives == batchNegatives && c.Name != "simclr":
		least, why = 2, "there would be no negative"
	}
	if images >= least {
		return nil
	}
	return usage.Errorf("objective %s needs a batch of %d images or more and got %d: %s", c.Name, least, images, why)
}

// Resolved returns the configuration with the method's own values in place of zeros. It must pass Check.
func (c Config) Resolved() Config {
	own, target := reflect.ValueOf(c.own()), reflect.ValueOf(&c).Elem()
	for i, value := range fields(c) {
		if value.IsZero() {
			target.Field(i).Set(own.Field(i))
		}
	}
	return c
}

// own returns the values that zeros of c stand for; a parameter that c's method does not use is zero there.
func (c Config) own() Config {
	own := methods[c.Name].own
	own.Name = c.Name
	if own.Negatives == "" {
		return own
	}
	if c.Negatives != "" {
		own.Negatives = c.Negatives
	}
	kind := negativeKinds[own.Negatives]
	own.NegativesK, own.Patch = kind.k, kind.patch
	return own
}

// fields returns the values of the fields of c, in order, which fieldName gives the keys of.
func fields(c Config) []reflect.Value {
	values := make([]reflect.Value, reflect.TypeFor[Config]().NumField())
	for i := range values {
		values[i] = reflect.ValueOf(c).Field(i)
	}
	return values
}

func fieldName(i int) string {
	name, _, _ := strings.Cut(reflect.TypeFor[Config]().Field(i).Tag.Get("yaml"), ",")
	return name
}
