package encoder_test

import (
	"context"
	"fmt"
	"log"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/encoder"
)

// Representations and embeddings of four images.
func ExampleConvNet() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	network := encoder.ConvNet{Width: 8}
	store := model.NewStore()
	store.RootScope().SetParam(encoder.ParamSeed, uint64(1))
	exec, err := model.NewExec(h.Backend, store, func(scope *model.Scope, images *Node) (h, z *Node) {
		h = network.Build(scope.At("encoder"), images, encoder.Train)
		layers := encoder.Projector(scope.At("projector"), h, []int{128, 32}, encoder.Train)
		return h, layers[len(layers)-1]
	})
	if err != nil {
		log.Fatal(err)
	}
	images := tensors.FromFlatDataAndDimensions(make([]float32, 4*16*16*3), 4, 16, 16, 3)
	outputs, err := exec.Call(images)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("representation:", outputs[0].Shape(), "embedding:", outputs[1].Shape())
	// Output: representation: (Float32)[4, 64] embedding: (Float32)[4, 32]
}

func ExampleNames() {
	fmt.Println(encoder.Names()[0])
	_, err := encoder.Named("resnet-18")
	fmt.Println(err)
	// Output:
	// convnet
	// unknown encoder "resnet-18": did you mean "resnet18"?
}
