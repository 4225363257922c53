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
		"docs/performance.md", "docs/faults.md", "docs/embed.md"} {
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
