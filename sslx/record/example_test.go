package record_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/sslx-go/lab/sslx/record"
)

// A run folder is made with its configuration, gets results, and is read again without being held.
func ExampleCreate() {
	folder, err := os.MkdirTemp("", "runs")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(folder) }()

	dir := filepath.Join(folder, "first")
	config := map[string]any{"epochs": 2, "data": "factors"}
	run, err := record.Create(dir, config, record.Describe())
	if err != nil {
		log.Fatal(err)
	}
	err = run.AddResults([]record.Result{{
		Model: "simclr", Task: "factors/shape", Run: run.Name(), Layer: record.LayerEncoder,
		Protocol: record.ParseProtocol("knn/cosine/k20/t0.07@encoder"),
		Split:    record.SplitTest, Metric: record.MetricAccuracy, Value: 0.61, N: 4000,
	}})
	if err != nil {
		log.Fatal(err)
	}
	if err := run.Close(); err != nil {
		log.Fatal(err)
	}

	results, err := record.ReadResults(dir)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Println(r.Task, r.Protocol.Family, r.Protocol.Layer, r.Metric, r.Value)
	}
	// Output: factors/shape knn encoder accuracy 0.61
}

func ExampleParseProtocol() {
	p := record.ParseProtocol("linear/sgd/b256/e90@projector0")
	fmt.Println(p.Family, p.Details, p.Layer, p.Name())
	// Output: linear sgd/b256/e90 projector0 linear-sgd
}
