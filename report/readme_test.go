package report

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

var update = flag.Bool("update", false, "write the README's tables and figures anew from the records")

const (
	readme      = "../README.md"
	recordsDir  = "../experiments/results"
	figuresDir  = "../docs/figures"
	blockPrefix = "<!-- record "
	blockEnd    = "<!-- end of record -->"
)

func TestTheREADMEShowsWhatTheRecordsSay(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	fresh, names := refreshed(t, string(text))
	if len(names) == 0 {
		t.Fatalf("the README has no block %q", blockPrefix)
	}
	if *update {
		for _, name := range names {
			drawResults(t, name)
		}
		if err := os.WriteFile(readme, []byte(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if fresh != string(text) {
		t.Error("the README differs from the records: run go test ./report -update, and look at the difference")
	}
}

// refreshed returns the README with each block made anew, and the names of the records in it.
func refreshed(t *testing.T, text string) (fresh string, names []string) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, blockPrefix)
		out.WriteString(before)
		if !found {
			return out.String(), names
		}
		name, rest, _ := strings.Cut(rest, " -->")
		_, after, closed := strings.Cut(rest, blockEnd)
		if !closed {
			t.Fatalf("the README's block of record %s has no end", name)
		}
		names = append(names, name)
		fmt.Fprintf(&out, "%s%s -->\n%s\n%s", blockPrefix, name, block(t, filepath.Join(recordsDir, name)), blockEnd)
		text = after
	}
}

// block is what the README says of a record.
func block(t *testing.T, dir string) string {
	report, err := ReadRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	var c sslx.Config
	if err := record.ReadConfig(dir, &c); err != nil {
		t.Fatal(err)
	}
	last := report.Metrics[len(report.Metrics)-1]
	e := report.Environment
	return fmt.Sprintf("%s, %s, batch %d, %.0f epochs of %s, seed %d: %s of training on %d cores (%s), "+
		"%.0f views a second.\n\n%s",
		objective.NameOf(c.Objective), encoder.NameOf(c.Encoder), c.Batch, last.Epoch, e.Data, c.Seed,
		time.Duration(last.Seconds*float64(time.Second)).Round(time.Second), e.Cores, e.CPU,
		2*float64(last.Images)/last.Seconds, Results(report.Results).Markdown())
}

func drawResults(t *testing.T, name string) {
	results, err := record.ReadResults(filepath.Join(recordsDir, name))
	if err != nil {
		t.Fatal(err)
	}
	figure, err := ResultsFigure(results, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := figure.Save(filepath.Join(figuresDir, name+".png")); err != nil {
		t.Fatal(err)
	}
}
