package watch

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

const token = "a-token-of-the-tests"

// open returns a handler for a folder.
func open(t *testing.T, folder string) *Handler {
	t.Helper()
	h, err := New(folder, token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// get asks as the page does, with the token in its cookie.
func get(h *Handler, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8111"+path, nil)
	r.AddCookie(&http.Cookie{Name: h.cookie, Value: token})
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// ask decodes the answer to a request, which must succeed.
func ask[T any](t *testing.T, h *Handler, path string) (v T) {
	t.Helper()
	w := get(h, path)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

type list struct {
	Version int64
	Runs    []summary
	Gone    []string
	Stores  []store
	More    bool
}

// makeRun makes a run of two epochs with a log of so many lines, ten steps apart, of which 100 are an epoch.
func makeRun(t *testing.T, dir string, lines int, results ...record.Result) {
	t.Helper()
	config := pretrain.Default()
	config.Epochs = 2
	r, err := record.Create(dir, config, record.Environment{Started: time.Unix(1e9, 0), Data: "factors"})
	if err != nil {
		t.Fatal(err)
	}
	log, err := r.OpenLog(0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		if err := log.Append(line(i + 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(log.Close(), r.AddResults(results), r.Close()); err != nil {
		t.Fatal(err)
	}
}

// line returns a line of a log: 20 images a second.
func line(n int) record.Metrics {
	probe := 0.5
	return record.Metrics{Step: 10 * n, Epoch: float64(n) / 10, Images: int64(100 * n), Seconds: 5 * float64(n),
		Loss: 4, Chance: 5, ProbeAccuracy: &probe, ProbeLayers: map[string]float64{"projector0": 0.25}}
}

// appendLine adds text to the log of a run, as a training does.
func appendLine(t *testing.T, dir, text string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, logFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// again lets the handler look at all runs at its next answer.
func (h *Handler) again() {
	h.index.mu.Lock()
	defer h.index.mu.Unlock()
	h.index.walked = time.Time{}
	for _, r := range h.index.runs {
		r.looked = time.Time{}
	}
}

func result(model string, value float64) record.Result {
	return record.Result{Model: model, Task: "factors/shape", Protocol: record.ParseProtocol("knn/k20@encoder"),
		Layer: "encoder", Split: "test", Metric: "accuracy", Value: value, N: 1000}
}
