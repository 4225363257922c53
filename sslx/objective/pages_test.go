package objective

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// pages is where each method has a page.
const pages = "../../docs/methods/"

func TestEveryMethodHasAPageWithItsParameters(t *testing.T) {
	index := page(t, "README")
	for _, name := range Names() {
		text := page(t, name)
		wanted := []string{"<!-- measured:" + name + " -->"}
		for _, parameter := range written(t, name) {
			wanted = append(wanted, fmt.Sprintf("| `%s` | %s |", parameter[0], parameter[1]))
			if parameter[0] == "negatives" {
				wanted = append(wanted, "| `negatives_k` | none |", "| `patch` | none |")
			}
		}
		for _, key := range Keys() {
			listed := strings.Contains(text, "| `"+key+"` |")
			if listed && !slices.ContainsFunc(wanted, func(w string) bool { return strings.HasPrefix(w, "| `"+key+"` |") }) {
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
	method, err := Named(name)
	if err != nil {
		t.Fatal(err)
	}
	node, err := Encode(method)
	if err != nil {
		t.Fatal(err)
	}
	for i := 2; i < len(node.Content); i += 2 {
		parameters = append(parameters, [2]string{node.Content[i].Value, node.Content[i+1].Value})
	}
	return parameters
}

// Examples run with the tests; a page shows the same text.
func TestEveryPageHasItsExample(t *testing.T) {
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Names() {
		_, body, ok := strings.Cut(string(source), "func Example_"+name+"() {\n\t")
		body, _, _ = strings.Cut(body, "\n}\n")
		if !ok || !strings.Contains(page(t, name), strings.ReplaceAll(body, "\n\t", "\n")) {
			t.Errorf("the page of %s does not have Example_%s", name, name)
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
