package pages

import (
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/experiments/claims"
	"github.com/sslx-go/lab/internal/testrecords"
	"github.com/sslx-go/lab/sslx/record"
)

func TestSelection_SaysWhatTheRecordsSay(t *testing.T) {
	root := t.TempDir()
	if b, err := (generator{root}).selection(); err != nil || !strings.HasPrefix(b.Text, "Not measured yet") {
		t.Errorf("without records: %q (%v)", b.Text, err)
	}

	// LiDAR knows the first accuracy of each run; the measure that invented records have is the same for all encoders.
	c, err := experiments.Named("negatives")
	if err != nil {
		t.Fatal(err)
	}
	r := testrecords.Invent(t, experiments.CPU, c)
	store := experiments.Store{Path: filepath.Join(root, recordsFolder, "claims", "cpu.jsonl")}
	for _, key := range slices.Sorted(maps.Keys(r)) {
		known := r[key]
		if !known.Validation {
			testrecords.AddMeasure(&known, record.MetricLiDAR, known.Accuracies("simclr")[0].Value)
		}
		if err := store.Append(known); err != nil {
			t.Fatal(err)
		}
	}

	b, err := generator{root}.selection()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"14 encoders (70 runs), 14 columns on test.",
		"The best measure without labels is **lidar, highest**", "| rankme, highest | 14 |  | – |",
		"| alpha-req, nearest to 1 | 0 |",
		"| set/class | knn |  |  | +1.00 (+1.00 to +1.00) |", "](figures/selection.svg)"} {
		if !strings.Contains(b.Text, part) {
			t.Errorf("%q is not in\n%s", part, b.Text)
		}
	}
	if strings.Contains(b.Text, "NaN") || len(b.Figures) != 1 {
		t.Errorf("%d figures and\n%s", len(b.Figures), b.Text)
	}
}

func TestSelectionAnswer_CallsNoMeasureTheBestOfFewEncoders(t *testing.T) {
	measure := func(name string, low float64) claims.Criterion {
		return claims.Criterion{Name: name, Mean: claims.Prediction{Tau: 0.9, Low: low, High: 1, Regret: 1}}
	}
	for _, c := range []struct {
		low  float64 // of the interval; NaN where there are too few encoders for one
		want string
	}{
		{math.NaN(), "**These are too few encoders for an answer**"},
		{0.5, "The best measure without labels is **rankme, highest**"},
	} {
		text := selectionAnswer(claims.Selection{Encoders: 3, Runs: 14, Criteria: []claims.Criterion{
			measure(record.MetricRankMe, c.low), measure(claims.LabeledKNN, c.low)}})
		if !strings.Contains(text, c.want) || strings.Contains(text, "best measure") == math.IsNaN(c.low) {
			t.Errorf("an interval from %v: %s", c.low, text)
		}
	}
}
