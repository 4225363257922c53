package experiments

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// A configuration that leaves nothing out is written as it was read. What a record leaves out would be filled in by the
// code that reads it, and would change with its defaults.
func TestResults_ConfigurationsOfRunsLeaveNothingOut(t *testing.T) {
	files, err := filepath.Glob("results/*/config.yaml")
	more, _ := filepath.Glob("results/*/*/config.yaml")
	files = append(files, more...)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d runs (%v)", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c sslx.Config
		if err := record.ReadConfig(filepath.Dir(file), &c); err != nil {
			t.Error(err)
			continue
		}
		written, err := yaml.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, written) {
			t.Errorf("%s is written as\n%s", file, written)
		}
	}
}

func TestResults_ConfigurationsOfClaimsLeaveNothingOut(t *testing.T) {
	files, err := filepath.Glob("results/claims/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files (%v)", len(files), err)
	}
	for _, path := range files {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()

		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<22)
		for lines.Scan() {
			var raw struct{ Config json.RawMessage }
			if err := json.Unmarshal(lines.Bytes(), &raw); err != nil {
				t.Fatal(err)
			}
			r, err := parsed(lines.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			written, err := json.Marshal(r.Config)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(raw.Config, written) {
				t.Errorf("%s: %s is written as\n%s", path, raw.Config, written)
			}

			// The key is a hash of that configuration, and the results name it.
			key := Trial{Config: r.Config, Validation: r.Validation}.Key(r.Environment.Fingerprint)
			if r.Key != key {
				t.Errorf("%s: key %s, want %s", path, r.Key, key)
			}
			for _, x := range r.Results {
				if x.Run != r.Key {
					t.Errorf("%s: record %s has a result of run %s", path, r.Key, x.Run)
				}
			}
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
	}
}
