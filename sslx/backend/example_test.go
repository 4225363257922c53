package backend_test

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/sslx-go/lab/sslx/backend"
)

func ExampleOpen() {
	h, err := backend.Open(context.Background(), backend.Options{Config: "go"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()
	sum, err := graph.ExecOnce(h.Backend, graph.ReduceAllSum, []float32{1, 2, 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(h.Name, sum.Value())
	// Output: go 6
}

// What is wrong with a machine, and how to fix it. Doctor downloads nothing; "" leaves out
// the programs of notebooks.
func ExampleDoctor() {
	report := backend.Doctor(context.Background(), "")
	for _, c := range report.Checks {
		if !c.OK {
			fmt.Printf("%s: %s; %s\n", c.Name, c.Detail, c.Fix)
		}
	}
	fmt.Println(report.OK, report.Backend.Name)
}
