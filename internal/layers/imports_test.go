package layers

import (
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// rule says what packages at or below a path do not import.
type rule struct {
	of, never string
	except    []string // that packages at or below these may, or are meant by never all the same
	why       string
}

// rules are those of docs/architecture.md. Paths are in the module, or whole.
var rules = []rule{
	{of: "command", never: "github.com/gomlx", why: "a command reads flags and prints; graphs are the libraries'"},
	{of: "sslx", never: "plots", why: "figures stand on results, not below them"},
	{of: "sslx", never: "report", why: "pages stand on records"},
	{of: "sslx", never: "experiments", why: "a library knows no claim"},
	{of: "sslx", never: "command", why: "a library knows no command"},
	{of: "sslx", never: "bench", why: "what is measured knows no measurement"},
	{of: "sslx", never: "notebooks", why: "a library knows no notebook"},
	{of: "plots", never: "sslx", why: "figures are drawn from values"},
	{of: "plots", never: "report", why: "figures are drawn from values"},
	{of: "plots", never: "experiments", except: []string{"experiments/statistics"},
		why: "figures are drawn from values"},
	{of: "report", never: "command", why: "the command prints what report writes"},
	{of: "report", never: "notebooks", why: "notebooks show what report writes"},
	{of: "watch", never: "command", why: "the command serves the page"},
	{of: "sslx", never: "watch", why: "pages stand on records"},
	{of: "experiments", never: "report", why: "pages stand on records"},
	{of: "experiments", never: "command", why: "the engine knows no command"},
	{of: "experiments", never: "experiments/claims", except: []string{"experiments/claims"},
		why: "the engine knows no claim"},
	{of: "sslx/pretrain", never: "sslx/evaluate", why: "evaluation stands on training"},
	{of: "sslx/probe", never: "sslx/pretrain", why: "probes are algorithms on feature matrices"},
	{of: "sslx/record", never: "github.com/gomlx", why: "records are read without a backend"},
	{of: "sslx/dataset", never: "github.com/gomlx", why: "images are bytes"},
}

// within reports whether a package is at or below a path.
func within(path, below string) bool { return path == below || strings.HasPrefix(path, below+"/") }

func TestImports_PointDownwards(t *testing.T) {
	for _, p := range packages(t) {
		of := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, path := range p.Imports {
			imported := strings.TrimPrefix(path, module+"/")
			for _, r := range rules {
				excepted := slices.ContainsFunc(r.except,
					func(e string) bool { return within(of, e) || within(imported, e) && e != r.never })
				if within(of, r.of) && within(imported, r.never) && !excepted {
					t.Errorf("%s imports %s: %s", of, imported, r.why)
				}
			}
		}
	}
}

// TestFacade_IsSmall holds the root package, sslx, to 400 lines of code: it hands on what the packages below it do.
func TestFacade_IsSmall(t *testing.T) {
	const most = 400
	lines := 0
	for _, p := range packages(t) {
		if p.ImportPath != module+"/sslx" {
			continue
		}
		for _, name := range p.GoFiles {
			lines += linesOfCode(t, filepath.Join(p.Dir, name))
		}
	}
	if lines == 0 || lines > most {
		t.Errorf("package sslx has %d lines of code, want 1 to %d", lines, most)
	}
}

// linesOfCode counts the lines of a file that hold more than a comment.
func linesOfCode(t *testing.T, path string) int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var s scanner.Scanner
	file := token.NewFileSet().AddFile(path, -1, len(text))
	s.Init(file, text, nil, 0)
	lines := map[int]bool{}
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			return len(lines)
		}
		if tok == token.SEMICOLON && literal == "\n" {
			continue
		}
		for i := range 1 + strings.Count(literal, "\n") {
			lines[file.Line(pos)+i] = true
		}
	}
}
