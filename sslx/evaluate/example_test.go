package evaluate_test

import (
	"context"
	"fmt"
	"slices"

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
