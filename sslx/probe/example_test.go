package probe_test

import (
	"context"
	"fmt"
	"log"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/probe"
)

func ExampleKNN() {
	handle, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer handle.Close()

	train := probe.Features{N: 4, D: 2, X: []float32{1, 0, 1, 0.2, 0, 1, 0.2, 1}}
	test := probe.Features{N: 2, D: 2, X: []float32{3, 0.1, 0.1, 5}}
	options := probe.KNNOptions{K: 2}
	predicted, err := probe.KNN(handle.Backend, train, []int32{0, 0, 1, 1}, test, 2, options)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(options, predicted)
	// Output: knn/cosine/k2/t0.07 [0 1]
}

func ExampleLinearProbe() {
	handle, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer handle.Close()

	train := probe.Features{N: 6, D: 1, X: []float32{-3, -2, -1, 1, 2, 3}}
	val := probe.Features{N: 2, D: 1, X: []float32{-1.5, 1.5}}
	test := probe.Features{N: 3, D: 1, X: []float32{-0.5, 0.5, 9}}
	options := probe.LinearOptions{}
	labels, valLabels := []int32{0, 0, 0, 1, 1, 1}, []int32{0, 1}
	result, err := probe.LinearProbe(handle.Backend, train, labels, val, valLabels, test, 2, options)
	if err != nil {
		log.Fatal(err)
	}
	accuracy, err := probe.Accuracy(result.Predicted, []int32{0, 1, 0}, 2)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %v, L2 %g, accuracy %.2f\n", options, result.Predicted, result.L2, accuracy)
	// Output: linear/lbfgs/l2-val: [0 1 1], L2 10, accuracy 0.67
}

func ExampleLinearSGD() {
	handle, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer handle.Close()

	train := probe.Features{N: 6, D: 1, X: []float32{-3, -2, -1, 1, 2, 3}}
	test := probe.Features{N: 3, D: 1, X: []float32{-0.5, 0.5, 9}}
	options := probe.SGDOptions{Epochs: 20}
	result, err := probe.LinearSGD(handle.Backend, train, []int32{0, 0, 0, 1, 1, 1}, test, 2, options)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s: %v, train loss %.2f at first\n", options, result.Predicted, result.TrainLoss[0])
	// Output: linear/sgd/b256/e20: [0 1 1], train loss 0.69 at first
}

func ExampleMLPProbe() {
	handle, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer handle.Close()

	// The class is whether the two values agree, which no linear probe can tell.
	train := probe.Features{N: 4, D: 2, X: []float32{-1, -1, -1, 1, 1, -1, 1, 1}}
	test := probe.Features{N: 2, D: 2, X: []float32{-2, 2, 2, 2}}
	options := probe.MLPOptions{Width: 64, LR: 0.1}
	result, err := probe.MLPProbe(handle.Backend, train, []int32{1, 0, 0, 1}, test, 2, options)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(options, result.Predicted, len(result.PredictedAt))
	// Output: mlp/adamw/h64/e30/lr0.1 [0 1] 30
}

func ExampleFewShot() {
	handle, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer handle.Close()

	train := probe.Features{N: 6, D: 1, X: []float32{-3, -2, -1, 1, 2, 3}}
	test := probe.Features{N: 2, D: 1, X: []float32{-5, 5}}
	options := probe.FewShotOptions{PerClass: 2}
	programs, err := probe.NewPrograms(handle.Backend)
	if err != nil {
		log.Fatal(err)
	}
	defer programs.Close()
	predicted, err := probe.FewShot(programs, train, []int32{0, 0, 0, 1, 1, 1}, test, 2, options)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(options, predicted)
	// Output: fewshot/lbfgs/2-per-class/draws3 [[0 1] [0 1] [0 1]]
}

func ExampleSubset() {
	labels := []int32{0, 1, 0, 1, 0, 1}
	all, err := probe.Subset(labels, 2, 3, 1)
	fmt.Println(all, err)
	_, err = probe.Subset(labels, 2, 4, 1)
	fmt.Println(err)
	// Output:
	// [0 1 2 3 4 5] <nil>
	// class 0 has 3 train images: 4 of each class cannot be drawn
}

func ExampleSubsetShare() {
	indices, err := probe.SubsetShare([]int32{0, 0, 0, 0, 0, 0, 1}, 0.01, 1)
	fmt.Println(len(indices), err)
	// Output: 2 <nil>
}

func ExampleLiDAR() {
	// The corners of a square. Views agree on the first dimension only.
	view := probe.Features{N: 4, D: 2, X: []float32{1, 1, 1, -1, -1, 1, -1, -1}}
	other := probe.Features{N: 4, D: 2, X: []float32{1, 3, 1, 1, -1, 3, -1, 1}}
	same, err := probe.LiDAR([]probe.Features{view, view})
	if err != nil {
		log.Fatal(err)
	}
	shifted, err := probe.LiDAR([]probe.Features{view, other})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f %.2f\n", same, shifted)
	// Output: 2.00 1.00
}

func ExampleCKA() {
	a := probe.Features{N: 4, D: 2, X: []float32{1, 1, 1, -1, -1, 1, -1, -1}}
	first := probe.Features{N: 4, D: 1, X: []float32{5, 5, 3, 3}} // a's first dimension, shifted
	self, err := probe.CKA(a, a)
	if err != nil {
		log.Fatal(err)
	}
	half, err := probe.CKA(a, first)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f %.2f\n", self, half)
	// Output: 1.00 0.71
}
