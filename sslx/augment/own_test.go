package augment_test

import (
	"context"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/backend"
)

// ColorCast multiplies the channels of an image by factors of their own with the given probability, each uniform
// between 1-Strength and 1+Strength.
type ColorCast struct {
	augment.SameSize
	Strength    float64 `yaml:"strength"`
	Probability float64 `yaml:"probability"`
}

func init() { augment.Register("color-cast", ColorCast{Strength: 0.2, Probability: 0.5}) }

func (ColorCast) Name() string { return "color-cast" }

func (o ColorCast) Draw(uniform, _ augment.Source, _, _, channels int) augment.Params {
	return augment.Params{"cast": uniform(1), "factors": augment.Between(uniform(channels), 1-o.Strength, 1+o.Strength)}
}

func (o ColorCast) Apply(images *Node, p augment.Params) *Node {
	factors := InsertAxes(p["factors"], 1, 1) // [batch, 1, 1, channels]
	cast := ClipScalar(Mul(images, factors), 0, 1)
	return Where(augment.Applies(p["cast"], o.Probability), cast, images)
}

// An operation of another module: its name is known to the key "operations" of a view.
func ExampleRegister() {
	var config struct{ Views augment.Views }
	recipe := "views: [{count: 2, flip: 0.5, operations: [{name: color-cast, probability: 1}]}]"
	if err := yaml.Unmarshal([]byte(recipe), &config); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(config.Views)

	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	views, err := NewExec(h.Backend, func(pixels, stream, samples *Node) *Node {
		images := augment.FromBytes(pixels)
		view := config.Views[0].Pipeline(8, 8).Make(images, augment.Key{Stream: stream, Samples: samples})
		return ReduceMean(view.Images, 1, 2)
	})

	if err != nil {
		fmt.Println(err)
		return
	}
	defer views.Finalize()

	// Three gray images, of which each gets a cast of its own.
	gray := make([]uint8, 3*8*8*3)
	for i := range gray {
		gray[i] = 128
	}

	pixels := tensors.FromFlatDataAndDimensions(gray, 3, 8, 8, 3)
	made, err := views.Call(pixels, augment.Stream(1, 0), []uint32{0, 1, 2})
	if err != nil {
		fmt.Println(err)
		return
	}

	for _, color := range made[0].Value().([][]float32) {
		fmt.Printf("%.2f\n", color)
	}
	// Output:
	// [{count: 2, flip: 0.5, operations: [{name: color-cast, strength: 0.2, probability: 1}]}]
	// [0.48 0.44 0.59]
	// [0.52 0.49 0.46]
	// [0.48 0.49 0.53]
}
