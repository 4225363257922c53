package objective_test

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/objective"
)

// pages is where each method has a page.
const pages = "../../docs/methods/"

func TestPages_HaveTheParametersOfTheirMethods(t *testing.T) {
	index := page(t, "README")
	for _, name := range objective.Names() {
		text := page(t, name)
		var wanted []string
		for _, parameter := range written(t, name) {
			wanted = append(wanted, fmt.Sprintf("| `%s` | %s |", parameter[0], parameter[1]))
			if parameter[0] == "negatives" {
				wanted = append(wanted, "| `negatives_k` | none |", "| `patch` | none |",
					"| `negatives_alike` | false |")
			}
		}
		for _, key := range objective.Keys() {
			row := "| `" + key + "` |"
			used := slices.ContainsFunc(wanted, func(w string) bool { return strings.HasPrefix(w, row) })
			if strings.Contains(text, row) && !used {
				t.Errorf("the page of %s has %s, which it does not use", name, key)
			}
		}
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				t.Errorf("the page of %s lacks %q", name, want)
			}
		}
		if !strings.Contains(index, "("+name+".md)") {
			t.Errorf("the index lacks %s", name)
		}
	}
}

// written returns the parameters of a method with their defaults, as YAML writes them.
func written(t *testing.T, name string) (parameters [][2]string) {
	t.Helper()
	method, err := objective.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	node, err := objective.Encode(method)
	if err != nil {
		t.Fatal(err)
	}
	for i := 2; i < len(node.Content); i += 2 {
		parameters = append(parameters, [2]string{node.Content[i].Value, node.Content[i+1].Value})
	}
	return parameters
}

// Examples run with the tests; a page shows the same text.
func TestPages_HaveTheirExamples(t *testing.T) {
	for _, name := range objective.Names() {
		method, err := objective.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		source, err := os.ReadFile(name + "_test.go")
		if err != nil {
			t.Errorf("the tests of %s: %v", name, err)
			continue
		}

		function := "Example" + reflect.TypeOf(method).Name()
		_, body, ok := strings.Cut(string(source), "func "+function+"() {\n\t")
		body, _, _ = strings.Cut(body, "\n}\n")
		if !ok || !strings.Contains(page(t, name), strings.ReplaceAll(body, "\n\t", "\n")) {
			t.Errorf("the page of %s does not have %s", name, function)
		}
	}
}

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(pages + name + ".md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
