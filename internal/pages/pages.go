// Package pages fills the blocks of the Markdown pages that are generated from records:
//
//	<!-- generated: NAME ARGUMENT... -->
//	text
//	<!-- end of generated -->
//
// `go generate ./internal/pages` fills all of them, and the first lines of the recipes that were measured; the
// package's tests fail where a page is not what that gives.
package pages

//go:generate go run ./generate

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sslx-go/lab/plots"
)

const (
	start      = "<!-- generated: "
	startClose = " -->\n"
	end        = "\n<!-- end of generated -->"
)

// Block is what stands between the marks of a page.
type Block struct {
	Text string

	// Figures are drawn into files; the paths are relative to the repository.
	Figures map[string]*plots.Figure

	// Files are further files, whose contents a test compares with what is in the repository.
	Files map[string][]byte
}

// Generator makes a block of its arguments.
type Generator func(arguments []string) (Block, error)

// Refresh returns a page with each block made again, and the blocks. A block without an end, and one that no generator
// makes, are errors.
func Refresh(page string, generators map[string]Generator) (fresh string, blocks []Block, err error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(page, start)
		out.WriteString(before)
		if !found {
			return out.String(), blocks, nil
		}

		// The mark at the end begins with a line break, which an empty block lacks: hence the added one.
		call, rest, opened := strings.Cut(rest, startClose)
		_, after, closed := strings.Cut("\n"+rest, end)
		if !opened || !closed || strings.Contains(call, "\n") {
			return "", nil, fmt.Errorf("block %q has no end", firstLine(call))
		}

		words := strings.Fields(call)
		if len(words) == 0 || generators[words[0]] == nil {
			return "", nil, fmt.Errorf("no generator makes the block %q", call)
		}
		b, err := generators[words[0]](words[1:])
		if err != nil {
			return "", nil, fmt.Errorf("block %q: %w", call, err)
		}

		// The marks stay, so that the block is found again.
		blocks = append(blocks, b)
		out.WriteString(start + call + startClose + strings.TrimRight(b.Text, "\n") + end)
		page = after
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// Files returns the paths of the pages below root, relative to it, that have a generated block.
func Files(root string) (paths []string, err error) {
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		// Hidden folders, such as .venv, hold pages of others.
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), start) {
			relative, _ := filepath.Rel(root, path)
			paths = append(paths, relative)
		}
		return err
	})
	slices.Sort(paths)
	return paths, err
}

// Generate fills the blocks of all pages of the repository at root, and draws their figures.
func Generate(root string) error {
	paths, err := Files(root)
	if err != nil {
		return err
	}
	generators := Generators(root)
	for _, path := range paths {
		old, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return err
		}
		fresh, blocks, err := Refresh(string(old), generators)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}

		// Drawn every time: the drawing may have changed where the text has not.
		for _, b := range blocks {
			for figure, f := range b.Figures {
				if err := f.Save(filepath.Join(root, figure)); err != nil {
					return err
				}
			}
			for file, text := range b.Files {
				if err := os.WriteFile(filepath.Join(root, file), text, 0o644); err != nil {
					return err
				}
			}
		}

		// Only pages that changed are written and printed.
		if fresh == string(old) {
			continue
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(fresh), 0o644); err != nil {
			return err
		}
		fmt.Println(path)
	}
	return generateRecipes(root)
}

// generateRecipes writes the first lines of the recipes.
func generateRecipes(root string) error {
	texts, err := Recipes(root)
	for path, text := range texts {
		if err := os.WriteFile(filepath.Join(root, path), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return err
}
