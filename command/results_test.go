package command

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/record"
)

func TestPrintResults_SaysWhichPixelsAreAveraged(t *testing.T) {
	all, averaged := result("r", "pixels", "a/b", "knn/x@pixels", 0.25),
		result("r", "pixels", "a/b", "linear/x@pixels16x16", 0.5)
	all.Layer, averaged.Layer = all.Protocol.Layer, averaged.Protocol.Layer
	for want, results := range map[string][]record.Result{
		"no results\n": nil,
		"task  protocol              n  pixels\na/b   knn/x@pixels  4000 test  25.0 %\n\nknn/x: the k": {all},
		"task  protocol                      n  pixels\na/b   linear/x@pixels16x16  4000 test  50.0 %\n\n" +
			"kNN sees all pixels, the other protocols see averaged ones\nlinear/x: ": {averaged},
		"task  protocol                 n  simclr\na/b   other/x@encoder  4000 test  25.0 %\n": {
			result("r", "simclr", "a/b", "other/x@encoder", 0.25)},
	} {
		var out bytes.Buffer
		err := (&app{stdout: &out}).printResults(results)
		if got := out.String(); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("got  %q (%v)\nwant %q", got, err, want)
		}
	}
}

func TestPrintResults_SaysWhichDirectionOfAMeasureIsBetter(t *testing.T) {
	for protocol, want := range map[string]bool{"uniformity@encoder": true, "knn/x@encoder": false} {
		var out bytes.Buffer
		results := []record.Result{result("r", "simclr", "a/b", protocol, 0.25)}
		if err := (&app{stdout: &out}).printResults(results); err != nil {
			t.Fatal(err)
		}
		said := strings.Join(strings.Fields(out.String()), " ") // a line is broken somewhere
		if got := strings.Contains(said, "alignment, uniformity lower"); got != want {
			t.Errorf("%s: %s", protocol, out.String())
		}
	}
}

func TestPrintOutcome_SaysTheVerdictAndWhatIsNext(t *testing.T) {
	var out bytes.Buffer
	results := []record.Result{result("r", "simclr", "a/b", "knn/x@encoder", 0.5),
		result("r", "pixels", "a/b", "knn/x@pixels", 0.25)}
	if err := printOutcome(&out, results, "r/report.html", "r"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"simclr beats the raw pixels", "b (+25.0 points)", "report: r/report.html\n",
		"next:   sslx evaluate r\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
