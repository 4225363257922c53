package tensorboard

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sslx-go/lab/internal/testevents"
)

var noon = time.Unix(1_700_000_000, 500_000_000)

func TestMasked_IsTheChecksumOfTFRecord(t *testing.T) {
	// RFC 3720, B.4: 32 bytes of zeros sum to 8a9136aa, which the mask turns to this.
	if got := masked(make([]byte, 32)); got != (0x8a9136aa>>15|0x8a9136aa<<17&0xffffffff)+0xa282ead8-1<<32 {
		t.Errorf("got %08x", got)
	}
}

func TestReplace_WritesScalarsAndImages(t *testing.T) {
	dir := t.TempDir()
	scalars := []Scalar{{"loss", 1.0 / 3}, {"parts/entropy", -math.Pi}, {"zero", 0}}
	_, err := Replace(dir, noon, func(w io.Writer) error {
		return errors.Join(WriteScalars(w, noon.Add(time.Second), 10, scalars),
			WriteImage(w, noon, 10, "views", []byte("png"), 640, 48))
	})
	if err != nil {
		t.Fatal(err)
	}
	events := testevents.Read(t, dir)
	if len(events) != 4 || events[0].Version != "brain.Event:2" || !events[1].Start {
		t.Fatalf("got %+v", events)
	}
	line := events[2]
	if line.Step != 10 || line.Wall != 1_700_000_001.5 || len(line.Scalars) != 3 {
		t.Errorf("got %+v", line)
	}
	for _, s := range scalars {
		if got := line.Scalars[s.Tag]; got != s.Value {
			t.Errorf("%s is %v, want %v, to the last bit", s.Tag, got, s.Value)
		}
	}
	if got := strings.Join(events[3].Images["views"], ","); got != "640,48,png" {
		t.Errorf("image %q", got)
	}
}

func TestReplace_LeavesOneFileWithALaterName(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "events.out.tfevents.1.other")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before := ""
	for range 11 {
		path, err := Replace(dir, noon, func(io.Writer) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if path <= before {
			t.Errorf("%s follows %s: a reader would not turn to it", path, before)
		}
		if files, err := Files(dir); err != nil || len(files) != 1 || files[0] != path {
			t.Errorf("files %v, %v", files, err)
		}
		before = path
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error("a file of another program was removed")
	}

	// What cannot be written leaves the earlier file.
	if _, err := Replace(dir, noon, func(io.Writer) error { return io.ErrShortWrite }); err == nil {
		t.Error("an error is lost")
	}
	if files, _ := Files(dir); len(files) != 1 || files[0] != before {
		t.Errorf("files %v after a failure", files)
	}
}

func TestEmbedding_WritesWhatTheProjectorReads(t *testing.T) {
	dir := t.TempDir()
	e := Embedding{Name: "encoder", Vectors: [][]float32{{1, 2}, {0.1, -3}, {4, 5}}, Labels: []string{"a", "b\tc", "d"},
		Images: [][]byte{make([]byte, 6), {255, 0, 0, 0, 255, 0}, make([]byte, 6)}, Height: 1, Width: 2}
	if err := e.Write(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		tensorsName: "1\t2\n0.1\t-3\n4\t5\n",
		labelsName:  "a\nb c\nd\n",
		configName: "embeddings {\n  tensor_name: \"encoder\"\n  tensor_path: \"embeddings.tsv\"\n" +
			"  metadata_path: \"labels.tsv\"\n  sprite {\n    image_path: \"sprite.png\"\n" +
			"    single_image_dim: 2\n    single_image_dim: 1\n  }\n}\n",
	} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q (%v), want %q", name, got, err, want)
		}
	}
}
