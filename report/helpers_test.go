package report

import "github.com/sslx-go/lab/sslx/record"

// result returns a test accuracy of kNN on 1000 images.
func result(model, task string, value float64) record.Result {
	layer := "encoder"
	if model == record.ModelPixels {
		layer = "pixels"
	}
	return record.Result{Model: model, Task: task, Protocol: record.ParseProtocol("knn/cosine/k20/t0.07@" + layer), Layer: layer,
		Split: "test", Metric: record.MetricAccuracy, Value: value, N: 1000, Run: "r"}
}

// threeModels are made-up results on two tasks: ahead of the floors on shape, behind on hue.
func threeModels() []record.Result {
	return []record.Result{
		result("simclr", "factors/shape", 0.6127), result(record.ModelPixels, "factors/shape", 0.2501),
		result(record.ModelUntrained, "factors/shape", 0.3349), result("simclr", "factors/hue", 0.4),
		result(record.ModelPixels, "factors/hue", 0.4215), result(record.ModelUntrained, "factors/hue", 0.31),
	}
}

func share(v float64) *float64 { return &v }

// log is a made-up training log of three lines; chance is ln 511, that of SimCLR with 256 images.
func log() []record.Metrics {
	return []record.Metrics{
		{Step: 10, Epoch: 0.5, Images: 2560, Seconds: 5, Loss: 6.2, Chance: 6.236, Spread: 0.4, ProbeAccuracy: share(0.2)},
		{Step: 20, Epoch: 1, Images: 5120, Seconds: 10, Loss: 5.5, Chance: 6.236, Spread: 0.7, ProbeAccuracy: share(0.4)},
		{Step: 40, Epoch: 2, Images: 10240, Seconds: 200, Loss: 5, Chance: 6.236, Spread: 0.9, ProbeAccuracy: share(0.55)},
	}
}

// images returns n RGB images of the given size, each of one value.
func images(n, height, width int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = make([]byte, height*width*3)
		for k := range out[i] {
			out[i][k] = byte(40 + 10*i)
		}
	}
	return out
}
