package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestPack_RefusesDamageWithItsSentence(t *testing.T) {
	_, report := imported(t, animals(t).folder(t, "set"), ImportOptions{})
	whole, err := os.ReadFile(report.Pack)
	if err != nil {
		t.Fatal(err)
	}
	future := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(future[8:], channelsVersion+1)
	head := bytes.Clone(whole)
	head[prefixSize+5] ^= 1
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"foreign":           {[]byte("PK\x03\x04 and more"), "is not a pack"},
		"empty":             {nil, "is not a pack"},
		"cut in the prefix": {whole[:20], "cut short inside its header"},
		"cut in the header": {whole[:100], "cut short inside its header"},
		"cut in the data":   {whole[:len(whole)-1], "is cut short"},
		"longer":            {append(bytes.Clone(whole), 0), "longer than its header says"},
		"newer":             {future, "format version 3 and this sslx reads versions 1 and 2: update sslx"},
		"damaged header":    {head, "damaged header"},
	} {
		t.Run(name, func(t *testing.T) {
			path := archived(t, "x.sslx", string(c.content))
			for _, err := range []error{errOf(Open(path)), Verify(path)} {
				if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) ||
					usage.Is(err) {
					t.Errorf("got %v, want an error with %q and the path", err, c.says)
				}
			}
		})
	}
}

func errOf(_ *Set, err error) error { return err }

func TestVerify_FindsEveryChangedByte(t *testing.T) {
	_, report := imported(t, animals(t).folder(t, "set"), ImportOptions{})
	whole, err := os.ReadFile(report.Pack)
	if err != nil {
		t.Fatal(err)
	}
	start := roundUp(prefixSize + int64(binary.LittleEndian.Uint32(whole[12:])))
	path := filepath.Join(t.TempDir(), "x.sslx")
	for at := start; at < int64(len(whole)); at += 97 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 4
		write(t, path, string(damaged))
		if err := Verify(path); err == nil || !strings.Contains(err.Error(), "is damaged in") {
			t.Fatalf("byte %d changed and Verify says %v", at, err)
		}
	}
	damaged := bytes.Clone(whole)
	damaged[len(damaged)-1] ^= 1
	write(t, path, string(damaged))
	if err := Verify(path); err == nil || !strings.Contains(err.Error(), "pixels of split test") {
		t.Errorf("the last pixel changed and Verify says %v", err)
	}
}

func TestPack_OpensFromAReadOnlyFolder(t *testing.T) {
	_, report := imported(t, animals(t).folder(t, "set"), ImportOptions{})
	dir := filepath.Dir(report.Pack)
	for path, mode := range map[string]os.FileMode{report.Pack: 0o444, dir: 0o555} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	before := leftBehind(t, dir)
	set, err := Locate(t.Context(), "set", LocateOptions{Cache: filepath.Dir(dir)})
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Close(); err != nil {
		t.Fatal(err)
	}
	if after := leftBehind(t, dir); len(after) != len(before) {
		t.Errorf("opening left %v", after)
	}
}

func TestPack_MissingIsAUsageError(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "x.sslx")); !usage.Is(err) {
		t.Errorf("got %v", err)
	}
}

func TestSet_UnknownNamesComeWithTheNearest(t *testing.T) {
	set, _ := imported(t, animals(t).folder(t, "set"), ImportOptions{})
	_, splitErr := set.Split("tain")
	_, taskErr := set.Task("clas")
	sp, _ := split(t, set, "train")
	_, labelsErr := sp.Labels("clas")
	for _, c := range []struct {
		err  error
		want string
	}{{splitErr, `"train"`}, {taskErr, `"class"`}, {labelsErr, `"class"`}} {
		if !usage.Is(c.err) || !strings.Contains(c.err.Error(), "did you mean "+c.want) {
			t.Errorf("got %v, want a hint at %s", c.err, c.want)
		}
	}
}

type fullWriter struct{ left int }

var errFull = errors.New("no space left")

func (w *fullWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestPack_WritingReportsEveryFailure(t *testing.T) {
	h := &header{Name: "x", Length: pageSize + 3}
	for room := 0; room < 2*pageSize+3; room += 500 {
		parts := []part{
			{section{0, 3, ""}, strings.NewReader("abc")}, {section{pageSize, 3, ""}, strings.NewReader("def")},
		}
		if err := writePack(&fullWriter{room}, h, parts); !errors.Is(err, errFull) {
			t.Fatalf("with room for %d bytes: %v", room, err)
		}
	}
}
