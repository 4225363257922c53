package experiments

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/faults"
	"github.com/sslx-go/lab/sslx/record"
)

// sampleRecord is a record with a value in most places.
func sampleRecord() Record {
	accuracy := 0.5
	return Record{Key: "0123456789abcdef", Scale: CPU, Config: Base(CPU), Tasks: []string{"class"}, Images: 1 << 40,
		Environment: record.Environment{Device: "cpu <&>", Modules: map[string]string{"a": "v1"}},
		Results: []record.Result{{Model: "simclr", Task: "cifar10/class", Value: 1.0 / 3,
			Chosen: map[string]float64{"l2": 1e-6}}},
		Log: []record.Metrics{{Step: 10, Loss: 4.1, ProbeAccuracy: &accuracy}}}
}

// FuzzRecords reads any text as a store. What can be read is the same when it was appended to another store and read
// again.
func FuzzRecords(f *testing.F) {
	text, err := json.Marshal(sampleRecord())
	if err != nil {
		f.Fatal(err)
	}
	line := string(summed(text)) + "\n"
	for _, seed := range []string{
		"", line, line + line[:40], string(text) + "\n", strings.Replace(line, "0.333", "0.334", 1),
		`{"key":"a"}` + "\n" + `{"key":"a","images":2}` + "\n", `{"images":2}` + "\n",
		`{"key":"a","config":{"views":[{}]}}` + "\n", `{"key":"a","config":{"views":"paper"}}` + "\n",
		`{"key":"a","finished":"now"}` + "\n", `{"key":1}` + "\n", "null\n", "\n",
		`{"key":"a","sha256":"00"}` + "\n", `{"key":"a"}` + "\x00\n", `,"sha256":"` + "\n", `}{,"sha256":"` + "\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		store := Store{filepath.Join(t.TempDir(), "cpu.jsonl")}
		if err := os.WriteFile(store.Path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		records, err := store.Read()
		if err != nil {
			faults.Sentence(t, err)
			return
		}
		again := Store{filepath.Join(t.TempDir(), "again.jsonl")}
		for _, r := range records {
			if err := again.Append(r); err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
		}
		got, err := again.Read()
		if err != nil || len(got) != len(records) {
			t.Fatalf("%d records of %d are read back (%v)", len(got), len(records), err)
		}
		for key, want := range records {
			a, errA := json.Marshal(got[key])
			b, errB := json.Marshal(want)
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				t.Errorf("%s is read back as %s", b, a)
			}
		}
	})
}

func TestStore_AFlippedBitNeverChangesARecord(t *testing.T) {
	store := Store{filepath.Join(t.TempDir(), "cpu.jsonl")}
	if err := store.Append(sampleRecord()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(store.Path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := store.Read()
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1 << (i % 8)
		if err := os.WriteFile(store.Path, flipped, 0o644); err != nil {
			t.Fatal(err)
		}
		switch got, err := store.Read(); {
		case err != nil:
			faults.Sentence(t, err)
		case len(got) > 0 && !reflect.DeepEqual(got, want):
			t.Errorf("bit %d of byte %d changes the record", i%8, i)
		}
	}
}

func TestStore_KeepsWholeLinesOnly(t *testing.T) {
	s := Store{filepath.Join(t.TempDir(), "new", "cpu.jsonl")}
	if got, err := s.Read(); err != nil || len(got) != 0 {
		t.Fatalf("%v (%v)", got, err)
	}
	for i, key := range []string{"a", "b", "a"} {
		if err := s.Append(Record{Key: key, Config: Base(Smoke), Images: int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(s.Path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(whole) - 1; cut > 0; cut -= 37 {
		if err := os.WriteFile(s.Path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		if err := s.Append(Record{Key: "c", Config: Base(Smoke), Images: 9}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Read()
		if err != nil || got["c"].Images != 9 || len(got) != 1+min(2, strings.Count(string(whole[:cut]), "\n")) {
			t.Fatalf("cut at %d: %d records (%v)", cut, len(got), err)
		}
	}
	if err := os.WriteFile(s.Path, []byte("{\"key\":\"a\"}\nbad\n{\"key\":\"b\"}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(); err == nil || !strings.Contains(err.Error(), s.Path+" is damaged at line 2") {
		t.Errorf("got %v", err)
	}
}

func TestStore_LinesAreBounded(t *testing.T) {
	s := Store{filepath.Join(t.TempDir(), "cpu.jsonl")}
	if err := s.Append(sampleRecord()); err != nil {
		t.Fatal(err)
	}

	// A hole takes no room on the disk.
	if err := os.Truncate(s.Path, 18<<20); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(); err == nil || !strings.HasPrefix(err.Error(), "line 2 of "+s.Path) {
		t.Errorf("got %v", err)
	}
}
