package augment_test

import (
	"context"
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
)

// Two views of three images. Samples are the images' indices in their data set.
func ExamplePipeline() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()

	pipeline := augment.Pipeline{
		augment.NewResizedCrop(32, 0.08),
		augment.HorizontalFlip{Probability: 0.5},
	}

	views := MustNewExec(h.Backend, func(pixels, stream, samples *Node) (a, b, flipped *Node) {
		images := augment.FromBytes(pixels)
		first := pipeline.Make(images, augment.Key{Stream: stream, Samples: samples, View: 0})
		second := pipeline.Make(images, augment.Key{Stream: stream, Samples: samples, View: 1})
		return first.Images, second.Images, first.Params[1]["flipped"]
	})
	defer views.Finalize()

	pixels := tensors.FromFlatDataAndDimensions(make([]uint8, 3*40*48*3), 3, 40, 48, 3)
	const seed, epoch = 1, 0
	made := views.MustCall(pixels, augment.Stream(seed, epoch), []uint32{7, 8, 9})

	fmt.Println(made[0].Shape(), made[1].Shape())
	for _, draw := range tensors.MustCopyFlatData[float32](made[2]) {
		fmt.Println("flipped:", draw < 0.5)
	}
	// Output:
	// (Float32)[3, 32, 32, 3] (Float32)[3, 32, 32, 3]
	// flipped: false
	// flipped: true
	// flipped: true
}

func ExampleStream() {
	const seed = 1
	for epoch := range 2 {
		fmt.Printf("%08x\n", augment.Stream(seed, epoch))
	}
	// Output:
	// [b435a7fa 96eb2785]
	// [0ec66872 2d84e7b1]
}

// A view of a preset with another share of gray, as a configuration file spells it, and how it is recorded.
func ExampleViews() {
	views := augment.MustPreset("cifar")
	for i := range views {
		views[i].Gray = 0.4
	}
	fmt.Println(views.Check())
	fmt.Println(views)
	// Output:
	// <nil>
	// [{count: 2, crop_scale: 0.2, flip: 0.5, jitter: 0.5, gray: 0.4}]
}

// What a view does to each of three images, of which two are flipped.
func ExampleViews_ShowWords() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()

	images := dataset.Images{Pixels: make([]byte, 3*8*8*3), N: 3, Height: 8, Width: 8}
	views := augment.Views{{Flip: 0.5, Noise: 0.1}}
	shown, err := views.ShowWords(h.Backend, images, nil, 1)
	if err != nil {
		fmt.Println(err)
		return
	}

	for _, words := range shown[0].Words {
		fmt.Println(words)
	}
	// Output:
	// [horizontal-flip gaussian-noise]
	// [horizontal-flip gaussian-noise]
	// [gaussian-noise]
}
