package objective

import (
	"fmt"
	"os"
	"reflect"
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
		own := reflect.ValueOf(methods[name].own)
		for i := range own.NumField() {
			switch field := own.Field(i); {
			case fieldName(i) == "negatives" && !field.IsZero():
				wanted = append(wanted, "| `negatives_k` | none |", "| `patch` | none |")
				fallthrough
			case !field.IsZero():
				wanted = append(wanted, fmt.Sprintf("| `%s` | %v |", fieldName(i), field))
			case strings.Contains(text, "| `"+fieldName(i)+"` |") && !strings.Contains(text, "`negatives`"):
				t.Errorf("the page of %s has %s, which it does not use", name, fieldName(i))
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
