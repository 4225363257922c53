// Command style prints where files of the repository break the rules of text that a program can hold: Go lines of at
// most 120 columns, American spelling, and none of the phrases that CONTRIBUTING.md asks to avoid, in comments, texts
// and pages. scripts/check runs it. The file exceptions holds what may stay, and why.
package main

import (
	_ "embed"
	"fmt"
	"go/scanner"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// columns is the width of a Go line, where a tab takes four.
const columns = 120

// phrase is a way to write that has a better one.
type phrase struct {
	avoid *regexp.Regexp
	write string
}

// phrases are avoided in prose. CONTRIBUTING.md has examples.
var phrases = []phrase{
	{regexp.MustCompile(`(?i)\bmend(s|ed|ing)?\b`), "fix"},
	{regexp.MustCompile(`(?i)\banew\b`), "again"},
	{regexp.MustCompile(`(?i)\bforth\b`), "forward"},
	{regexp.MustCompile(`(?i)\bbeside\b`), "next to"},
	{regexp.MustCompile(`(?i)\bgo(es|ing|ne)? on\b`), "resume, continue"},
	{regexp.MustCompile(`(?i)\bgives? way\b`), "is replaced by"},
	{regexp.MustCompile(`(?i)\bnot got\b`), "say what failed"},
	{regexp.MustCompile(`(?i)\b(is|are|was|were|be|can be) had\b`), "available, or name who has it"},
	{regexp.MustCompile(`(?i)\bare usage errors\b`), "returns a usage error for …"},
	{regexp.MustCompile(`(?i)\b(that|those) of\b[^.;:]*\b(that|those) of\b`), "name the thing"},
	{regexp.MustCompile(`(?i)\bnothing is lost with\b`), "can be deleted without losing anything"},
	{regexp.MustCompile(`(?i)\bback[ -]ends?\b`), "backend"},
	{regexp.MustCompile(`(?i)\bof one's own\b`), "your own"},
	{regexp.MustCompile(`(?i)\bformer(ly)?\b`), "earlier, previous"},
	{regexp.MustCompile(`(?i)\bsays? what, and\b`), "says what … and how to …"},
	{regexp.MustCompile(`(?i)\bwhere (they|it) (are|is) here\b`), "if installed"},
	{regexp.MustCompile(`(?i)\bthat are not there yet\b`), "that are still missing"},
	{regexp.MustCompile(`(?i)\bforwards and backwards\b`), "forward and backward"},
}

// spellings are British, in prose and identifiers.
var spellings = regexp.MustCompile(`(?i)(colour|grey|centre|neighbour|behaviour|favour|honour|labour|artefact|cancell(ed|ing)|` +
	`labell|modell(ed|ing)|licence|catalogue|sceptic|programme[ds]?\b|` +
	`(normal|optim|initial|serial|organ|real|recogn|summar|minim|maxim|visual|quant|general|special|standard|random|util|` +
	`central|local|final|synchron|parallel|memor|author|categor|character|custom|emphas|equal|penal|priorit|regular|stabil|` +
	`token|vector|poster|solar)is(e|ed|es|ing|ation|ations|er|ers)\b)`)

// violation is a place that breaks a rule.
type violation struct {
	file string
	line int
	text string // the words that break it
	rule string
}

func main() {
	files, err := tracked()
	if err != nil {
		fmt.Fprintln(os.Stderr, "style:", err)
		os.Exit(1)
	}
	var found []violation
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, "style:", err)
			os.Exit(1)
		}
		found = append(found, check(file, text)...)
	}

	left := excepted(found)
	for _, v := range left {
		fmt.Printf("%s:%d: %s: %s\n", v.file, v.line, v.text, v.rule)
	}
	if len(left) > 0 {
		fmt.Fprintf(os.Stderr, "style: %d places; what has to stay goes into internal/style/exceptions\n", len(left))
		os.Exit(1)
	}
}

// tracked returns the Go files, pages and templates of the repository that git knows or could add.
func tracked() ([]string, error) {
	out, err := exec.Command("git", "ls-files", "-co", "--exclude-standard", "*.go", "*.md", "*.tmpl").Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	files := strings.Fields(string(out))
	return slices.DeleteFunc(files, func(file string) bool {
		_, err := os.Stat(file)
		return err != nil || file == "internal/style/style.go" // deleted and not yet committed, or this list
	}), nil
}

// check returns the violations of a file.
func check(file string, text []byte) (found []violation) {
	if filepath.Ext(file) != ".go" {
		for i, line := range strings.Split(string(text), "\n") {
			found = append(found, prose(file, i+1, line)...)
		}
		return found
	}

	raw := map[int]bool{} // lines of raw strings: breaking them would change the text
	var s scanner.Scanner
	source := token.NewFileSet().AddFile(file, -1, len(text))
	s.Init(source, text, nil, scanner.ScanComments)
	for {
		pos, tok, literal := s.Scan()
		switch tok {
		case token.EOF:
			return append(found, wide(file, text, raw)...)
		case token.COMMENT, token.STRING:
			for i := range strings.Count(literal, "\n") + 1 {
				raw[source.Line(pos)+i] = raw[source.Line(pos)+i] || literal[0] == '`'
			}
			for i, line := range strings.Split(literal, "\n") {
				found = append(found, prose(file, source.Line(pos)+i, line)...)
			}
		case token.IDENT:
			if m := spellings.FindString(literal); m != "" {
				found = append(found, violation{file, source.Line(pos), literal, "American spelling"})
			}
		}
	}
}

// wide returns the lines of code that are too wide.
func wide(file string, text []byte, raw map[int]bool) (found []violation) {
	for i, line := range strings.Split(string(text), "\n") {
		if n := width(line); n > columns && !raw[i+1] {
			found = append(found, violation{file, i + 1, fmt.Sprintf("%d columns", n), fmt.Sprintf("at most %d", columns)})
		}
	}
	return found
}

// width returns the columns of a line.
func width(line string) int { return utf8.RuneCountInString(line) + 3*strings.Count(line, "\t") }

// prose returns the violations of a line of text.
func prose(file string, line int, text string) (found []violation) {
	for _, m := range spellings.FindAllString(text, -1) {
		found = append(found, violation{file, line, m, "American spelling"})
	}
	for _, p := range phrases {
		for _, m := range p.avoid.FindAllString(text, -1) {
			found = append(found, violation{file, line, m, p.write})
		}
	}
	return found
}

//go:embed exceptions
var exceptions string

// excepted returns the violations that no exception allows. A line of the file holds a path, or its beginning up to a
// star, the words that may stand there, and the reason, separated by tabs.
func excepted(found []violation) []violation {
	return slices.DeleteFunc(found, func(v violation) bool {
		for line := range strings.Lines(exceptions) {
			fields := strings.Split(strings.TrimSpace(line), "\t")
			if len(fields) < 3 || strings.HasPrefix(line, "#") {
				continue
			}
			path, anywhere := strings.CutSuffix(fields[0], "*")
			if (v.file == path || anywhere && strings.HasPrefix(v.file, path)) && strings.EqualFold(v.text, fields[1]) {
				return true
			}
		}
		return false
	})
}
