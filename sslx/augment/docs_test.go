package augment

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

func TestDocs_NameEveryKeyPresetAndOperation(t *testing.T) {
	page := docs(t)
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		names = append(names, yamlName(f))
	}

	for name := range operations() {
		names = append(names, name)
	}

	for _, name := range append(names, Presets()...) {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/views.md does not name %s", name)
		}
	}
}

func TestDocs_NameEveryDefault(t *testing.T) {
	page := docs(t)
	for name := range operations() {
		op, err := Named(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "sometimes" {
			continue // its operation has no default
		}
		text := Views{{Operations: Pipeline{op}}}.String()
		_, parameters, _ := strings.Cut(text, "{name: "+name+", ")
		parameters, _, _ = strings.Cut(parameters, "}")
		if !strings.Contains(page, "`"+parameters) {
			t.Errorf("docs/views.md does not give the defaults of %s: %s", name, parameters)
		}
	}
}

func TestDocs_ExamplesAreRead(t *testing.T) {
	read := 0
	for i, block := range strings.Split(docs(t), "```") {
		text, ok := strings.CutPrefix(block, "yaml\n")
		if i%2 == 0 || !ok {
			continue
		}
		for _, example := range strings.Split("\n"+text, "\nviews:")[1:] {
			read++
			if views, err := readViews(example); err != nil || views.Check() != nil {
				t.Errorf("%s: %v, %v", example, err, views.Check())
			}
		}
	}

	if read != 5 {
		t.Errorf("%d examples were found, want 5", read)
	}
}

// The operation on the page is the one of the example, which is run.
func TestDocs_OwnOperationIsTheExample(t *testing.T) {
	example, err := os.ReadFile("own_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(docs(t), "```go\n")
	code, _, _ = strings.Cut(code, "```")
	if !strings.Contains(string(example), code) {
		t.Error("own_test.go does not contain the operation of docs/views.md")
	}
}

// docs returns the page on views.
func docs(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/views.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
