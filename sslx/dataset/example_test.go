package dataset_test

import (
	"context"
	"fmt"
	"log"
	"os"

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
