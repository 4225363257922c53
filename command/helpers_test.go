package command

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx"
	_ "github.com/sslx-go/lab/sslx/backend/tuned" // as in cmd/sslx
	"github.com/sslx-go/lab/sslx/record"
)

// call runs a command line in this process, and looks at the advice in what it prints.
func call(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(args, &out, &err)
	checkAdvice(t, args, err.String())
	asJSON, help, completion := slices.Contains(args, "--json"), strings.Contains(out.String(), "Usage:"),
		slices.Contains(args, "__complete")
	if !asJSON && !help && !completion {
		checkAdvice(t, args, out.String())
	}
	return status, out.String(), err.String()
}

// isolate gives the test its own working folder, cache and no data folder.
func isolate(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("SSLX_CACHE", t.TempDir())
	t.Setenv("SSLX_DATA", "")
}

func decode[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, text)
	}
	return v
}

func wantKeys(t *testing.T, object map[string]any, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, ok := object[key]; !ok {
			t.Errorf("key %q is missing in %v", key, object)
		}
	}
}

func wantTexts(t *testing.T, text string, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}

// imageFolder makes two classes of two 4x4 images.
func imageFolder(t *testing.T, dir string) {
	t.Helper()
	for i, name := range []string{"cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png"} {
		img := image.NewRGBA(image.Rect(0, 0, 4, 4))
		img.Set(i, i, color.RGBA{R: uint8(50 * i), A: 255})
		var file bytes.Buffer
		if err := png.Encode(&file, img); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), file.String())
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// makeRun makes a run as training and evaluation leave it, still open.
func makeRun(t *testing.T, dir string, config sslx.Config, results ...record.Result) *record.Run {
	t.Helper()
	environment := record.Describe()
	environment.Data, environment.Device = config.Data, "test device"
	r, err := record.Create(dir, config, environment)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	log, err := r.OpenLog(0)
	if err != nil {
		t.Fatal(err)
	}
	probe := 0.25
	for step := 1; step <= 2; step++ {
		m := record.Metrics{Step: step, Epoch: float64(step) / 2, Loss: 4 - float64(step), ProbeAccuracy: &probe}
		if err := log.Append(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.AddResults(results); err != nil {
		t.Fatal(err)
	}
	return r
}

func result(run, model, task, protocol string, value float64) record.Result {
	return record.Result{Model: model, Task: task, Protocol: record.ParseProtocol(protocol), Layer: "encoder",
		Split: "test", Metric: "accuracy", Value: value, N: 4000, Run: run}
}

// writeCheckpoint writes the header of a checkpoint, without weights, to a run folder.
func writeCheckpoint(t *testing.T, dir string, done, total int) {
	t.Helper()
	metadata := fmt.Sprintf(`{"__metadata__": {"sslx": "{\"step\": %d, \"total\": %d}"}}`, done, total)
	header := binary.LittleEndian.AppendUint64(nil, uint64(len(metadata)))
	writeFile(t, record.CheckpointPath(dir), string(header)+metadata)
}
