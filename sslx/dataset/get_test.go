package dataset

import (
	"context"
	"crypto/md5"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/fetch"
)

// serve serves files and returns the address, and counts requests.
func serve(t *testing.T, f files) (url string, requests *int) {
	t.Helper()
	requests = new(int)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*requests++
		content, ok := f[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(content))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/", requests
}

func sum(content string) string { return fmt.Sprintf("%x", md5.Sum([]byte(content))) }

func TestGetFetchesChecksPacksAndCleansUp(t *testing.T) {
	c := cifar10Files()
	content := gzipped(t, c.tar(t, c.names()))
	url, requests := serve(t, files{"c.tar.gz": content})
	cache := t.TempDir()
	var last int64
	opt := GetOptions{Cache: cache, Progress: func(_ string, done, _ int64) { last = done }}
	for range 2 {
		what := knownSet{files: []fetch.File{{URL: url + "c.tar.gz", MD5: sum(content)}}}
		pack, err := get(context.Background(), "cifar10", what, opt)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(cache, "packs", "cifar10-32x32-native-"); !strings.HasPrefix(pack, want) {
			t.Errorf("the pack is %s, want %s…", pack, want)
		}
	}
	if *requests != 1 || last != int64(len(content)) {
		t.Errorf("%d requests, progress up to %d of %d bytes", *requests, last, len(content))
	}
	if left := leftBehind(t, cache); len(left) != 1 {
		t.Errorf("the cache holds %v, want the pack", left)
	}
}

func TestGetPacksASetOfSeveralFiles(t *testing.T) {
	served, what := files{}, knownSet{}
	for name, content := range mnistFiles() {
		served[name+".gz"] = gzipped(t, content)
	}
	url, _ := serve(t, served)
	for name, content := range served {
		what.files = append(what.files, fetch.File{URL: url + name, MD5: sum(content)})
	}
	pack, err := get(context.Background(), "fashion-mnist", what, GetOptions{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if set := opened(t, pack); set.Name() != "fashion-mnist" || len(set.Splits()) != 2 {
		t.Errorf("%s has splits %v", set.Name(), set.Splits())
	}
}

func TestAFailedGetKeepsNothingAndSaysWhatToFetchByHand(t *testing.T) {
	url, _ := serve(t, files{"c.tar.gz": "altered"})
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, c := range map[string]struct {
		files []fetch.File
		says  string
	}{
		"wrong checksum": {[]fetch.File{{URL: url + "c.tar.gz", MD5: sum("original")}}, "MD5|not the published|was not kept"},
		"not found": {[]fetch.File{{URL: url + "d.tar.gz", MD5: "0"}},
			"404|by hand|import it under the name cifar10"},
		"no network": {[]fetch.File{{URL: gone.URL + "/c.tar.gz", MD5: "0"}},
			"cannot be downloaded|by hand|import it under the name cifar10"},
		"several files": {[]fetch.File{{URL: gone.URL + "/a", MD5: "0"}, {URL: gone.URL + "/b", MD5: "0"}},
			"its 2 files|into one folder and import that under the name cifar10"},
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			_, err := get(context.Background(), "cifar10", knownSet{files: c.files}, GetOptions{Cache: cache})
			if err == nil || usage.Is(err) {
				t.Fatalf("got %v", err)
			}
			for part := range strings.SplitSeq(c.says, "|") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
			if left := leftBehind(t, cache); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestABrokenDownloadKeepsNothing(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("half"))
	}))
	defer server.Close()
	cache := t.TempDir()
	what := knownSet{files: []fetch.File{{URL: server.URL + "/c.tar.gz", MD5: "0"}}}
	_, err := get(context.Background(), "cifar10", what, GetOptions{Cache: cache})
	if err == nil || !strings.Contains(err.Error(), "broke off") {
		t.Errorf("got %v", err)
	}
	if left := leftBehind(t, cache); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestAnInterruptedGetGoesOnWithTheFilesItHas(t *testing.T) {
	content := "not an archive"
	cache := t.TempDir()
	folder := filepath.Join(cache, "downloads", "cifar10")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "c.tar.gz"), content)
	url, requests := serve(t, files{})
	what := knownSet{files: []fetch.File{{URL: url + "c.tar.gz", MD5: sum(content)}}}
	if _, err := get(context.Background(), "cifar10", what, GetOptions{Cache: cache}); err == nil || *requests != 0 {
		t.Errorf("%d requests, error %v", *requests, err)
	}
}

func TestAnUnknownDownloadIsAUsageError(t *testing.T) {
	_, err := Get(context.Background(), "cifar-10", GetOptions{Cache: t.TempDir()})
	if !usage.Is(err) || !strings.Contains(err.Error(), `did you mean "cifar10"`) {
		t.Errorf("got %v", err)
	}
}
