package dataset_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
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
		batch, indices, err := loader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(indices), batch.N, batch.Height, batch.Width)
	}
	// Output:
	// 25 25 32 32
	// 25 25 32 32
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

// photos makes an image folder with two classes in a new folder, which the caller deletes.
func photos() (folder string) {
	folder, err := os.MkdirTemp("", "photos")
	if err != nil {
		log.Fatal(err)
	}
	for i, name := range []string{"train/cat/1.png", "train/dog/1.png", "test/cat/2.png"} {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			log.Fatal(err)
		}
		img := image.NewGray(image.Rect(0, 0, 20, 16))
		img.Pix[8*20+10] = byte(100 * i)
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	return folder
}

// A folder of images becomes a pack in the cache, and is found there by its name.
func ExampleImport() {
	folder := photos()
	defer func() { _ = os.RemoveAll(folder) }()
	ctx, cache := context.Background(), filepath.Join(folder, ".cache")
	opt := dataset.ImportOptions{Cache: cache, Name: "pets", Size: 8}
	_, report, err := dataset.Import(ctx, folder, opt)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Kind, report.Splits, report.Notes)

	set, err := dataset.Locate(ctx, "pets", dataset.LocateOptions{Cache: cache})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	train, err := set.Split("train")
	if err != nil {
		log.Fatal(err)
	}
	labels, err := train.Labels("class")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(train.N, train.Height, train.Width, labels)
	// Output:
	// image folder [{train 2} {test 1}] [test lacks 1 of the 2 classes of train: dog]
	// 2 8 8 [0 1]
}

// Locate means by a path what it means by a name, and its error says how to get what is not there.
func ExampleLocate() {
	folder := photos()
	defer func() { _ = os.RemoveAll(folder) }()
	opt := dataset.LocateOptions{Cache: filepath.Join(folder, ".cache"), DataDir: folder}
	set, err := dataset.Locate(context.Background(), folder, opt)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	fmt.Println(set.Height(), set.Width(), set.Splits())

	_, err = dataset.Locate(context.Background(), "cifar10", opt)
	fmt.Println(err != nil, dataset.Downloadable(err))
	// Output:
	// 16 20 [train test]
	// true cifar10
}

// The images of a folder are decoded at each use, without a pack.
func ExampleOpenFolder() {
	folder := photos()
	defer func() { _ = os.RemoveAll(folder) }()
	train, err := dataset.OpenFolder(context.Background(), folder, "train", 8)
	if err != nil {
		log.Fatal(err)
	}
	pixels := make([]byte, 8*8*3)
	for i := range train.Len() {
		if err := train.Read(pixels, i); err != nil {
			log.Fatal(err)
		}
		fmt.Println(train.Name(i))
	}
	// Output:
	// train/cat/1.png
	// train/dog/1.png
}

func ExampleImages() {
	images := dataset.Images{Pixels: make([]byte, 4*2*2*3), N: 4, Height: 2, Width: 2}
	images.At(3)[0] = 255
	fmt.Println(images.Stride(), images.Slice(2, 4).N, images.Pick([]int{3, 0}).At(0)[0])
	// Output: 12 2 255
}
