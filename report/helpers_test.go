package report

import "github.com/sslx-go/lab/sslx/record"

// result returns a test accuracy of kNN on 1000 images.
func result(model, task string, value float64) record.Result {
	layer := "encoder"
	if model == record.ModelPixels {
		layer = "pixels"
	}
	return record.Result{Model: model, Task: task, Protocol: record.ParseProtocol("knn/cosine/k20/t0.07@" + layer),
		Layer: layer, Split: "test", Metric: record.MetricAccuracy, Value: value, N: 1000, Run: "r"}
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
	line := func(step int, epoch, seconds, loss, spread, probe float64) record.Metrics {
		return record.Metrics{Step: step, Epoch: epoch, Images: int64(256 * step), Seconds: seconds, Loss: loss,
			Chance: 6.236, Spread: spread, ProbeAccuracy: &probe}
	}
	return []record.Metrics{
		line(10, 0.5, 5, 6.2, 0.4, 0.2), line(20, 1, 10, 5.5, 0.7, 0.4), line(40, 2, 200, 5, 0.9, 0.55),
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
