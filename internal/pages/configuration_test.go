package pages

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// configurationRow matches a key and its default in the table of docs/configuration.md.
var configurationRow = regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| (.*?) \\|")

func TestConfiguration_TableHasEveryKeyWithItsDefault(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, row := range configurationRow.FindAllStringSubmatch(string(text), -1) {
		shown[row[1]] = strings.Trim(row[2], "`")
	}

	// Keys below these three have pages of their own.
	var keys []string
	for _, key := range pretrain.Keys() {
		first, _, _ := strings.Cut(key, ".")
		if slices.Contains([]string{"views", "encoder", "objective"}, first) {
			key = first
		}
		keys = append(keys, key)
	}
	for key := range shown {
		if !slices.Contains(keys, key) {
			t.Errorf("docs/configuration.md has the key %s, which a configuration lacks", key)
		}
	}

	defaults := defaultValues(t)
	for _, key := range keys {
		got, found := shown[key]
		if !found {
			t.Errorf("docs/configuration.md lacks the key %s", key)
			continue
		}
		if want := defaults[key]; !slices.Contains(want, got) {
			t.Errorf("docs/configuration.md: the default of %s is %q, want one of %q", key, got, want)
		}
	}
}

// defaultValues returns how the default of each key may be written.
func defaultValues(t *testing.T) map[string][]string {
	t.Helper()
	text, err := yaml.Marshal(sslx.Default())
	if err != nil {
		t.Fatal(err)
	}
	var written map[string]any
	if err := yaml.Unmarshal(text, &written); err != nil {
		t.Fatal(err)
	}

	values := map[string][]string{}
	for _, key := range pretrain.Keys() {
		first, second, _ := strings.Cut(key, ".")
		value, found := written[first]
		if below, ok := value.(map[string]any); ok && (first == "optimizer" || first == "probe") {
			value, found = below[second]
		}
		flow := strings.ReplaceAll(fmt.Sprint(value), " ", ", ")
		values[key] = []string{flow}
		if !found || flow == "" { // what is empty is not written
			values[key] = []string{"0", "false", "none"}
		}
	}

	// A record has what these were resolved to, and parts are named.
	c := sslx.Default()
	values["norm"], values["negatives_norm"] = []string{c.Norm}, []string{c.NegativesNorm}
	values["encoder"], values["objective"] = []string{"convnet"}, []string{"simclr"}
	values["views"] = []string{"{preset: cifar}"}
	return values
}
