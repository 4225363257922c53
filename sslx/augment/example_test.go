package augment_test

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/augment"
)

// Two views of three images. Samples are the images' indices in their data set.
func ExamplePipeline() {
	pipeline := augment.Pipeline{
		augment.NewResizedCrop(32, 0.08),
		augment.HorizontalFlip{Probability: 0.5},
	}
	views := MustNewExec(testbackend.Open(nil), func(pixels, stream, samples *Node) (a, b, flipped *Node) {
		images := augment.FromBytes(pixels)
		first := pipeline.Make(images, augment.Key{Stream: stream, Samples: samples, View: 0})
		second := pipeline.Make(images, augment.Key{Stream: stream, Samples: samples, View: 1})
		return first.Images, second.Images, first.Params[1]["flipped"]
	})
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
