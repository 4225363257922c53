package report_test

import (
	"context"
	"fmt"

	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

func ExampleTaskMap() {
	m, err := report.TaskMap([]record.Result{{Model: "simclr", Task: "factors/shape", Split: "test",
		Protocol: record.ParseProtocol("linear/lbfgs/l2-val@encoder"), Metric: "accuracy", Value: 0.75, N: 1000}},
		"simclr")
	fmt.Println(m.Rows, m.Columns, m.Values, m.Unit, err)
	// Output: [factors/shape] [linear/lbfgs/l2-val] [[75]] test accuracy (%) <nil>
}

func ExampleResults() {
	number := func(model, layer string, value float64) record.Result {
		return record.Result{Model: model, Task: "cifar10/class", Layer: layer, Split: record.SplitTest, N: 10000,
			Protocol: record.Protocol{Family: "knn", Details: "cosine/k20/t0.07", Layer: layer},
			Metric:   record.MetricAccuracy, Value: value}
	}
	fmt.Print(report.Results([]record.Result{
		number("simclr", record.LayerEncoder, 0.5731), number(record.ModelUntrained, record.LayerEncoder, 0.3402),
		number(record.ModelPixels, record.LayerPixels, 0.3386),
	}).Markdown())
	// Output:
	// | task | protocol | n | pixels | untrained | simclr |
	// | --- | --- | ---: | ---: | ---: | ---: |
	// | cifar10/class | knn/cosine/k20/t0.07@encoder | 10000 test | 33.9 % | 34.0 % | **57.3 %** |
}

// The page of a run that was trained and evaluated.
func ExampleWriteRun() {
	path, err := report.WriteRun(context.Background(), "runs/first", sslx.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("open", path)
}
