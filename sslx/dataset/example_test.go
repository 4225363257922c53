package dataset_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/sslx-go/lab/sslx/dataset"
)

func ExampleStratifiedHoldOut() {
	labels := []int32{0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1}
	keep, held := dataset.StratifiedHoldOut(labels, 0.25, 1)
	perClass := map[int32]int{}
	for _, i := range held {
		perClass[labels[i]]++
	}
	fmt.Println(len(keep), len(held), perClass)
	// Output: 9 3 map[0:1 1:2]
}

// An epoch in batches of 25, prepared by two goroutines. The last, partial batch is left out.
func ExampleLoader() {
	cache, err := os.MkdirTemp("", "sslx")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(cache) }()
	ctx := context.Background()
	set, err := dataset.Factors(ctx, dataset.FactorsOptions{Cache: cache, Train: 60, Test: 12})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	train, err := set.Split("train")
	if err != nil {
		log.Fatal(err)
	}
	order := rand.New(rand.NewPCG(1, 0)).Perm(train.Len())[:50]
	loader := dataset.NewLoader(ctx, train, slices.Chunk(order, 25), dataset.LoaderOptions{Workers: 2})
	defer loader.Close()
	for {
		pixels, indices, err := loader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(indices), len(pixels))
	}
	// Output:
	// 25 76800
	// 25 76800
}

func ExampleFactors() {
	cache, err := os.MkdirTemp("", "sslx")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(cache) }()
	set, err := dataset.Factors(context.Background(), dataset.FactorsOptions{Cache: cache, Train: 60, Test: 12})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	train, err := set.Split("train")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Height(), set.Width(), train.N, len(train.Pixels))
	for _, task := range set.Tasks() {
		fmt.Println(task.Name, len(task.Classes))
	}
	// Output:
	// 32 32 60 184320
	// shape 6
	// object_hue 8
	// texture 6
	// background_hue 8
	// scale 4
	// position 9
	// orientation 4
}
