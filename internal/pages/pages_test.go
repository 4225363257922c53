package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func TestPages_ShowWhatTheRecordsSay(t *testing.T) {
	paths, err := Files(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"README.md", "docs/claims/cost.md", "docs/methods/README.md",
		"docs/methods/simclr.md",
		"docs/performance.md", "docs/faults.md", "docs/embed.md", "docs/recipe.md"} {
		if !slices.Contains(paths, filepath.FromSlash(want)) {
			t.Errorf("%s has no generated block", want)
		}
	}

	generators := Generators(root)
	for _, path := range paths {
		old, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		fresh, blocks, err := Refresh(string(old), generators)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if fresh != string(old) {
			t.Errorf("%s differs from the records: run go generate ./internal/pages, and look at the difference", path)
		}
		for _, b := range blocks {
			for figure := range b.Figures {
				if _, err := os.Stat(filepath.Join(root, figure)); err != nil {
					t.Errorf("%v: run go generate ./internal/pages", err)
				}
			}
			for file, want := range b.Files {
				if got, err := os.ReadFile(filepath.Join(root, file)); err != nil || string(got) != string(want) {
					t.Errorf("%s is out of date (%v): run go generate ./internal/pages, and look at it", file, err)
				}
			}
		}
	}
}

func TestRecipes_SayWhatTheRecordsSay(t *testing.T) {
	texts, err := Recipes(root)
	if err != nil || len(texts) == 0 {
		t.Fatal(texts, err)
	}
	for path, want := range texts {
		if got, err := os.ReadFile(filepath.Join(root, path)); err != nil || string(got) != want {
			t.Errorf("%s differs from the records (%v): run go generate ./internal/pages", path, err)
		}
	}
}

func TestRace_ShowsEveryRecordAndNothingWithoutOne(t *testing.T) {
	root := t.TempDir()
	b, err := generator{root}.race()
	if err != nil || b.Text != "" || len(b.Figures) != 0 {
		t.Errorf("without a record: %q, %v", b.Text, err)
	}

	folder := filepath.Join(root, "bench", "results")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	record := `{"what": "race", "data": "cifar10", "protocol": "knn", "runs": [
		{"program": "sslx", "recipe": "fast", "note": "a convnet", "seed": 1, "config": {}, "limit_seconds": 3600,
		"finished": true, "busy_cores": 0.01, "checkpoints": [{"seconds": 100, "epoch": 1, "accuracy": 0.61}],
		"environment": {"cpu": "an abacus", "cores": 2, "cpu_features": ["beads"], "backend": "xla:cpu",
		"started": "2026-11-28T10:00:00Z", "revision": "0123456789abcdef"}},
		{"program": "lightly", "version": "1.0", "note": "a ResNet", "seed": 1, "config": {}, "limit_seconds": 7200,
		"checkpoints": [{"seconds": 7200, "epoch": 1, "accuracy": 0.41}], "environment": {
		"started": "2026-11-29T10:00:00Z", "revision": "0123456789abcdef"}}]}`
	if err := os.WriteFile(filepath.Join(folder, "race-abacus.json"), []byte(record), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err = generator{root}.race()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"**an abacus, 2 cores, beads** (xla:cpu): knn on cifar10.",
		"| sslx, fast | 1 | 1 min 40 s |",
		"| lightly 1.0 | over 72.0x | over 72.0x |", "- sslx fast: a convnet; at most 1 h 0 min",
		"- lightly 1.0: a ResNet; at most 2 h 0 min",
		"0.01 cores busy with other work; 2026-11-29, revision 0123456789ab.", "](figures/race-abacus.png)"} {
		if !strings.Contains(b.Text, part) {
			t.Errorf("%q is not in\n%s", part, b.Text)
		}
	}
	if b.Figures[filepath.Join("docs", "figures", "race-abacus.png")] == nil {
		t.Errorf("the figures are %v", b.Figures)
	}
}

func TestRatios_AreToTheFastestOtherLibrary(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "bench", "results")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, record := range map[string]string{
		"step-zen4": `{"what": "step", "config": {"encoder": "convnet", "batch": 8, "precision": "bfloat16"}, "sslx":
			{"median": 30}, "peers": [{"name": "slow", "median": 5}, {"name": "fast", "median": 20},
			{"name": "sslx", "version": "in float32", "median": 25}]}`,
		"alone": `{"what": "views", "config": {"size": 8}, "sslx": {"median": 30}, "peers": []}`,
	} {
		if err := os.WriteFile(filepath.Join(folder, name+".json"), []byte(record), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	b, err := generator{root}.ratios([]string{"step"})
	want := "| training step, convnet, batch 8, bfloat16 | fast | – | 1.50x | – | – |"
	if err != nil || !strings.Contains(b.Text, want) {
		t.Errorf("%q is not in\n%s (%v)", want, b.Text, err)
	}
	for name, want := range map[string]string{"alone": "record alone: it has no other library",
		"none": "no machine has a record none"} {
		if _, err := (generator{root}).ratios([]string{name}); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func TestRefresh_FillsEveryBlock(t *testing.T) {
	generators := map[string]Generator{"greet": func(names []string) (Block, error) {
		if len(names) == 0 {
			return Block{}, fmt.Errorf("nobody is there")
		}
		return Block{Text: "Hello " + strings.Join(names, " and ") + "\n"}, nil
	}}
	page := "a\n<!-- generated: greet Ada -->\nold\ntext\n<!-- end of generated -->\nb\n" +
		"<!-- generated: greet Ada Bob -->\n<!-- end of generated -->"
	want := "a\n<!-- generated: greet Ada -->\nHello Ada\n<!-- end of generated -->\nb\n" +
		"<!-- generated: greet Ada Bob -->\nHello Ada and Bob\n<!-- end of generated -->"
	got, blocks, err := Refresh(page, generators)
	if err != nil || got != want || len(blocks) != 2 {
		t.Errorf("%d blocks (%v):\n%s", len(blocks), err, got)
	}
	if again, _, err := Refresh(got, generators); err != nil || again != got {
		t.Errorf("made again, the page is\n%s (%v)", again, err)
	}
	for page, want := range map[string]string{
		"<!-- generated: greet Ada -->\ntext":                  "no end",
		"<!-- generated: bow -->\n<!-- end of generated -->":   "no generator",
		"<!-- generated: greet -->\n<!-- end of generated -->": "nobody is there", "<!-- generated: greet": "no end",
	} {
		if _, _, err := Refresh(page, generators); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", page, err)
		}
	}
}
