package report

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/record"
)

func ExampleMarkdown() {
	number := func(model, layer string, value float64) record.Result {
		return record.Result{Model: model, Task: "cifar10/class", Protocol: record.ParseProtocol("knn/cosine/k20/t0.07@" + layer), Layer: layer,
			Split: "test", Metric: "accuracy", Value: value, N: 10000}
	}
	fmt.Print(Markdown([]record.Result{
		number("simclr", "encoder", 0.5731), number("untrained", "encoder", 0.3402), number("pixels", "pixels", 0.3386),
	}))
	// Output:
	// | task | protocol | n | pixels | untrained | simclr |
	// | --- | --- | ---: | ---: | ---: | ---: |
	// | cifar10/class | knn/cosine/k20/t0.07@encoder | 10000 test | 33.9 % | 34.0 % | **57.3 %** |
}

func TestTheTableKeepsTheOrderOfTasksAndPutsFloorsFirst(t *testing.T) {
	header, rows := ResultsTable(threeModels())
	if want := []string{"task", "protocol", "n", "pixels", "untrained", "simclr"}; !reflect.DeepEqual(header, want) {
		t.Errorf("header is %q, want %q", header, want)
	}
	want := [][]string{
		{"factors/shape", "knn/cosine/k20/t0.07@encoder", "1000 test", "25.0 %", "33.5 %", "61.3 %"},
		{"factors/hue", "knn/cosine/k20/t0.07@encoder", "1000 test", "42.2 %", "31.0 %", "40.0 %"},
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("rows are\n%q, want\n%q", rows, want)
	}
}

func TestAFloorThatWasNotMeasuredIsShownAsMissing(t *testing.T) {
	_, rows := ResultsTable([]record.Result{result("simclr", "t", 0.5)})
	if got := rows[0][3:]; !reflect.DeepEqual(got, []string{"–", "–", "50.0 %"}) {
		t.Errorf("numbers are %q", got)
	}
}

func TestTheSupervisedCeilingComesLast(t *testing.T) {
	header, _ := ResultsTable([]record.Result{result(record.ModelSupervised, "t", 0.9), result("simclr", "t", 0.5)})
	if got := header[3:]; !reflect.DeepEqual(got, []string{"pixels", "untrained", "simclr", "supervised"}) {
		t.Errorf("models are %q", got)
	}
}

func TestPixelsStandBesideEachLayerOfTheSameProbe(t *testing.T) {
	deeper := result("simclr", "t", 0.4)
	deeper.Protocol = record.ParseProtocol("knn/cosine/k20/t0.07@projector1")
	other := result("simclr", "t", 0.6)
	other.Protocol = record.ParseProtocol("linear/lbfgs/l2-val@encoder")
	_, rows := ResultsTable([]record.Result{result("simclr", "t", 0.5), deeper, other, result(record.ModelPixels, "t", 0.3)})
	var got []string
	for _, r := range rows {
		got = append(got, r[1]+" "+r[3])
	}
	want := []string{"knn/cosine/k20/t0.07@encoder 30.0 %", "knn/cosine/k20/t0.07@projector1 30.0 %",
		"linear/lbfgs/l2-val@encoder –"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSplitsAndMetricsAreNotMixed(t *testing.T) {
	val, rank := result("simclr", "t", 0.9), result("simclr", "t", 87.123456)
	val.Split, rank.Metric = "val", "rankme"
	_, rows := ResultsTable([]record.Result{result("simclr", "t", 0.5), val, rank})
	var got []string
	for _, r := range rows {
		got = append(got, strings.Join([]string{r[1], r[2], r[5]}, "; "))
	}
	want := []string{"knn/cosine/k20/t0.07@encoder; 1000 test; 50.0 %", "knn/cosine/k20/t0.07@encoder; 1000 val; 90.0 %",
		"knn/cosine/k20/t0.07@encoder (rankme); 1000 test; 87.12"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSeveralSeedsShowTheirMeanAndTInterval(t *testing.T) {
	var results []record.Result
	for _, v := range []float64{0.50, 0.52, 0.54} {
		results = append(results, result("simclr", "t", v))
	}
	_, rows := ResultsTable(results)
	// The 0.975 quantile of t with 2 degrees of freedom is 4.303: 4.303 * 2 / sqrt(3) = 4.97.
	if got, want := rows[0][5], "52.0 ± 5.0 %"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEqualNumbersAreEquallyBest(t *testing.T) {
	text := Markdown([]record.Result{result(record.ModelPixels, "t", 0.50011), result(record.ModelUntrained, "t", 0.5),
		result("simclr", "t", 0.4)})
	if !strings.Contains(text, "| **50.0 %** | **50.0 %** | 40.0 % |") {
		t.Errorf("got\n%s", text)
	}
}

func TestMarkdownNamesCannotBreakTheTable(t *testing.T) {
	text := Markdown([]record.Result{result("a|b\n<i>", "x | y", 0.5)})
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], `| a\|b &lt;i> |`) || !strings.HasPrefix(lines[2], `| x \| y |`) {
		t.Errorf("got\n%s", text)
	}
}
