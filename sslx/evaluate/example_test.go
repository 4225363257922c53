package evaluate

import "fmt"

func ExampleKNN() {
	train := Features{N: 4, D: 2, X: []float32{1, 0, 1, 0.2, 0, 1, 0.2, 1}}
	test := Features{N: 2, D: 2, X: []float32{3, 0.1, 0.1, 5}}
	options := KNNOptions{K: 2}
	predicted, err := KNN(backend, train, []int32{0, 0, 1, 1}, test, 2, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(options, predicted)
	// Output: knn/cosine/k2/t0.07@encoder [0 1]
}

func ExampleLinearProbe() {
	train := Features{N: 6, D: 1, X: []float32{-3, -2, -1, 1, 2, 3}}
	val := Features{N: 2, D: 1, X: []float32{-1.5, 1.5}}
	test := Features{N: 3, D: 1, X: []float32{-0.5, 0.5, 9}}
	options := LinearOptions{}
	result, err := LinearProbe(backend, train, []int32{0, 0, 0, 1, 1, 1}, val, []int32{0, 1}, test, 2, options)
	if err != nil {
		fmt.Println(err)
		return
	}
	accuracy, err := Accuracy(result.Predicted, []int32{0, 1, 0}, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s: %v, L2 %g, accuracy %.2f\n", options, result.Predicted, result.L2, accuracy)
	// Output: linear/lbfgs/l2-val@encoder: [0 1 1], L2 10, accuracy 0.67
}
