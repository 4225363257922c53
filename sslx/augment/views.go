package augment

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/sslx-go/lab/internal/usage"
)

// Views are the views that are made of each image, in their order. In YAML they are
//   - the name of a preset: cifar;
//   - a mapping, which changes every view of the configuration so far: {gray: 0.4}; with the key preset it changes the
//     views of a preset instead: {preset: cifar, gray: 0.4}; the key count says how many views there are, which repeat
//     the given ones in their order;
//   - a list of such mappings, whose views follow one another; a mapping without preset begins with one view without
//     operations: [{crop_scale: 0.2, count: 2}, {preset: simclr, count: 1}].
//
// They are written as a list without presets. In JSON they are a list of [Config].
type Views []Config

// maxViews bounds the number of views, so that a typing error does not ask for all memory.
const maxViews = 64

// Check returns an error of package usage that names the first value out of range.
func (v Views) Check() error {
	if len(v) == 0 || len(v) > maxViews {
		return usage.Errorf("views has %d views: there must be between 1 and %d", len(v), maxViews)
	}
	for i, c := range v {
		name := "views"
		if !v.alike() {
			name = fmt.Sprintf("views[%d]", i)
		}

		if err := c.check(name); err != nil {
			return err
		}
		if c.SameRegion && c.region() != v[0].region() {
			return usage.Errorf("%s.same_region is true, but size, patch or crop are not those of the first view: "+
				"make them equal", name)
		}
	}
	return nil
}

// Equal reports whether two descriptions are the same, view by view.
func (v Views) Equal(other Views) bool { return slices.EqualFunc(v, other, Config.Equal) }

// alike reports whether all views are made in the same way.
func (v Views) alike() bool {
	return !slices.ContainsFunc(v, func(c Config) bool { return !c.Equal(v[0]) })
}

// Make returns the views of images as [Pipeline.Apply] takes them, normalized with the mean and the standard deviation
// of each channel. View i draws its numbers under the key with i added to its view, except the place of its patch and
// crop where it has SameRegion: those are the first view's. Views may differ in size.
func (v Views) Make(images *Node, key Key, mean, std []float64) []View {
	dims := images.Shape().Dimensions
	normalized := func(c canvas) *Node { return c.normalize(mean, std).join() }
	made := make([]View, len(v))
	for i, c := range v {
		own := key
		own.View += i

		var region []Params
		if i > 0 && c.SameRegion {
			region = made[0].Params[:len(c.cut(dims[1], dims[2]))]
		}
		made[i] = c.Pipeline(dims[1], dims[2]).makeWith(images, own, region, normalized)
	}
	return made
}
