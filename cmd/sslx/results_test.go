package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/record"
)

func table6(tasks ...string) (results []record.Result) {
	for i, model := range []string{"pixels", "untrained", "simclr"} {
		layer := map[bool]string{true: "pixels", false: "encoder"}[model == "pixels"]
		for j, protocol := range []string{"knn/cosine/k20/t0.07@", "linear/lbfgs/l2-val@"} {
			for k, task := range tasks {
				results = append(results, result("r", model, task, protocol+layer, float64(10*i+j+k)/100+0.25))
			}
		}
	}
	return results
}

func TestTheTableHasATaskARowAndAModelAndProtocolAColumn(t *testing.T) {
	var out bytes.Buffer
	if err := printResults(&out, table6("factors/shape", "factors/object_hue")); err != nil {
		t.Fatal(err)
	}
	want := `
                          pixels  pixels  untrained  untrained  simclr  simclr
task                   n     knn  linear        knn     linear     knn  linear
factors/shape       4000    25.0    26.0       35.0       36.0    45.0    46.0
factors/object_hue  4000    26.0    27.0       36.0       37.0    46.0    47.0

        accuracy in % on the test split
knn     knn/cosine/k20/t0.07@pixels
linear  linear/lbfgs/l2-val@pixels
knn     knn/cosine/k20/t0.07@encoder
linear  linear/lbfgs/l2-val@encoder
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestAWideTableIsCutIntoPartsOf100Columns(t *testing.T) {
	results := table6("a-data-set-with-a-long-name/and-a-task-with-a-long-name-too")
	for i := range results {
		results[i].Model += "-of-another-run"
	}
	var out bytes.Buffer
	if err := printResults(&out, results); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "task "); n < 2 {
		t.Errorf("%d parts", n)
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > pageColumns+1 {
			t.Errorf("%d columns: %s", len(line)-1, line)
		}
	}
	for _, value := range []string{"25.0", "26.0", "35.0", "36.0", "45.0", "46.0"} {
		if strings.Count(out.String(), value) != 1 {
			t.Errorf("%s is not shown once", value)
		}
	}
}

func TestLikeProtocolsSplitsAndMetricsAreToldApart(t *testing.T) {
	results := []record.Result{
		result("r", "simclr", "a/b", "knn/cosine/k20/t0.07@encoder", 0.1),
		result("r", "simclr", "a/b", "knn/cosine/k20/t0.07@projector", 0.2),
		result("r", "simclr", "a/b", "linear/x@encoder", 0.3),
		{Model: "simclr", Task: "a/b", Protocol: record.ParseProtocol("rank/me@encoder"), Split: "val", Metric: "rankme", Value: 17.25, Run: "r"},
	}
	var out bytes.Buffer
	if err := printResults(&out, results[1:]); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, out.String(), "knn", "linear", "rank rankme", "a/b (test)", "a/b (val)", "17.25", " - ")
	out.Reset()
	if err := printResults(&out, append(results[:2:2], result("r", "simclr", "a/b", "linear/y@encoder", 0.4))); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, out.String(), "knn@encoder", "knn@projector", "linear")
}

func TestManyProtocolsAreRowsAndModelsColumns(t *testing.T) {
	results := table6("a/b", "c/d")
	for _, r := range results {
		if r.Model == "simclr" && r.Task == "a/b" && r.Protocol.Family == "knn" {
			r.Protocol, r.Value = record.ParseProtocol("knn/cosine/k20/t0.07@projector0"), 0.5
			results = append(results, r)
		}
	}
	results = append(results, record.Result{Model: "simclr", Task: "a", Protocol: record.ParseProtocol("rankme@encoder"), Layer: "encoder",
		Split: "test", Metric: "rankme", Value: 17.25, N: 4000, Run: "r"})
	for i := range results {
		results[i].Layer = results[i].Protocol.Layer
	}
	var out bytes.Buffer
	if err := printResults(&out, results); err != nil {
		t.Fatal(err)
	}
	want := `
task  protocol                            n  pixels  untrained  simclr
a/b   knn/cosine/k20/t0.07             4000    25.0       35.0    45.0
a/b   linear/lbfgs/l2-val              4000    26.0       36.0    46.0
a/b   knn/cosine/k20/t0.07@projector0  4000       -          -    50.0
c/d   knn/cosine/k20/t0.07             4000    26.0       36.0    46.0
c/d   linear/lbfgs/l2-val              4000    27.0       37.0    47.0
a     rankme                           4000       -          -   17.25

accuracies in %; floors of pixels are of averaged pixels but for knn
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
