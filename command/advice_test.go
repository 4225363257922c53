package command

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/backend"
)

var (
	advisedFlag    = regexp.MustCompile(`(?:^|[\s(,;"'])--([a-z][a-z-]+)`)
	advisedCommand = regexp.MustCompile("`sslx ([^`]+)`|(?:next|to fix it:|^)\\s+sslx ([^\n]+)")
)

// checkAdvice fails the test when what a command line printed names a flag that the command does not have, or a command
// line of sslx that would be refused. Every [call] does it.
func checkAdvice(t *testing.T, args []string, printed string) {
	t.Helper()
	root := rootCommand(&app{stdout: io.Discard, stderr: io.Discard})
	cmd, _, err := root.Find(args)
	if err != nil {
		cmd = root
	}
	cmd.InitDefaultHelpFlag()
	commands := advisedCommand.FindAllStringSubmatch(printed, -1)
	for _, c := range commands {
		if err := refused(c[1] + c[2]); err != nil {
			t.Errorf("sslx %s advises %q: %v", strings.Join(args, " "), c[0], err)
		}
	}

	rest := advisedCommand.ReplaceAllString(printed, "")
	for _, m := range advisedFlag.FindAllStringSubmatch(rest, -1) {
		given := slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--"+m[1]) })
		if cmd.Flags().Lookup(m[1]) == nil && cmd.InheritedFlags().Lookup(m[1]) == nil && !given {
			t.Errorf("sslx %s names --%s, which it does not have:\n%s", strings.Join(args, " "), m[1], printed)
		}
	}
}

// refused returns why a command line of sslx would not be understood.
func refused(line string) error {
	root := rootCommand(&app{stdout: io.Discard, stderr: io.Discard})
	cmd, rest, err := root.Find(shellWords(line))
	if err != nil {
		return err
	}
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if help, _ := cmd.Flags().GetBool("help"); help {
		return nil
	}
	return cmd.ValidateArgs(cmd.Flags().Args())
}

// shellWords cuts a command line as a shell does, at spaces outside of single quotes.
func shellWords(line string) (all []string) {
	word, quoted, begun := "", false, false
	for _, r := range line + " " {
		switch {
		case r == '\'':
			quoted, begun = !quoted, true
		case r == ' ' && !quoted:
			if begun {
				all = append(all, word)
			}
			word, begun = "", false
		default:
			word, begun = word+string(r), true
		}
	}
	return all
}

// TestAdvice_IsUnderstood looks at every text of the module that names a command line of sslx.
func TestAdvice_IsUnderstood(t *testing.T) {
	var names []string
	for _, c := range rootCommand(&app{stdout: io.Discard, stderr: io.Discard}).Commands() {
		names = append(names, c.Name())
	}
	command := regexp.MustCompile("`sslx ([a-z][^`]+)`|\\bsslx ((?:" + strings.Join(names, "|") + ") [^\n`\"&]*)")
	found := 0
	for _, path := range sources(t, "command", "sslx", "sslx/*", "experiments", "bench", "report", "plots", "watch",
		"notebooks/show", "internal/*") {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range command.FindAllStringSubmatch(text, -1) {
				found++
				line, _, _ := strings.Cut(m[1]+m[2], " > ")
				line, _, _ = strings.Cut(line, " continues")
				line, _, _ = strings.Cut(line, " #")
				line = strings.TrimRight(line, ":,.)")
				line = strings.NewReplacer("%s", "X", "runs/*", "runs/a runs/b").Replace(line)
				if strings.HasSuffix(line, " ") && strings.HasSuffix(text, line) {
					line += "X" // what is appended to the text
				}
				if err := refused(line); err != nil {
					t.Errorf("%s: %q: %v", path, m[0], err)
				}
			}
			return true
		})
	}
	if found < 100 {
		t.Errorf("only %d command lines were found", found)
	}
}

func TestAdvice_NamesAFlagOnlyWhereTheCommandHasIt(t *testing.T) {
	for _, c := range []struct {
		command string
		err     error
		want    string
	}{
		{"data import", usage.About("skip-bad", "skip bad images"), "skip bad images (--skip-bad)"},
		{"pretrain", usage.About("skip-bad", "skip bad images"), "skip bad images"},
		{"pretrain", usage.About("optimizer.lr", "lr is 0"), "lr is 0 (--set optimizer.lr=…)"},
		{"evaluate", usage.About("optimizer.lr", "lr is 0"), "lr is 0"},
		{"runs compare", usage.About("force", "not alike"), "not alike (--force)"},
		{"evaluate", usage.About("run", "no run"), "no run: `sslx runs list` lists those that there are"},
		{"pretrain", errors.New("no argument"), "no argument"},
		{"pretrain", &backend.PluginError{Plugin: "cuda12"}, ""},
	} {
		var out strings.Builder
		a := &app{stderr: &out}
		root := rootCommand(a)
		cmd, _, err := root.Find(strings.Fields(c.command))
		if err != nil {
			t.Fatal(err)
		}
		a.command = cmd
		var plugin *backend.PluginError
		if errors.As(c.err, &plugin) {
			if got := a.advice(c.err); got != ": run `sslx backend install cuda12`" {
				t.Errorf("a missing plugin gives %q", got)
			}
			if err := refused("backend install cuda12"); err != nil {
				t.Error(err)
			}
			continue
		}
		a.printError(c.err)
		if got := strings.TrimSuffix(out.String(), "\n"); got != "sslx: "+c.want {
			t.Errorf("%s: %q, want %q", c.command, got, c.want)
		}
	}
}

// TestAdvice_NamesTheProgramThatRuns holds what is advised to a program that adds parts of its own.
func TestAdvice_NamesTheProgramThatRuns(t *testing.T) {
	for path, want := range map[string]string{"sslx": "sslx", "./bin/sslx": "sslx", "/usr/bin/sslx": "sslx",
		"own": "own", "./own": "./own", "/tmp/build/own": "own", "my own/lab": "my own/lab"} {
		if got := usage.ProgramName(path); got != want {
			t.Errorf("%s is called as %s, want %s", path, got, want)
		}
	}

	usage.Program = "my lab"
	defer func() { usage.Program = "sslx" }()
	var stdout, stderr strings.Builder
	a := &app{stdout: &stdout, stderr: &stderr}
	a.printError(usage.About("run", "no run"))
	a.warn("data are missing: `sslx data list`")
	if err := a.printSummary("runs/r", sslx.Summary{}); err != nil {
		t.Fatal(err)
	}
	printed := stdout.String() + stderr.String()
	for _, want := range []string{"`'my lab' runs list`", "`'my lab' data list`", "'my lab' evaluate runs/r"} {
		if !strings.Contains(printed, want) {
			t.Errorf("%q lacks %s", printed, want)
		}
	}
	if strings.Contains(printed, "`sslx ") || strings.Contains(printed, " sslx evaluate") {
		t.Errorf("another program is advised: %q", printed)
	}
}

// TestAdvice_NamesNoArgumentThatNoCommandHas holds the arguments that libraries name to flags and keys that exist.
func TestAdvice_NamesNoArgumentThatNoCommandHas(t *testing.T) {
	known := sslx.ConfigKeys()
	for argument := range listings {
		known = append(known, argument)
	}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, below := range cmd.Commands() {
			visit(below)
		}
		for _, m := range regexp.MustCompile(`--([a-z][a-z-]+)`).FindAllStringSubmatch(cmd.UsageString(), -1) {
			known = append(known, m[1])
		}
	}
	visit(rootCommand(&app{stdout: io.Discard, stderr: io.Discard}))

	for _, path := range sources(t, "sslx", "sslx/*", "experiments", "bench", "report", "plots") {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			literal, isText := call.Args[0].(*ast.BasicLit)
			if !ok || !isText || f.Sel.Name != "About" {
				return true
			}
			if argument, _ := strconv.Unquote(literal.Value); !slices.Contains(known, argument) {
				t.Errorf("%s: an error is about %q, which no command can change", path, argument)
			}
			return true
		})
	}
}

// sources returns the Go files in folders of the module, without tests.
func sources(t *testing.T, folders ...string) (paths []string) {
	t.Helper()
	for _, folder := range folders {
		pattern := folder + "/*.go"
		found, err := filepath.Glob(filepath.Join(repository(t), pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			if !strings.HasSuffix(path, "_test.go") {
				paths = append(paths, path)
			}
		}
	}
	return paths
}
