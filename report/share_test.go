package report

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// shared shares a run, and returns the page and the card.
func shared(t *testing.T, dir string) (page, card string) {
	t.Helper()
	to := t.TempDir()
	names := []string{filepath.Join(to, "run.html"), filepath.Join(to, "card.md")}
	err := Share(context.Background(), dir, names[0], names[1], sslx.Options{Warn: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range []*string{&page, &card} {
		raw, err := os.ReadFile(names[i])
		if err != nil {
			t.Fatal(err)
		}
		*text = string(raw)
	}
	return page, card
}

// addResults adds results to the run in dir.
func addResults(t *testing.T, dir string, results []record.Result) {
	t.Helper()
	r, err := record.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if err := r.AddResults(results); err != nil {
		t.Fatal(err)
	}
}

func TestShare_WritesAPageAndACardFromTheRecord(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "first")
	loggedRun(t, dir)
	addResults(t, dir, threeModels())
	page, card := shared(t, dir)
	if n := strings.Count(page, "<img "); n != 3 { // results, curve, views
		t.Errorf("%d pictures on the page, want 3", n)
	}
	if found := regexp.MustCompile(`(?i)<script|https?://|(src|href)="[^d"]`).FindString(page); found != "" {
		t.Errorf("the page loads or runs %q", found)
	}
	for _, want := range []string{"---\nlibrary_name: sslx\n", "# first\n", "## Data", "saw no labels", "## Recipe",
		"temperature: 0.5", "## Results", "**61.3 %**", "knn/cosine/k20/t0.07@encoder", "beats both baselines",
		"- `knn/cosine/k20/t0.07`: the k nearest",
		"## Limits", "no checkpoint of the last step", "One run with one seed", "## How to repeat it",
		"sslx pretrain --config config.yaml"} {
		if !strings.Contains(card, want) {
			t.Errorf("the card lacks %q:\n%s", want, card)
		}
	}
}

func TestShare_CardSaysSizesOfViewsAndNoProbeWithoutLabels(t *testing.T) {
	c := sslx.Default()
	c.Size, c.Resolutions = 64, []pretrain.Resolution{{Epoch: 0, Size: 48}, {Epoch: 3, Size: 64}}
	card := Run{Name: "photos"}.card(c, true)
	if strings.Contains(card, "online probe") || !strings.Contains(card, "48 pixels from epoch 0, 64 pixels from") {
		t.Errorf("the card of a run without labels:\n%s", card)
	}

	accuracy := 0.5
	card = Run{Name: "photos", Metrics: []record.Metrics{{ProbeAccuracy: &accuracy}}}.card(c, true)
	if !strings.Contains(card, "the online probe used them without a gradient") {
		t.Errorf("the card of a run with a probe:\n%s", card)
	}
}

func TestShare_CardNamesWhatIsNotKnown(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "first")
	loggedRun(t, dir)
	if _, card := shared(t, dir); !strings.Contains(card, "not been evaluated") ||
		!strings.Contains(card, "Nothing was measured") {
		t.Errorf("the card of a run without results:\n%s", card)
	}
	addResults(t, dir, []record.Result{
		{Model: "pixels", Task: "birds/class", Protocol: record.ParseProtocol("knn/k20@pixels"), Split: "test",
			Metric: "accuracy", Value: 0.5, N: 100},
		{Model: "simclr", Task: "birds/class", Protocol: record.ParseProtocol("knn/k20@encoder"), Split: "test",
			Metric: "accuracy", Value: 0.4, N: 100}})
	_, card := shared(t, dir)
	for _, want := range []string{"does not beat its baselines on birds/class",
		"The untrained encoder was not measured", "not trained on: birds"} {
		if !strings.Contains(card, want) {
			t.Errorf("the card lacks %q:\n%s", want, card)
		}
	}
}

func TestShare_CardEscapesHostileNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "<b>[x](y) `z`")
	loggedRun(t, dir)
	addResults(t, dir, []record.Result{{Model: "simclr", Task: "<script>|a\n# b", Metric: "accuracy", Split: "test",
		Protocol: record.ParseProtocol("knn/k20@encoder"), Value: 0.4, N: 100}})
	_, card := shared(t, dir)
	card = regexp.MustCompile("(?s)\n```.*?\n```\n").ReplaceAllString(card, "") // commands are shown as they are
	for _, markup := range []string{"<b>", "<script>", "\n# b", "[x](y)"} {
		if strings.Contains(strings.ReplaceAll(card, `\[`, ""), markup) {
			t.Errorf("the card has %q:\n%s", markup, card)
		}
	}
}

func TestShare_ReplacesNothingButPagesAndCards(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "first")
	loggedRun(t, dir)
	notes := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(notes, []byte("# my notes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, paths := range map[string][2]string{"notes as the card": {"", notes}, "notes as the page": {notes, ""},
		"nothing": {}} {
		if err := Share(context.Background(), dir, paths[0], paths[1], sslx.Options{}); !usage.Is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if text, _ := os.ReadFile(notes); string(text) != "# my notes\n" {
		t.Errorf("the notes are now %q", text)
	}
	card := filepath.Join(t.TempDir(), "card.md")
	for range 2 { // a card is replaced
		if err := Share(context.Background(), dir, "", card, sslx.Options{}); err != nil {
			t.Error(err)
		}
	}
}
