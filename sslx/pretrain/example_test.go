package pretrain_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// Train an encoder on generated images, and compute the features of test images with it. Another call of Train on the
// same run, as after an interruption, resumes it.
func ExampleTrain() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "sslx")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	set, err := dataset.Factors(ctx, dataset.FactorsOptions{Cache: dir, Train: 96, Test: 10})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	compute, err := backend.Open(ctx, backend.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer compute.Close()

	config := pretrain.Default()
	config.Epochs, config.Batch = 1, 32
	config.Views = augment.Views{{Size: 8, CropScale: 0.2}, {Size: 8, CropScale: 0.2}}
	config.Encoder = encoder.ConvNet{Width: 4}
	config.Projector = []int{16, 8}
	config.Objective = objective.SimCLR{Temperature: 0.2}

	run, err := record.Create(filepath.Join(dir, "run"), config, record.Environment{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = run.Close() }()
	summary, err := pretrain.Train(ctx, compute.Backend, set, run, config, pretrain.Hooks{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Steps, "steps,", summary.Images, "images")

	test, err := set.Split("test")
	if err != nil {
		log.Fatal(err)
	}
	checkpoint := record.CheckpointPath(run.Dir())
	network, err := pretrain.Load(compute.Backend, config, checkpoint, test.Height, test.Width)
	if err != nil {
		log.Fatal(err)
	}
	defer network.Close()
	features, err := network.Features(ctx, test.Images, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(test.N, "images,", len(features[0])/test.N, "features each")
	// Output:
	// 3 steps, 96 images
	// 10 images, 32 features each
}
