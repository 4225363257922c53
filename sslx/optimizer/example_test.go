package optimizer_test

import (
	"context"
	"fmt"
	"log"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/optimizer"
)

// Forty steps towards the minimum of (w - 3)².
func ExampleConfig_Update() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()

	const steps = 40
	config := optimizer.Config{Rule: optimizer.SGD{Momentum: 0.5}, LR: 0.2, Scale: "none"}
	if err := config.Check(); err != nil {
		log.Fatal(err)
	}

	store := model.NewStore()
	w := store.RootScope().VariableWithValue("w", float32(0))
	exec, err := model.NewExec(h.Backend, store, func(scope *model.Scope, lr, step *Node) *Node {
		loss := Square(AddScalar(w.NodeValue(lr), -3.0))
		gradients := Gradient(loss, w.NodeValue(lr))
		config.Update(scope.At("optimizer"), []*model.Variable{w}, gradients, lr, step)
		return loss
	})
	if err != nil {
		log.Fatal(err)
	}

	schedule := config.Schedule(256, steps, steps)
	for step := 1; step <= steps; step++ {
		if _, err := exec.Call(float32(schedule.At(step)), float32(step)); err != nil {
			log.Fatal(err)
		}
	}
	value, err := w.Value()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", value.Value())
	// Output: 3.00
}

func ExampleConfig_Schedule() {
	config := optimizer.Config{Rule: optimizer.LARS{Momentum: 0.9}, LR: 0.3, Scale: "linear", WarmupEpochs: 1}
	schedule := config.Schedule(1024, 2, 6)
	for step := 1; step <= schedule.Steps; step++ {
		fmt.Printf("%.3f ", schedule.At(step))
	}
	// Output: 0.600 1.200 1.200 1.024 0.600 0.176
}
