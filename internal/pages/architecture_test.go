package pages

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// module is the path of this module.
const module = "github.com/sslx-go/lab/"

func TestArchitecture_ShowsEveryPackageAboveItsImports(t *testing.T) {
	rows, shown := map[string]int{}, map[string]bool{}
	for i, row := range layers {
		for _, one := range row.boxes {
			for _, name := range one.packages {
				rows[name] = i
			}
		}
	}

	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		folder, _ := filepath.Rel(root, filepath.Dir(path))
		folder = filepath.ToSlash(folder)
		name := entry.Name()
		hidden := strings.HasPrefix(name, ".") && path != root || name == "internal" || name == "testdata"
		code := filepath.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go")
		switch {
		case err != nil:
			return err
		case entry.IsDir() && hidden:
			return filepath.SkipDir
		case !code || strings.HasPrefix(folder, "examples/"):
			return nil
		}
		of := boxOf(rows, folder)
		if of == "" {
			t.Errorf("package %s is not in the diagram of docs/architecture.md", folder)
			return filepath.SkipDir
		}
		shown[of] = true

		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			text, _ := strconv.Unquote(spec.Path.Value)
			imported, own := strings.CutPrefix(text, module)
			if to := boxOf(rows, imported); own && to != "" && rows[to] < rows[of] {
				t.Errorf("%s imports %s, which the diagram of docs/architecture.md shows above it", folder, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range rows {
		if !shown[name] && name != "examples" {
			t.Errorf("the diagram of docs/architecture.md shows %s, which has no code", name)
		}
	}
}

// boxOf returns the path in the diagram that a package is at or below, "" where there is none. The root package's own
// path stands for itself alone.
func boxOf(rows map[string]int, folder string) string {
	for at := folder; at != "" && at != "."; {
		if _, ok := rows[at]; ok && (at != "sslx" || at == folder) {
			return at
		}
		cut := strings.LastIndexByte(at, '/')
		if cut < 0 {
			break
		}
		at = at[:cut]
	}
	return ""
}
