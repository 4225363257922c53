// Package examples tests the modules in its folders as their users build and run them.
package examples

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// parts are the files of module own, each with one part.
var parts = []string{"objective.go", "augmentation.go", "encoder.go", "rule.go", "format.go", "protocol.go", "claim.go"}

func TestOwn_PartsAreShortAndImportNothingInternal(t *testing.T) {
	for _, name := range parts {
		text, err := os.ReadFile(filepath.Join("own", name))
		if err != nil {
			t.Fatal(err)
		}
		lines := 0
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
				lines++
			}
		}
		if lines > 40 {
			t.Errorf("%s has %d lines of code, more than 40", name, lines)
		}
		if strings.Contains(string(text), "/internal/") {
			t.Errorf("%s imports something internal", name)
		}
	}
}

// goBlock matches a block of Go in Markdown.
var goBlock = regexp.MustCompile("(?s)```go\n(.*?)```")

func TestExtending_ShowsTheCodeOfModuleOwn(t *testing.T) {
	page, err := os.ReadFile("../docs/extending.md")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, name := range append([]string{"cmd/main.go"}, parts...) {
		text, err := os.ReadFile(filepath.Join("own", name))
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
		if !strings.Contains(string(page), name) {
			t.Errorf("docs/extending.md does not name %s", name)
		}
	}

	blocks := goBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) < len(parts) {
		t.Errorf("docs/extending.md has %d blocks of Go for %d parts", len(blocks), len(parts))
	}
	for _, block := range blocks {
		if !strings.Contains(code.String(), block[1]) {
			t.Errorf("docs/extending.md shows code that is not in examples/own:\n%s", block[1])
		}
	}
}

// yamlBlock matches a block of YAML in Markdown.
var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestExtending_ConfigurationsAreRead gives each block of YAML to the command of module own. It reads and checks a
// configuration before it looks for the data: where these are all that it lacks, the block is right.
func TestExtending_ConfigurationsAreRead(t *testing.T) {
	page, err := os.ReadFile("../docs/extending.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := yamlBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) == 0 {
		t.Fatal("docs/extending.md has no block of YAML")
	}

	own := build(t)
	absent := filepath.Join(own.home, "absent")
	for _, block := range blocks {
		misspelled := strings.Replace(block[1], "name: ", "name: x", 1)
		for text, want := range map[string]string{block[1]: absent, misspelled: "did you mean"} {
			config := filepath.Join(own.home, "page.yaml")
			if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			command := own.command("pretrain", "--config", config, "--set", "data="+absent, "--out", "run")
			said, err := command.CombinedOutput()
			if status := command.ProcessState.ExitCode(); status != 2 || !strings.Contains(string(said), want) {
				t.Errorf("exit status %d (%v), want 2 and %q in %q for\n%s", status, err, want, said, text)
			}
		}
	}
}

func TestREADME_GoProgramBuilds(t *testing.T) {
	page, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := goBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 1 {
		t.Fatalf("the README has %d blocks of Go, not one", len(blocks))
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "main.go")
	if err := os.WriteFile(program, []byte(blocks[0][1]), 0o644); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command("go", "build", "-o", filepath.Join(dir, "program"),
		program).CombinedOutput(); err != nil {
		t.Errorf("the README's Go program does not build: %v\n%s", err, text)
	}
}

// entryPoints are the functions whose examples a reader looks for first, by the folder of their package.
var entryPoints = map[string][]string{
	"sslx":           {"Pretrain", "Resume", "Evaluate", "Illustrate", "Load", "ReadConfig"},
	"sslx/backend":   {"Open", "Doctor"},
	"sslx/record":    {"Create"},
	"sslx/pretrain":  {"Train"},
	"sslx/augment":   {"Register", "Pipeline", "Views"},
	"sslx/dataset":   {"Register", "Import", "Locate", "OpenFolder"},
	"sslx/embedding": {"Load", "Write"},
	"sslx/encoder":   {"Register", "ConvNet"},
	"sslx/evaluate":  {"Register", "Run", "Weights"},
	"sslx/optimizer": {"Register", "Config"},
	"sslx/probe":     {"KNN", "LinearProbe"},
	"watch":          {"New"},
	"experiments":    {"Judge"},
	"sslx/runs":      {"List", "Find"},
	"report":         {"Results", "WriteRun"},
	"sslx/objective": {"Register", "Barlow", "BYOL", "DCL", "DCLW", "DINO", "EMPSSL", "LeJEPA", "MoCo", "MoCoV3",
		"NNCLR", "SimCLR", "SimSiam", "SupCon", "Supervised", "SwAV", "VICReg"},
}

func TestExamples_CompileInAnotherModule(t *testing.T) {
	module := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join("own", name))
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("=> ../.."), []byte("=> "+abs(t, "..")))
		if err := os.WriteFile(filepath.Join(module, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	// Each example goes to a package of its own in the other module.
	for folder, names := range entryPoints {
		var all []byte
		files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for name, text := range examplesOf(t, file) {
				all = append(all, text...)
				copied := filepath.Join(module, folder, strings.ToLower(name), "example_test.go")
				if err := os.MkdirAll(filepath.Dir(copied), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(copied, text, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, name := range names {
			if !regexp.MustCompile(`\nfunc Example` + name + `(_\w+)?\(\)`).Match(all) {
				t.Errorf("%s has no example of %s", folder, name)
			}
		}
	}

	// Vet's own test of examples asks for the package that they are examples of.
	command := exec.Command("go", "vet", "-tests=false", "-mod=mod", "./...")
	command.Dir = module
	if text, err := command.CombinedOutput(); err != nil {
		t.Errorf("examples do not compile in another module: %v\n%s", err, text)
	}
}

// examplesOf returns the examples of a test file as files: a file without tests as it is. The examples of objectives
// stand next to their oracles: each becomes a file with the imports that it uses.
func examplesOf(t *testing.T, file string) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case !bytes.Contains(text, []byte("\nfunc Example")):
		return nil
	case !bytes.Contains(text, []byte("\nfunc Test")) && !bytes.Contains(text, []byte("\tsubjects[")):
		return map[string][]byte{strings.TrimSuffix(filepath.Base(file), "_test.go"): text}
	}

	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, text, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	for _, decl := range parsed.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(f.Name.Name, "Example") {
			continue
		}
		body := text[set.Position(f.Pos()).Offset:set.Position(f.End()).Offset]
		var b bytes.Buffer
		fmt.Fprintf(&b, "package %s\n\n", parsed.Name.Name)
		for _, spec := range parsed.Imports {
			switch name := path.Base(strings.Trim(spec.Path.Value, `"`)); {
			case spec.Name != nil && spec.Name.Name == ".":
				fmt.Fprintf(&b, "import . %s\n", spec.Path.Value)
			case bytes.Contains(body, []byte(name+".")):
				fmt.Fprintf(&b, "import %s\n", spec.Path.Value)
			}
		}
		found[f.Name.Name] = fmt.Appendf(b.Bytes(), "\nvar _ *Node // of the dot import\n\n%s\n", body)
	}
	return found
}

func TestOwn_PartsOfAnotherModuleTrainResumeEvaluateAndJudge(t *testing.T) {
	own := build(t)
	train, evaluate := own.pageCommands(t)

	// One training is left alone, the other is killed after its first checkpoint and resumed.
	own.run(t, train...)
	whole := filepath.Join(own.home, train[len(train)-1])
	other := filepath.Join(own.home, "killed")
	killed := own.command(append(train[:len(train)-1:len(train)-1], other)...)
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	awaitCheckpoint(t, other)
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := killed.Wait(); err == nil {
		t.Fatal("the training ended before it was killed: make it longer")
	}
	own.run(t, "pretrain", "--resume", other)
	if !bytes.Equal(variables(t, whole), variables(t, other)) {
		t.Error("the training that was killed and resumed ended with other variables than the one that was left alone")
	}

	// The own protocol stands next to a built-in one, and finds two classes of other colors apart.
	var results []result
	text := own.run(t, append(evaluate, "--json")...)
	if err := json.Unmarshal(text, &results); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	own.check(t, results, "centroid")
	own.check(t, results, "knn")

	// The claim is run and judged like a built-in one.
	var outcomes []struct {
		Claim     string
		Estimates []struct{ Factor string }
	}
	text = own.run(t, "claims", "run", "uniformity", "--scale", "smoke", "--json")
	if err := json.Unmarshal(text, &outcomes); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if len(outcomes) != 1 || outcomes[0].Claim != "uniformity" || len(outcomes[0].Estimates) == 0 {
		t.Errorf("claims run printed %s", text)
	}
}

// pageCommands returns the arguments of the commands of docs/extending.md, which build, train and evaluate, with the
// test's data in them. The first one builds, as [build] does.
func (b built) pageCommands(t *testing.T) (train, evaluate []string) {
	t.Helper()
	page, err := os.ReadFile("../docs/extending.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(page), "```sh\ngo build -o own ./cmd\n")
	block, _, _ = strings.Cut(block, "```")
	lines := strings.Split(strings.TrimSpace(block), "\n")
	if !found || len(lines) != 2 || !strings.HasPrefix(lines[0], "./own pretrain ") ||
		!strings.HasPrefix(lines[1], "./own evaluate ") || strings.Count(string(page), "```sh") != 2 {
		t.Fatalf("the commands of docs/extending.md have changed: %q", lines)
	}
	arguments := func(line string) []string {
		line = strings.ReplaceAll(line, "FOLDER", b.data)
		return strings.Fields(strings.ReplaceAll(line, "own.yaml", abs(t, "own/own.yaml")))[1:]
	}
	return arguments(lines[0]), arguments(lines[1])
}

// TestExtending_ModuleFromACloneBuildsAndKnowsItsLoss runs the block that makes a module. Its training asks for data
// that are absent: the command reads and checks the configuration before it looks for them.
func TestExtending_ModuleFromACloneBuildsAndKnowsItsLoss(t *testing.T) {
	page, err := os.ReadFile("../docs/extending.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(page), "```sh\nmkdir")
	block, _, _ = strings.Cut(block, "```")
	if !found || strings.Count(block, "data=factors") != 1 {
		t.Fatalf("the block of docs/extending.md that makes a module has changed: %q", block)
	}

	absent := filepath.Join(t.TempDir(), "absent")
	script := strings.NewReplacer("CLONE", abs(t, ".."), "data=factors", "data="+absent).Replace("mkdir" + block)
	command := exec.Command("bash", "-ec", script)
	command.Dir = t.TempDir()
	said, err := command.CombinedOutput()
	if status := command.ProcessState.ExitCode(); status != 2 || !strings.Contains(string(said), absent) {
		t.Errorf("exit status %d (%v), want 2 and %s in\n%s", status, err, absent, said)
	}
}

// result is a row of what evaluate prints.
type result struct {
	Model, Protocol string
	Value           float64
}

// check fails unless the trained encoder tells the classes apart by a protocol.
func (b built) check(t *testing.T, results []result, protocol string) {
	t.Helper()
	good := func(r result) bool {
		return r.Model == "align-uniform" && strings.HasPrefix(r.Protocol, protocol) && r.Value > 0.9
	}
	if !slices.ContainsFunc(results, good) {
		t.Errorf("no accuracy above 0.9 by %s in %v", protocol, results)
	}
}

func TestOwn_NamesAreSuggestedLikeBuiltInOnes(t *testing.T) {
	own := build(t)
	for _, c := range []struct{ set, want string }{
		{"objective.name=align-unifrom", `did you mean "align-uniform"?`},
		{"objective.wieght=2", `did you mean "objective.weight"?`},
		{"objective.weight=-1", "weight is -1: it must be positive"},
		{"encoder.name=patchbag", `did you mean "patch-bag"?`},
		{"optimizer.name=lyon", `did you mean "lion"?`},
	} {
		command := own.command("pretrain", "--config", abs(t, "own/own.yaml"), "--set", c.set,
			"--out", filepath.Join(t.TempDir(), "run"))
		text, err := command.CombinedOutput()
		if status := command.ProcessState.ExitCode(); status != 2 {
			t.Errorf("--set %s: exit status %d (%v), want 2", c.set, status, err)
		}
		if !strings.Contains(string(text), c.want) {
			t.Errorf("--set %s: %s does not say %q", c.set, text, c.want)
		}
	}
}

// built is the command of module own, with a data set in its format.
type built struct{ binary, data, home string }

// build builds the command in folder own and makes a data set.
func build(t *testing.T) built {
	t.Helper()
	dir := t.TempDir()
	b := built{filepath.Join(dir, "own"), filepath.Join(dir, "colors"), dir}
	command := exec.Command("go", "build", "-o", b.binary, "./cmd")
	command.Dir = "own"
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}

	if err := os.Mkdir(b.data, 0o755); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 1))
	for name, text := range map[string][]byte{
		"train.rgb32": records(random, 512), "test.rgb32": records(random, 64),
		"classes.txt": []byte("reddish\nbluish\n"),
	} {
		if err := os.WriteFile(filepath.Join(b.data, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// records returns n images of the format rgb32: of noise, with more red in class 0 and more blue in class 1.
func records(random *rand.Rand, n int) (text []byte) {
	for i := range n {
		class := byte(i % 2)
		text = append(text, class)
		for range 32 * 32 {
			pixel := [3]byte{byte(random.IntN(128)), byte(random.IntN(128)), byte(random.IntN(128))}
			pixel[2*class] += 127
			text = append(text, pixel[:]...)
		}
	}
	return text
}

func (b built) command(args ...string) *exec.Cmd {
	command := exec.Command(b.binary, args...)
	command.Env = append(os.Environ(), "SSLX_CACHE="+filepath.Join(b.home, "cache"),
		"XLA_FLAGS=--xla_backend_optimization_level=1") // LLVM would take most of the time, for short runs
	command.Dir = b.home
	return command
}

// run runs the command and returns what it prints.
func (b built) run(t *testing.T, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, b.binary, args...)
	like := b.command()
	command.Env, command.Dir = like.Env, like.Dir
	var errors bytes.Buffer
	command.Stderr = &errors
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, errors.String())
	}
	return text
}

// awaitCheckpoint waits until the run in dir has a checkpoint.
func awaitCheckpoint(t *testing.T, dir string) {
	t.Helper()
	for range 3000 {
		if found, _ := filepath.Glob(filepath.Join(dir, "*.safetensors")); len(found) > 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("there was no checkpoint within a minute")
}

// variables returns the bytes of all variables in the checkpoint of a run: safetensors without its header, which holds
// the seconds of the training.
func variables(t *testing.T, dir string) []byte {
	t.Helper()
	found, _ := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if len(found) != 1 {
		t.Fatalf("run %s has checkpoints %v", dir, found)
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	header := 0
	for i := range 8 {
		header |= int(text[i]) << (8 * i)
	}
	return text[8+header:]
}

func abs(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
