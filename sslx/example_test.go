package sslx_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math"
	"os"
	"os/signal"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// A training that Ctrl-C interrupts saves a checkpoint, from which Resume continues.
func ExamplePretrain() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	cfg := sslx.Default()
	cfg.Data = "factors" // generated on first use; the name of a data set or the path of an image folder works as well
	cfg.Epochs = 2
	cfg.Objective = objective.SimCLR{Temperature: 0.2}

	summary, err := sslx.Pretrain(ctx, "runs/first", cfg, sslx.Options{})
	switch {
	case errors.Is(err, sslx.ErrInterrupted):
		fmt.Println("interrupted at step", summary.Steps)
	case sslx.IsUsage(err):
		log.Fatal("check the configuration: ", err)
	case err != nil:
		log.Fatal(err)
	default:
		fmt.Printf("%d steps, final loss %.3f\n", summary.Steps, summary.FinalLoss)
	}
}

// An interrupted run is resumed with the configuration in its folder; one that is finished stays as it is.
func ExampleResume() {
	progress := func(p sslx.Progress) { fmt.Println(p.Phase, p.Done, "of", p.Total, p.Detail) }

	summary, err := sslx.Resume(context.Background(), "runs/first", sslx.Options{Progress: progress})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Run, "has", summary.Steps, "steps")
}

// Two tasks by two protocols, with raw pixels and the untrained encoder as baselines.
func ExampleEvaluate() {
	results, err := sslx.Evaluate(context.Background(), "runs/first", sslx.EvaluateOptions{
		Tasks:     []string{"shape", "texture"},
		Protocols: []string{"knn", "linear"},
		Baselines: true,
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		if r.Metric == record.MetricAccuracy {
			fmt.Printf("%-10s %-16s %-30s %5.1f %%\n", r.Model, r.Task, r.Protocol, 100*r.Value)
		}
	}
}

// The nearest neighbors of some test images, and how many of them have the same label.
func ExampleIllustrate() {
	gallery, err := sslx.Illustrate(context.Background(), "runs/first", sslx.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for i, query := range gallery.Queries {
		same := 0
		for _, ok := range query.Same {
			if ok {
				same++
			}
		}
		fmt.Printf("image %d: %d of %d neighbors have its %s\n", i, same, len(query.Nearest), gallery.Task)
	}
}

// Assignments change a configuration; a key that is not known is a usage error that suggests the nearest one.
func ExampleReadConfig() {
	c, err := sslx.ReadConfig("", []string{"batch=512", "encoder.name=resnet18"})
	fmt.Println(c.Data, c.Batch, encoder.NameOf(c.Encoder), objective.NameOf(c.Objective), err)

	_, err = sslx.ReadConfig("", []string{"optimizer.lt=0.1"})
	fmt.Println(sslx.IsUsage(err))
	// Output:
	// factors 512 resnet18 simclr <nil>
	// true
}

// Features of two pictures, and how alike they are. In a program without cgo this runs in pure Go.
func ExampleLoad() {
	ctx := context.Background()
	model, err := sslx.Load(ctx, "runs/first", sslx.LoadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = model.Close() }()

	var features [][]float32
	for _, path := range []string{"cat.jpg", "dog.jpg"} {
		size, _ := model.Size()
		image, err := dataset.ReadImage(ctx, path, size)
		if err != nil {
			log.Fatal(err)
		}
		f, err := model.EmbedImages(ctx, image)
		if err != nil {
			log.Fatal(err)
		}
		features = append(features, f.Row(0))
	}

	var product, cats, dogs float64
	for i, x := range features[0] {
		y := features[1][i]
		product, cats, dogs = product+float64(x*y), cats+float64(x*x), dogs+float64(y*y)
	}
	fmt.Printf("cosine of %d features: %.3f\n", model.Dim(), product/math.Sqrt(cats*dogs))
}
