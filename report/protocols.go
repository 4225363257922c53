package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/record"
)

// ResultNotes says what the protocols of results mean: for each, as its documentation names it in a table and what it
// measures. Protocols that do not say are left out.
func ResultNotes(results []record.Result) [][2]string {
	var protocols []record.Protocol
	for _, r := range results {
		protocols = append(protocols, r.Protocol)
	}
	return protocolNotes(protocols)
}

// protocolNotes is ResultNotes for protocols, in the order of their first appearance.
func protocolNotes(protocols []record.Protocol) (notes [][2]string) {
	var names []string
	texts := map[string][]string{} // how a table writes them, without their layers
	for _, p := range protocols {
		names = appendNew(names, p.Name())
		texts[p.Name()] = appendNew(texts[p.Name()], p.WithoutLayer().String())
	}
	for _, name := range names {
		if what := evaluate.Describe(name); what != "" {
			notes = append(notes, [2]string{together(texts[name]), what})
		}
	}
	return notes
}

// together is one name for protocols: the parts that all begin with, or a list where there are none.
func together(texts []string) string {
	if len(texts) == 1 {
		return texts[0]
	}
	common := strings.Split(texts[0], "/")
	for _, text := range texts[1:] {
		parts := strings.Split(text, "/")
		n := 0
		for n < min(len(common), len(parts)) && common[n] == parts[n] {
			n++
		}
		common = common[:n]
	}

	switch {
	case len(common) == 0:
		return strings.Join(texts, ", ")
	case slices.Contains(texts, strings.Join(common, "/")):
		return strings.Join(common, "/") // the others add a detail
	}
	return strings.Join(common, "/") + "/…"
}

// notesMarkdown is a list of notes in Markdown; "" for none.
func notesMarkdown(notes [][2]string) string {
	var b strings.Builder
	for _, note := range notes {
		fmt.Fprintf(&b, "- `%s`: %s.\n", note[0], note[1])
	}
	return b.String()
}

// ResultsMarkdown is the table of Results in Markdown, with what its protocols mean below.
func ResultsMarkdown(results []record.Result) string {
	text := Results(results).Markdown()
	if notes := notesMarkdown(ResultNotes(results)); notes != "" {
		text += "\n" + notes
	}
	return text
}
