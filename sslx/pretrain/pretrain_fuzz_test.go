package pretrain

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/faults"
)

// FuzzConfig reads any text as a configuration, and any assignment. What can be read is the same when it was written
// and read again.
func FuzzConfig(f *testing.F) {
	whole, err := yaml.Marshal(Default())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole, "optimizer.lr=0.1")
	for _, seed := range [][2]string{
		{"epochs: 3\nviews: paper\n", "views.count=3"},
		{"views: [{preset: simclr, count: 2}]", "views.size=16"},
		{"views: {operations: [rotation]}", "views.operations=[{name: sometimes, operation: rotation}]"},
		{"views: {operations: [&a {name: sometimes, operation: *a}]}", "views.operations=[&a [*a]]"},
		{"projector: [1, 2]\nresolutions: [{epoch: 0, size: 16}]", "projector=[]"},
		{"", "x"},
		{"epochs: \"a\\nb\"", "epochs=\"a\\nb\""},
		{"\"a\\nb\": 1", "a\nb"},
		{"epochs: many", "epochs=1.5"},
		{"a: &a [*a]", "seed=-1"},
		{"views: &a [*a]", "seed=18446744073709551615"},
		{"views: {count: 4611686018427387904}", "views.count=1e9"},
		{"a: 1\n---\nb: 2", "=1"},
		{"\xff", "epochs=~"},
		{"{{", "a.b.c.d=[["},
		{"views: [{count: -1}]", "views=\n"},
		{"optimizer: {lr: .inf}", "optimizer.lr=.nan"},
		{"probe: null", "probe.lr=1e-320"},
		{"? [a]\n: b", "\"=x"},
		{"epochs: !!binary x", "data=!!binary eA=="},
	} {
		f.Add([]byte(seed[0]), seed[1])
	}
	f.Fuzz(func(t *testing.T, text []byte, assignment string) {
		path := filepath.Join(t.TempDir(), "config.yaml")
		put := func(text []byte) {
			t.Helper()
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		put(text)
		faults.Bounded(t, 4<<20+1000*uint64(len(text)+len(assignment)), func() {
			for _, set := range [][]string{nil, {assignment}} {
				if _, err := ReadConfig(path, set); err != nil {
					faults.Sentence(t, err)
				}
			}
		})
		c, err := ReadConfig(path, nil)
		if err != nil {
			return
		}
		written, err := yaml.Marshal(c)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		put(written)
		if c, err = ReadConfig(path, nil); err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, written)
		}
		if again, err := yaml.Marshal(c); err != nil || !bytes.Equal(again, written) {
			t.Errorf("written again, it is another configuration (%v):\n%s\n%s", err, written, again)
		}
	})
}

// FuzzCheckpoint loads any bytes as a checkpoint: as they are, or as a header and data with the checksum that they
// need. What can be loaded is the same, bit for bit, when it was saved and loaded again.
func FuzzCheckpoint(f *testing.F) {
	head := func(entries string) []byte {
		const metadata = `{"sha256":"%s","sslx":"{\"step\":3,\"total\":4}"}`
		return fmt.Appendf(nil, `{"__metadata__":`+metadata+`%s}`, noChecksum, entries)
	}
	const four = `,"x":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}`
	f.Add(head(four), []byte("0123456789abcdef"), true)
	f.Add(forged(string(head(four)), make([]byte, 16)), []byte(nil), false)
	f.Add(head(strings.ReplaceAll(four, "[2,2]", "[3,2]")), make([]byte, 16), true)
	const scalar = `,"s":{"dtype":"F32","shape":[],"data_offsets":[0,4]}`
	const empty = `,"e":{"dtype":"F32","shape":[0,3],"data_offsets":[4,4]}`
	f.Add(head(scalar+empty), make([]byte, 4), true)
	f.Add(head(four+strings.Replace(four, `"x"`, `"y"`, 1)), make([]byte, 16), true)
	f.Add(head(`,"x":null`), []byte(nil), true)
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), []byte(nil), false)
	f.Fuzz(func(t *testing.T, header, data []byte, forge bool) {
		content := header
		if forge {
			content = forged(string(header), data)
		}
		path := filepath.Join(t.TempDir(), "x.safetensors")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		faults.Bounded(t, 1<<20+100*uint64(len(content)), func() {
			if _, err := loadCheckpoint(path); err != nil {
				faults.Sentence(t, err)
			}
		})
		values, metadata, err := loadTensors(path)
		if err != nil {
			return
		}
		total := int64(0)
		for _, value := range values {
			total += value.ByteSize()
		}
		if total > int64(len(content)) {
			t.Errorf("a file of %d bytes holds tensors of %d", len(content), total)
		}
		if err := saveTensors(path, values, metadata); err != nil {
			t.Fatalf("what was loaded cannot be saved: %v", err)
		}
		again, other, err := loadTensors(path)
		if err != nil {
			t.Fatalf("what was saved cannot be loaded: %v", err)
		}
		delete(metadata, checksumKey)
		delete(other, checksumKey)
		if !maps.Equal(bitsOf(t, values), bitsOf(t, again)) || !maps.Equal(metadata, other) {
			t.Error("saved and loaded again, it is another checkpoint")
		}
	})
}
