package evaluate_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/evaluate"
)

// Majority predicts the most frequent class of the training images, whatever the features are: what a representation
// must beat.
type Majority struct{}

// Measure predicts every task of the input.
func (Majority) Measure(_ context.Context, in evaluate.Input) (all []evaluate.Outcome, err error) {
	for _, task := range in.Tasks {
		counts, most := make([]int, task.Classes), int32(0)
		for _, label := range task.Labels {
			if counts[label]++; counts[label] > counts[most] {
				most = label
			}
		}

		predicted := make([]int32, in.Test.N)
		for i := range predicted {
			predicted[i] = most
		}
		all = append(all, evaluate.Outcome{Task: task.Name, Predicted: [][]int32{predicted}})
	}
	return all, nil
}

// A protocol of another module has a name from then on: evaluate.Options{Protocols: []string{"majority"}} measures by
// it, and a name that is almost right is an error that suggests it.
func ExampleRegister() {
	evaluate.Register("majority", Majority{})

	fmt.Println(slices.Contains(evaluate.Names(), "majority"))
	_, err := evaluate.Named("majorety")
	fmt.Println(err)
	// Output:
	// true
	// unknown protocol "majorety": did you mean "majority"?
}

// A finished run is measured by nearest neighbors on its own labels and on another data set, next to raw pixels and the
// untrained encoder.
func ExampleRun() {
	results, err := evaluate.Run(context.Background(), "runs/first", evaluate.Options{
		Tasks:     []string{"class", "eurosat"},
		Protocols: []string{evaluate.ProtocolKNN},
		Baselines: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		fmt.Println(r.Model, r.Task, r.Protocol, r.Value)
	}
}

// An encoder from a file is measured like a run; the file does not say how its images are normalized.
func ExampleWeights() {
	results, err := evaluate.Weights(context.Background(), "resnet18.safetensors", evaluate.Options{
		Data: "cifar10",
		Weights: weights.Options{Size: 32, Mean: []float64{0.485, 0.456, 0.406},
			Std: []float64{0.229, 0.224, 0.225}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range results {
		fmt.Println(r.Task, r.Protocol, r.Value)
	}
}
