package command

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

func TestEvaluate_PrintsAFileOfWeights(t *testing.T) {
	isolate(t)
	tinyEncoder(t, "tiny.onnx")

	// One class is bright and the other dark, which the nearest images tell.
	for i := range 28 {
		img := image.NewGray(image.Rect(0, 0, 4, 4))
		for at := range img.Pix {
			img.Pix[at] = uint8(200*(i%2) + at + i)
		}
		var file bytes.Buffer
		if err := png.Encode(&file, img); err != nil {
			t.Fatal(err)
		}
		split, class := []string{"train", "test"}[i/24], []string{"dark", "light"}[i%2]
		writeFile(t, filepath.Join("tones", split, class, fmt.Sprintf("%d.png", i)), file.String())
	}

	args := []string{"evaluate", "tiny.onnx", "--data", "tones", "--protocols", "knn", "--baselines=false"}
	status, stdout, stderr := call(t, args...)
	if status != statusUsage || !strings.Contains(stderr, "--std") {
		t.Errorf("without a standard deviation: status %d, %s", status, stderr)
	}
	args = append(args, "--std", "0.5,0.5,0.5")
	if status, stdout, stderr = call(t, args...); status != statusDone {
		t.Fatal(stderr)
	}
	want := "task         protocol                           n  chance  tiny.onnx\n" +
		"tones/class  knn/cosine/k20/t0.07@encoder  4 test  50.0 %    100.0 %\n\nknn/cosine/k20/t0.07: "
	if !strings.HasPrefix(stdout, want) {
		t.Errorf("printed\n%s\nwant\n%s", stdout, want)
	}

	// The JSON says which file it was.
	if status, stdout, stderr = call(t, append(args, "--json")...); status != statusDone {
		t.Fatal(stderr)
	}
	results := decode[[]record.Result](t, stdout)
	if len(results) != 1 || results[0].Weights == "" || results[0].Model != "tiny.onnx" {
		t.Errorf("the results are %+v", results)
	}
}

func TestPrintSummary_SaysWhatARunStartedFrom(t *testing.T) {
	init := record.Ancestry{From: "w.safetensors", Fingerprint: "0123456789abcdef", Normalization: "data",
		Loaded: []string{"/encoder/stem/kernel", "/encoder/stem/bias"}, Drawn: []string{"/projector/0/kernel"},
		LeftOut: []string{"fc.bias"}}
	var out bytes.Buffer
	a := app{stdout: &out}
	if err := a.printSummary("runs/a", sslx.Summary{Method: "simclr", Init: &init}); err != nil {
		t.Fatal(err)
	}
	wantTexts(t, out.String(), "w.safetensors (0123456789ab): 2 variables loaded, 1 new (projector), 1 left out, "+
		"images normalized as by the data")
}
