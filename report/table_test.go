package report

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/record"
)

func TestResults_KeepTheOrderOfTasksAndPutBaselinesFirst(t *testing.T) {
	table := Results(threeModels())
	header, rows := table.Head, table.Rows
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

func TestResults_BaselineThatWasNotMeasuredIsShownAsMissing(t *testing.T) {
	rows := Results([]record.Result{result("simclr", "t", 0.5)}).Rows
	if got := rows[0][3:]; !reflect.DeepEqual(got, []string{"–", "–", "50.0 %"}) {
		t.Errorf("numbers are %q", got)
	}
}

func TestResults_SupervisedCeilingComesLast(t *testing.T) {
	header := Results([]record.Result{result(record.ModelSupervised, "t", 0.9), result("simclr", "t", 0.5)}).Head
	if got := header[3:]; !reflect.DeepEqual(got, []string{"pixels", "untrained", "simclr", "supervised"}) {
		t.Errorf("models are %q", got)
	}
}

func TestResults_PixelsStandBesideEachLayerOfTheSameProbe(t *testing.T) {
	deeper := result("simclr", "t", 0.4)
	deeper.Protocol = record.ParseProtocol("knn/cosine/k20/t0.07@projector1")
	other := result("simclr", "t", 0.6)
	other.Protocol = record.ParseProtocol("linear/lbfgs/l2-val@encoder")
	rows := Results([]record.Result{result("simclr", "t", 0.5), deeper, other,
		result(record.ModelPixels, "t", 0.3)}).Rows
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

func TestResults_SplitsAndMetricsAreNotMixed(t *testing.T) {
	val, rank := result("simclr", "t", 0.9), result("simclr", "t", 87.123456)
	val.Split, rank.Metric = "val", "rankme"
	rows := Results([]record.Result{result("simclr", "t", 0.5), val, rank}).Rows
	var got []string
	for _, r := range rows {
		got = append(got, strings.Join([]string{r[1], r[2], r[5]}, "; "))
	}
	want := []string{"knn/cosine/k20/t0.07@encoder; 1000 test; 50.0 %",
		"knn/cosine/k20/t0.07@encoder; 1000 val; 90.0 %",
		"knn/cosine/k20/t0.07@encoder (rankme); 1000 test; 87.12"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestResults_SeveralSeedsShowTheirMeanAndTInterval(t *testing.T) {
	var results []record.Result
	for _, v := range []float64{0.50, 0.52, 0.54} {
		results = append(results, result("simclr", "t", v))
	}
	rows := Results(results).Rows
	// The 0.975 quantile of t with 2 degrees of freedom is 4.303: 4.303 * 2 / sqrt(3) = 4.97.
	if got, want := rows[0][5], "52.0 ± 5.0 %"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestResults_EqualNumbersAreEquallyBest(t *testing.T) {
	text := Results([]record.Result{result(record.ModelPixels, "t", 0.50011), result(record.ModelUntrained, "t", 0.5),
		result("simclr", "t", 0.4)}).Markdown()
	if !strings.Contains(text, "| **50.0 %** | **50.0 %** | 40.0 % |") {
		t.Errorf("got\n%s", text)
	}
}

func TestTable_NamesCannotBreakMarkdown(t *testing.T) {
	text := Results([]record.Result{result("a|b\n<i>", "x | y", 0.5)}).Markdown()
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], `| a\|b &lt;i> |`) ||
		!strings.HasPrefix(lines[2], `| x \| y |`) {
		t.Errorf("got\n%s", text)
	}
}

// table6 has the results of three models by two protocols on each of the tasks.
func table6(tasks ...string) (results []record.Result) {
	for i, model := range []string{record.ModelPixels, record.ModelUntrained, "simclr"} {
		layer := map[bool]string{true: record.LayerPixels, false: record.LayerEncoder}[model == record.ModelPixels]
		for j, protocol := range []string{"knn/cosine/k20/t0.07@", "linear/lbfgs/l2-val@"} {
			for k, task := range tasks {
				r := result(model, task, float64(10*i+j+k)/100+0.25)
				r.Protocol, r.Layer, r.N = record.ParseProtocol(protocol+layer), layer, 4000
				results = append(results, r)
			}
		}
	}
	return results
}

func wantText(t *testing.T, table Table, width int, want string) {
	t.Helper()
	var out strings.Builder
	if err := table.WriteText(&out, width); err != nil {
		t.Fatal(err)
	}
	if got := "\n" + out.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestResultsByRun_TaskAndProtocolARowModelAColumn(t *testing.T) {
	results := table6("a/b", "c/d")
	deeper := results[8]
	deeper.Protocol, deeper.Layer, deeper.Value = record.ParseProtocol("knn/cosine/k20/t0.07@projector0"),
		"projector0", 0.5
	rank := results[8]
	rank.Task, rank.Protocol, rank.Metric, rank.Value = "a", record.ParseProtocol("rankme@encoder"),
		record.MetricRankMe, 17.25
	wantText(t, ResultsByRun(append(results, deeper, rank)), 0, `
task  protocol                                 n  pixels  untrained  simclr
a/b   knn/cosine/k20/t0.07@encoder     4000 test  25.0 %     35.0 %  45.0 %
a/b   linear/lbfgs/l2-val@encoder      4000 test  26.0 %     36.0 %  46.0 %
a/b   knn/cosine/k20/t0.07@projector0  4000 test  25.0 %          –  50.0 %
c/d   knn/cosine/k20/t0.07@encoder     4000 test  26.0 %     36.0 %  46.0 %
c/d   linear/lbfgs/l2-val@encoder      4000 test  27.0 %     37.0 %  47.0 %
a     rankme@encoder                   4000 test       –          –   17.25
`)
}

func TestResultsByRun_RunsStandSideBySide(t *testing.T) {
	a, b := result("simclr", "t", 0.5), result("simclr", "t", 0.6)
	b.Run = "lr01"
	got := ResultsByRun([]record.Result{a, b})
	if want := []string{"simclr", "simclr of lr01"}; !reflect.DeepEqual(got.Head[3:], want) {
		t.Errorf("got %v", got)
	}
	if want := []string{"50.0 %", "60.0 %"}; !reflect.DeepEqual(got.Rows[0][3:], want) {
		t.Errorf("got %v", got)
	}
}

func TestResultsByRun_BaselinesComeFirstWhateverWasMeasuredFirst(t *testing.T) {
	got := ResultsByRun([]record.Result{
		result("untrained", "t", 0.4), result("simclr", "t", 0.6), result("pixels", "t", 0.3)})
	if want := []string{"pixels", "untrained", "simclr"}; !reflect.DeepEqual(got.Head[3:], want) {
		t.Errorf("got %v", got.Head)
	}
}

func TestTable_WideTextIsCutIntoPartsWithTheNames(t *testing.T) {
	wantText(t, Table{Align: "lr", Head: []string{"name", "first", "second", "third"}, Rows: [][]string{{"a", "1", "2", "3"}}}, 20, `
name  first  second
a         1       2

the same rows, further columns (part 2 of 2):
name  third
a         3
`)
	var out strings.Builder
	if err := ResultsByRun(table6("a-data-set-with-a-long-name/and-a-task-with-a-long-name-too")).WriteText(&out,
		100); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := len([]rune(strings.TrimSpace(line))); n > 100 && strings.Count(line, " %") > 1 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for _, value := range []string{"25.0", "26.0", "35.0", "36.0", "45.0", "46.0"} {
		if strings.Count(out.String(), value) != 1 {
			t.Errorf("%s is not shown once", value)
		}
	}
}

func TestResultsByRun_ChanceIsAColumnWhereItIsKnown(t *testing.T) {
	known, deeper := result("simclr", "a/b", 0.5), result("simclr", "a/b", 20)
	known.Chance = 1. / 6
	deeper.Protocol, deeper.Metric = record.ParseProtocol("rankme@encoder"), record.MetricRankMe
	table := ResultsByRun([]record.Result{known, deeper})
	wantText(t, table, 0, `
task  protocol                              n  chance  simclr
a/b   knn/cosine/k20/t0.07@encoder  1000 test  16.7 %  50.0 %
a/b   rankme@encoder                1000 test       –      20
`)
}

func TestTable_TheFirstPartHasTheTrainedModel(t *testing.T) {
	results := table6("a/b")
	for i := range results {
		results[i].Chance = 0.1
	}
	for _, table := range []Table{Results(results[:6]), ResultsByRun(results[:6])} {
		wantText(t, table, 64, `
task  protocol                              n  chance  simclr
a/b   knn/cosine/k20/t0.07@encoder  4000 test  10.0 %  45.0 %
a/b   linear/lbfgs/l2-val@encoder   4000 test  10.0 %  46.0 %

the same rows, further columns (part 2 of 2):
task  protocol                      pixels  untrained
a/b   knn/cosine/k20/t0.07@encoder  25.0 %     35.0 %
a/b   linear/lbfgs/l2-val@encoder   26.0 %     36.0 %
`)
	}
}

func TestTable_NothingRawReachesTheTerminal(t *testing.T) {
	wantText(t, Table{Rows: [][]string{{"a\x1b[2Jb\n", "c"}}}, 0, "\n"+`a\x1b[2Jb\n  c`+"\n")
}

func TestTable_CSVHasNoFormula(t *testing.T) {
	var out strings.Builder
	table := Table{Head: []string{"run", "value"}, Rows: [][]string{{"=cmd()", "-0.5"}, {"a,b", "@x"}}}
	if err := table.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	if want := "run,value\n'=cmd(),-0.5\n\"a,b\",'@x\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
