package embedding_test

import (
	"context"
	"fmt"
	"log"

	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/embedding"
)

// The features of one image, by the encoder of a finished run.
func ExampleLoad() {
	ctx := context.Background()
	model, err := embedding.Load(ctx, "runs/first", embedding.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = model.Close() }()

	size, _ := model.Size()
	bird, err := dataset.ReadImage(ctx, "bird.jpg", size)
	if err != nil {
		log.Fatal(err)
	}
	features, err := model.EmbedImages(ctx, bird)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(features.D, "numbers:", features.Row(0))
}

// The features of a folder of images are written once; then the images most like one of them are found.
func ExampleWrite() {
	ctx := context.Background()
	model, err := embedding.Load(ctx, "runs/first", embedding.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = model.Close() }()
	if _, err := embedding.Write(ctx, model, "photos", "photos.parquet", embedding.WriteOptions{}); err != nil {
		log.Fatal(err)
	}

	index, err := embedding.ReadIndex("photos.parquet")
	if err != nil {
		log.Fatal(err)
	}
	size, _ := model.Size()
	bird, err := dataset.ReadImage(ctx, "bird.jpg", size)
	if err != nil {
		log.Fatal(err)
	}
	features, err := model.EmbedImages(ctx, bird)
	if err != nil {
		log.Fatal(err)
	}
	neighbors, err := index.Nearest(features.Row(0), 5)
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range neighbors {
		fmt.Printf("%.3f %s\n", n.Similarity, index.Rows[n.Row].Name)
	}
}
