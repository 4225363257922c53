package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/testonnx"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/embedding"
)

// picture8 returns a PNG of 8x8 that no other number has.
func picture8(t *testing.T, i int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	for at := range 64 {
		img.Set(at%8, at/8, color.NRGBA{uint8(at * (i + 1)), uint8(at + 11*i), uint8(7 * i * i), 255})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// serve starts a server on twenty images and a tiny encoder, in pure Go.
func serve(t *testing.T) string {
	t.Helper()
	testbackend.PureGo(t) // skips under -race
	t.Setenv("SSLX_CACHE", t.TempDir())
	dir := t.TempDir()
	for i := range 20 {
		path := filepath.Join(dir, "pictures", []string{"train", "test"}[i/14], []string{"cat", "dog"}[i%2],
			fmt.Sprintf("%d.png", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, picture8(t, i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tiny := testonnx.Tiny()
	tiny.Metadata = map[string]string{"input_size": "[3, 8, 8]", "mean": "[0.5, 0.5, 0.5]", "std": "[0.25, 0.5, 1]"}
	encoder, index := filepath.Join(dir, "tiny.onnx"), filepath.Join(dir, "features.npy")
	if err := os.WriteFile(encoder, tiny.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}

	m, err := sslx.Load(t.Context(), encoder, sslx.LoadOptions{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	_, err = embedding.Write(t.Context(), m, filepath.Join(dir, "pictures"), index, embedding.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	x, err := embedding.ReadIndex(index)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newServer(t.Context(), m, x)
	if err != nil {
		t.Fatal(err)
	}

	// Without its images an index is refused when the server starts, not when somebody uploads.
	gone := *x
	gone.Info.Data, gone.Info.Fingerprint = filepath.Join(dir, "absent"), "0"
	if _, err := newServer(t.Context(), m, &gone); !sslx.IsUsage(err) {
		t.Errorf("without the images: %v", err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	return web.URL
}

// post uploads a file and returns the status and the page.
func post(t *testing.T, url string, file []byte) (int, string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("image", "upload")
	if err == nil {
		_, err = part.Write(file)
	}
	if err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(url, form.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestServer_ShowsTheNearest(t *testing.T) {
	url := serve(t)
	status, text := post(t, url, picture8(t, 5))
	first := strings.Index(text, "<li>")
	if status != http.StatusOK || first < 0 || strings.Count(text, "<li>") != shown {
		t.Fatalf("status %d, %d neighbors:\n%.500s", status, strings.Count(text, "<li>"), text)
	}
	if item := text[first:]; !strings.Contains(item[:strings.Index(item, "</li>")], "1.000 dog<br>train/dog/5.png") {
		t.Errorf("the image itself is not its own nearest neighbor:\n%.1000s", item)
	}

	// Several at once get what each of them asked for.
	var wait sync.WaitGroup
	for i := range 6 {
		wait.Go(func() {
			if status, text := post(t, url, picture8(t, i)); status != http.StatusOK ||
				!strings.Contains(text, fmt.Sprintf("/%d.png", i)) {
				t.Errorf("upload %d: status %d", i, status)
			}
		})
	}
	wait.Wait()
}

func TestServer_RefusesWhatIsNoImage(t *testing.T) {
	url := serve(t)
	for name, c := range map[string]struct {
		file []byte
		want int
	}{
		"text":  {[]byte("<script>alert(1)</script>"), http.StatusBadRequest},
		"empty": {nil, http.StatusBadRequest},
		"cut":   {picture8(t, 1)[:60], http.StatusBadRequest},
		"large": {make([]byte, maxUpload+1), http.StatusRequestEntityTooLarge},
	} {
		status, text := post(t, url, c.file)
		if status != c.want || !strings.Contains(text, `role="alert"`) || strings.Contains(text, "<script") {
			t.Errorf("%s: status %d, want %d:\n%.800s", name, status, c.want, text)
		}
	}

	answer, err := http.Post(url, "text/plain", strings.NewReader("no form"))
	if err != nil || answer.StatusCode != http.StatusBadRequest {
		t.Errorf("no form: %v, %v", answer.Status, err)
	}
	_ = answer.Body.Close()
	for path, want := range map[string]int{"/": http.StatusOK, "/etc/passwd": http.StatusNotFound} {
		answer, err := http.Get(url + path)
		if err != nil || answer.StatusCode != want {
			t.Errorf("%s: %v, %v", path, answer.Status, err)
		}
		_ = answer.Body.Close()
	}
}
