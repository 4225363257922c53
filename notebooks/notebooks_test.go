// Package notebooks tests the notebooks of this folder.
package notebooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// document is what is read of a notebook.
type document struct{ Cells []cell }

type cell struct {
	Type     string `json:"cell_type"`
	Source   []string
	Metadata struct{ Tags []string }
	Outputs  []struct {
		Type string   `json:"output_type"`
		Name string   // of a stream
		Text []string // likewise
		Data map[string]json.RawMessage
	}
}

// varies tags cells whose texts depend on the last digits of a training, which are those of a machine.
const varies = "varies"

// maxLines is the length of a cell that still fits on a screen.
const maxLines = 36

func read(t *testing.T, path string) (d document) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return d
}

// warning begins what a library warns of.
const warning = "sslx: warning: "

// texts returns what the outputs of a cell say. It leaves out pictures, and warnings on standard error: notebooks share
// runs, so that a training warns in the notebook that happens to make the run, with the digits of the machine.
func (c cell) texts() (all []string) {
	for _, o := range c.Outputs {
		if o.Name == "stderr" {
			isWarning := func(line string) bool { return strings.HasPrefix(line, warning) }
			if o.Text = slices.DeleteFunc(slices.Clone(o.Text), isWarning); len(o.Text) == 0 {
				continue
			}
		}
		all = append(all, strings.Join(o.Text, ""))
		for _, kind := range []string{"text/plain", "text/markdown"} {
			var lines []string
			if json.Unmarshal(o.Data[kind], &lines) != nil {
				lines = []string{string(o.Data[kind])}
			}
			all = append(all, strings.Join(lines, ""))
		}
	}
	return all
}

func notebooks(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.ipynb")
	if err != nil || len(files) == 0 {
		t.Fatal("there is no notebook", err)
	}
	return files
}

func TestCell_TextsAreThoseThatDependOnNoOtherNotebook(t *testing.T) {
	const outputs = `{"Outputs": [
		{"output_type": "stream", "name": "stderr", "text": ["sslx: warning: step 20: at chance level\n"]},
		{"output_type": "stream", "name": "stderr", "text": ["sslx: warning: step 40: no\n", "panic: index\n"]},
		{"output_type": "stream", "name": "stdout", "text": ["sslx: warning: of a cell\n"]}]}`
	var c cell
	if err := json.Unmarshal([]byte(outputs), &c); err != nil {
		t.Fatal(err)
	}
	said := slices.DeleteFunc(c.texts(), func(text string) bool { return text == "" })
	if want := []string{"panic: index\n", "sslx: warning: of a cell\n"}; !slices.Equal(said, want) {
		t.Errorf("got %q, want %q", said, want)
	}
}

func TestNotebooksAreCommittedExecutedSmallAndInShortCells(t *testing.T) {
	for _, file := range notebooks(t) {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 3<<19 {
			t.Errorf("%s has %d bytes", file, info.Size())
		}
		pictures := 0
		for i, c := range read(t, file).Cells {
			if len(c.Source) > maxLines {
				t.Errorf("%s: cell %d has %d lines", file, i, len(c.Source))
			}
			if slices.Contains(c.Source, "%%\n") && len(c.Outputs) == 0 {
				t.Errorf("%s: cell %d shows nothing", file, i)
			}
			for _, o := range c.Outputs {
				if o.Type == "error" {
					t.Errorf("%s: cell %d failed", file, i)
				}
				if o.Data["image/png"] != nil {
					pictures++
				}
			}
		}
		if pictures == 0 {
			t.Errorf("%s has no picture", file)
		}
	}
}

// accuracies matches the last two columns of a row of results: the untrained encoder's and the trained one's, in
// percent.
var accuracies = regexp.MustCompile(`(?m)^\| (factors/\w+) .*\| \**([\d.]+) %\** \| \**([\d.]+) %\** \|$`)

func TestNotebook06_DefinesAnObjectiveInFortyLinesThatLearns(t *testing.T) {
	lines, best := 0, math.Inf(-1)
	for _, c := range read(t, "06-your-own-objective.ipynb").Cells {
		if c.Type != "code" {
			continue
		}
		for _, line := range c.Source {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
		for _, text := range c.texts() {
			for _, row := range accuracies.FindAllStringSubmatch(text, -1) {
				untrained, err1 := strconv.ParseFloat(row[2], 64)
				trained, err2 := strconv.ParseFloat(row[3], 64)
				if err := errors.Join(err1, err2); err != nil {
					t.Fatal(err)
				}
				best = max(best, trained-untrained)
			}
		}
	}

	if lines > 40 {
		t.Errorf("its cells have %d lines of Go, more than 40", lines)
	}
	if best < 5 {
		t.Errorf("the encoder beats the untrained one by %.1f points at most, less than 5", best)
	}
}

func TestKernelAndLibraryAreOfOneVersion(t *testing.T) {
	version := regexp.MustCompile(`github\.com/janpfeifer/gonb (v\S+)`)
	var found []string
	for _, path := range []string{"../go.mod", "kernel/go.mod"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, version.FindString(string(text)))
	}
	if found[0] == "" || found[0] != found[1] {
		t.Errorf("go.mod has %q, kernel/go.mod %q", found[0], found[1])
	}
}

func TestNotebooksShowWhatTheirCellsSay(t *testing.T) {
	setUp(t)
	t.Setenv("SSLX_RUNS", t.TempDir())
	t.Setenv("SSLX_PROTOCOLS", "knn") // all of them take minutes; see 08-weights

	// Each cell compiles its programs again. This level of LLVM halves the CPU time of a small training with its
	// compilation.
	t.Setenv("XLA_FLAGS", os.Getenv("XLA_FLAGS")+" --xla_backend_optimization_level=1")
	for _, file := range notebooks(t) {
		t.Run(file, func(t *testing.T) {
			again := filepath.Join(t.TempDir(), file)
			execute(t, "sslx", file, again)
			before, after := read(t, file), read(t, again)
			for i, c := range before.Cells {
				if got, want := after.Cells[i].texts(), c.texts(); !slices.Contains(c.Metadata.Tags, varies) &&
					!slices.Equal(got, want) {
					t.Errorf("cell %d shows\n%q\nand was committed with\n%q\nscripts/notebook --execute brings it "+
						"up to date", i, got, want)
				}
			}
		})
	}
}

func TestNotebookOfAnotherModuleImportsSslxAndSeesAnEditInTheNextCell(t *testing.T) {
	root := setUp(t)
	module := filepath.Join(t.TempDir(), "mine")
	write(t, filepath.Join(module, "go.mod"),
		"module example.com/mine\n\ngo 1.26.5\n\nrequire github.com/sslx-go/lab v0.0.0\n\n"+
			"replace github.com/sslx-go/lab => "+root+"\n")
	const before = `// Package mine is a user's.
package mine

import (
	_ "github.com/sslx-go/lab/notebooks/show"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/objective"
)

func Method() string { return objective.NameOf(sslx.Default().Objective) }
`
	code := filepath.Join(module, "mine.go")
	write(t, code, before)
	after := strings.Replace(before, "Objective) }", `Objective) + ", edited" }`, 1)
	imports := func(path string) string {
		return "import (\n\t\"" + path + "\"\n\t\"github.com/sslx-go/lab/notebooks/show\"\n)\n\n%%\n"
	}
	shown := imports("example.com/mine") + "show.Markdown(mine.Method())"
	edit := imports("os") + fmt.Sprintf("show.Check(os.WriteFile(%q, []byte(%q), 0o644))", code, after)
	file := filepath.Join(module, "mine.ipynb")
	write(t, file, notebookOf(t, shown, edit, shown))
	tidy := exec.Command("go", "mod", "tidy")
	tidy.Dir = module
	if out, err := tidy.CombinedOutput(); err != nil {
		skipOffline(t, out)
		t.Fatalf("go mod tidy: %v\n%s", err, out)
	}
	kernel := filepath.Join(root, ".venv/share/jupyter/kernels/sslx-mine")
	t.Cleanup(func() { _ = os.RemoveAll(kernel) })
	if out, err := exec.Command(filepath.Join(root, "scripts/notebook"), "--no-open", "--module",
		module).CombinedOutput(); err != nil {
		t.Fatalf("scripts/notebook: %v\n%s", err, out)
	}
	execute(t, "sslx-mine", file, file)
	for i, want := range map[int]string{0: "simclr", 2: "simclr, edited"} {
		if got := read(t, file).Cells[i].texts(); !slices.Contains(got, want) {
			t.Errorf("cell %d shows %q, want %q", i, got, want)
		}
	}
}

// notebookOf returns a notebook of code cells.
func notebookOf(t *testing.T, cells ...string) string {
	t.Helper()
	var all []any
	for i, source := range cells {
		all = append(all, map[string]any{"id": fmt.Sprint("cell-", i), "cell_type": "code",
			"metadata": map[string]any{}, "source": source,
			"outputs": []any{}, "execution_count": nil})
	}
	text, err := json.Marshal(map[string]any{"nbformat": 4, "nbformat_minor": 5, "metadata": map[string]any{},
		"cells": all})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// setUp sets notebooks up as a user does, and returns the folder of the repository.
func setUp(t *testing.T) (root string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves notebooks out: they train for minutes")
	}
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3, which JupyterLab needs, is not in PATH: notebooks are not run")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(filepath.Join(root, "scripts/notebook"), "--no-open").CombinedOutput(); err != nil {
		skipOffline(t, out)
		t.Fatalf("scripts/notebook: %v\n%s", err, out)
	}
	return root
}

// offline matches what pip and go say where there is no network.
var offline = regexp.MustCompile(`(?i)new connection|name resolution|dial tcp|no matching distribution`)

func skipOffline(t *testing.T, out []byte) {
	t.Helper()
	if offline.Match(out) {
		t.Skip("scripts/notebook could not reach the network for JupyterLab or the kernel: notebooks are not run")
	}
}

// execute runs a notebook, which must not fail, and writes it with its outputs.
func execute(t *testing.T, kernel, from, to string) {
	t.Helper()
	out, err := exec.Command("../.venv/bin/python", "../scripts/notebook-execute.py", kernel, from, to).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
