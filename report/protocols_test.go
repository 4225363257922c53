package report

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/record"
)

func TestResultNotes_SayWhatTheProtocolsOfATableMean(t *testing.T) {
	var results []record.Result
	for _, text := range []string{"knn/cosine/k20/t0.07@encoder", "knn/cosine/k20/t0.07@projector0",
		"linear/lbfgs/l2-val@encoder", "linear/lbfgs/l2-val/by-group@encoder", "linear/sgd/b256/e90@encoder",
		"fewshot/lbfgs/1pc/draws3@encoder", "fewshot/lbfgs/10pc/draws3@encoder", "rankme@encoder", "std@encoder",
		"somebody-elses/x@encoder"} {
		r := result("m", "t", 0.5)
		r.Protocol = record.ParseProtocol(text)
		results = append(results, r)
	}
	var got []string
	for _, note := range ResultNotes(results) {
		got = append(got, note[0])
		if note[1] == "" {
			t.Errorf("nothing is said of %s", note[0])
		}
	}
	want := []string{"knn/cosine/k20/t0.07", "linear/lbfgs/l2-val", "linear/sgd/b256/e90", "fewshot/lbfgs/…",
		"rankme, std"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}

	text := ResultsMarkdown(results[:1])
	if !strings.HasSuffix(text, "\n\n- `knn/cosine/k20/t0.07`: "+evaluate.Describe("knn")+".\n") {
		t.Errorf("the table has no such note below:\n%s", text)
	}
}
