package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// spoken matches what only the command may say: a flag, or a command line of sslx.
var spoken = regexp.MustCompile(`(^|[\s("'` + "`" + `])(--[a-z][a-z-]+)|\bsslx (pretrain|evaluate|embed|data|runs|claims|bench|doctor|backend|quickstart|sweep)\b`)

// allowed holds, by file, the texts in which libraries may name flags or commands, and why.
var allowed = []struct{ file, text, why string }{
	{"sslx/backend/tuned/tuned.go", "--xla_cpu", "a flag of XLA, in the environment"},
	{"sslx/backend/device.go", "--query-gpu", "nvidia-smi is run"},
	{"sslx/backend/device.go", "--format", "nvidia-smi is run"},
	{"sslx/backend/doctor.go", "xcode-select --install", "how the system installs a compiler"},
	{"sslx/backend/doctor.go", "scripts/notebook --no-open", "the script that installs what is missing"},
	{"sslx/backend/doctor.go", "--version", "python and jupyter are run"},
	{"sslx/record/revision.go", "--", "git is run"},
	{"report/claims.go", "sslx claims show", "a report says how to repeat its numbers from a shell"},
	{"report/outcome.go", "sslx claims", "a report says how to repeat its numbers from a shell"},
	{"report/card.go", "sslx pretrain --config", "a report says how to repeat its numbers from a shell"},
	{"report/run.go", "%s pretrain --config", "a report says how to repeat its numbers from a shell"},
	{"report/run.go", "--validation", "a report says how to repeat its numbers from a shell"},
	{"report/sweep.go", "%s pretrain --config", "a report says how to repeat its numbers from a shell"},
}

// TestLibraries_KnowNoCommandLine looks for flags and command lines in the comments and texts of the packages that a Go
// program imports: it has arguments and fields. The command adds its flags to their errors.
func TestLibraries_KnowNoCommandLine(t *testing.T) {
	for _, below := range []string{"sslx", "experiments", "plots", "report"} {
		for _, path := range sources(t, below) {
			for _, said := range texts(t, path) {
				relative, err := filepath.Rel(root(t), path)
				if err != nil {
					t.Fatal(err)
				}
				ok := slices.ContainsFunc(allowed, func(a struct{ file, text, why string }) bool {
					return a.file == filepath.ToSlash(relative) && strings.Contains(said.text, a.text)
				})
				if found := spoken.FindString(said.text); found != "" && !ok {
					t.Errorf("%s:%d mentions %q", relative, said.line, strings.TrimLeft(found, " (\"'`\n\t"))
				}
			}
		}
	}
}

// sources returns the Go files below a folder of the module, without tests.
func sources(t *testing.T, below string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(root(t), below), func(path string, entry os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// said is a comment or a string of a file.
type said struct {
	line int
	text string
}

// texts returns the comments and the strings of a Go file.
func texts(t *testing.T, path string) (all []said) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			all = append(all, said{files.Position(c.Pos()).Line, c.Text})
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			all = append(all, said{files.Position(literal.Pos()).Line, literal.Value})
		}
		return true
	})
	return all
}
