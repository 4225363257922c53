package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/testonnx"
	"github.com/sslx-go/lab/sslx/embedding"
)

// tinyEncoder writes an ONNX encoder of images of 4x4.
func tinyEncoder(t *testing.T, path string) {
	t.Helper()
	testbackend.PureGo(t) // skips under -race
	t.Setenv("GOMLX_BACKEND", "go")
	m := testonnx.Tiny()
	m.Metadata = map[string]string{"input_size": "[3, 4, 4]", "mean": "[0.5, 0.5, 0.5]"}
	if err := os.WriteFile(path, m.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEmbedAndSearch(t *testing.T) {
	isolate(t)
	tinyEncoder(t, "tiny.onnx")
	imageFolder(t, "pictures")
	status, _, stderr := call(t, "embed", "tiny.onnx", "pictures", "--out", "f.csv")
	if status != statusUsage || !strings.Contains(stderr, "--std") {
		t.Fatalf("without a standard deviation: status %d, %s", status, stderr)
	}

	status, stdout, stderr := call(t, "embed", "tiny.onnx", "pictures", "--std", "0.5,0.5,0.5", "--out", "f.csv",
		"--json")
	if status != statusDone {
		t.Fatal(stderr)
	}
	info := decode[embedding.Info](t, stdout)
	if info.Images != 4 || info.Dim != 2 || info.Model != "tiny" || info.Layer != "features" {
		t.Errorf("the info is %+v", info)
	}
	text, err := os.ReadFile("f.csv")
	if err != nil {
		t.Fatal(err)
	}
	wantTexts(t, string(text), "name,split,class,f0,f1\n", "cat/0.png,", "dog/1.png,")

	picture := filepath.Join("pictures", "dog", "1.png")
	status, stdout, stderr = call(t, "search", "tiny.onnx", "f.csv", picture, "--std", "0.5,0.5,0.5", "--count", "2",
		"--out", "sheet.png", "--json")
	if status != statusDone {
		t.Fatal(stderr)
	}
	found := decode[[]foundImage](t, stdout)
	if len(found) != 2 || found[0].Name != "dog/1.png" || found[0].Similarity < 0.9999 || found[0].Labels[0] != "dog" {
		t.Errorf("the neighbors are %+v", found)
	}
	if sheet, err := os.ReadFile("sheet.png"); err != nil || !strings.HasPrefix(string(sheet), "\x89PNG") {
		t.Errorf("the sheet has %d bytes: %v", len(sheet), err)
	}

	// Features of another normalization are not compared.
	status, _, stderr = call(t, "search", "tiny.onnx", "f.csv", picture, "--std", "0.5,0.5,0.4")
	if status != statusUsage || !strings.Contains(stderr, "write the index again") {
		t.Errorf("another normalization: status %d, %s", status, stderr)
	}
	for _, args := range [][]string{
		{"embed", "tiny.onnx", "pictures"},
		{"embed", "tiny.onnx", "pictures", "--std", "0.5,0.5,0.5", "--out", "f.txt"},
		{"embed", "absent", "pictures", "--out", "f.csv"},
		{"search", "tiny.onnx", "absent.csv", picture},
		{"search", "tiny.onnx", "f.csv", "absent.png", "--std", "0.5,0.5,0.5"},
		{"search", "tiny.onnx", "f.csv", picture, "--count", "0"},
	} {
		if status, _, stderr := call(t, args...); status != statusUsage {
			t.Errorf("%v: status %d, %s", args, status, stderr)
		}
	}
}
