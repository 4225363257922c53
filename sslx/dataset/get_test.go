package dataset

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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

func TestGet_FetchesChecksPacksAndCleansUp(t *testing.T) {
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

func TestGet_SaysTheNotesOfTheImportOnce(t *testing.T) {
	animals := animals(t).with(files{"list.doc": "x"}).below("animals")
	content := gzipped(t, animals.tar(t, animals.names()))
	url, _ := serve(t, files{"animals.tar.gz": content})
	var said []string
	opt := GetOptions{Cache: t.TempDir(), Warn: func(sentence string) { said = append(said, sentence) }}
	for range 2 {
		what := knownSet{files: []fetch.File{{URL: url + "animals.tar.gz", MD5: sum(content)}}}
		if _, err := get(t.Context(), "animals", what, opt); err != nil {
			t.Fatal(err)
		}
	}
	if len(said) != 1 || !strings.Contains(said[0], "data set animals: files that are no images were left out: 1 .d") {
		t.Errorf("said %q", said)
	}
}

func TestGet_PacksASetOfSeveralFiles(t *testing.T) {
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

func TestGet_AFailureKeepsNothingAndSaysWhatToFetchByHand(t *testing.T) {
	url, _ := serve(t, files{"c.tar.gz": "altered"})
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, c := range map[string]struct {
		files []fetch.File
		says  string
	}{
		"wrong checksum": {[]fetch.File{{URL: url + "c.tar.gz", MD5: sum("original")}},
			"MD5|not the published|was not kept"},
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

func TestGet_ABrokenDownloadKeepsNothing(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte("half"))
	}))
	defer server.Close()
	cache := t.TempDir()
	what := knownSet{files: []fetch.File{{URL: server.URL + "/c.tar.gz", MD5: "0"}}}
	_, err := get(context.Background(), "cifar10", what, GetOptions{Cache: cache})
	if err == nil || !strings.Contains(err.Error(), "was interrupted") {
		t.Errorf("got %v", err)
	}
	if left := leftBehind(t, cache); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

func TestGet_ResumesWithTheFilesItHas(t *testing.T) {
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

func TestGet_AnUnknownNameIsAUsageError(t *testing.T) {
	_, err := Get(context.Background(), "cifar-10", GetOptions{Cache: t.TempDir()})
	if !usage.Is(err) || !strings.Contains(err.Error(), `did you mean "cifar10"`) {
		t.Errorf("got %v", err)
	}
}

// fakeGo puts a go command first into PATH that is the script, run by sh.
func fakeGo(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for the go command is a shell script")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// digits is a module with the idx files in its folder "data", and the root folder in which it was unpacked.
func digits(t *testing.T) (m *fetch.Module, root string) {
	t.Helper()
	m = &fetch.Module{Path: "example.org/digits", Version: "v1.2.3", Folder: "data", Sums: map[string]string{}}
	packed := files{}
	for name, content := range mnistFiles() {
		packed["data/"+name+".gz"] = gzipped(t, content)
		m.Sums[name+".gz"] = fmt.Sprintf("%x", sha256.Sum256([]byte(packed["data/"+name+".gz"])))
	}
	return m, packed.with(files{"digits.go": "package digits"}).folder(t, "digits@v1.2.3")
}

func TestGet_PacksTheFilesOfAGoModule(t *testing.T) {
	m, root := digits(t)
	asked := filepath.Join(t.TempDir(), "asked")
	fakeGo(t, fmt.Sprintf(`echo "$@" $GOFLAGS $GOWORK $(ls | wc -l) >>%s; echo '{"Dir": "%s"}'`, asked, root))
	cache, begun := t.TempDir(), ""
	opt := GetOptions{Cache: cache, Progress: func(file string, _, _ int64) { begun = file }}
	for range 2 {
		pack, err := get(context.Background(), "mnist", knownSet{module: m}, opt)
		if err != nil {
			t.Fatal(err)
		}
		set := opened(t, pack)
		sp, labels := split(t, set, "train")
		if set.Name() != "mnist" || string(sp.Pixels) != "aaabbbcccdddeeefff" ||
			!slices.Equal(labels, []int32{0, 2, 1}) {
			t.Errorf("%s holds %q with labels %v", set.Name(), sp.Pixels, labels)
		}
	}
	call, err := os.ReadFile(asked)
	if want := "mod download -json example.org/digits@v1.2.3 -mod=mod off 0\n"; err != nil || string(call) != want {
		t.Errorf("the go command was called with %q, want once %q", call, want)
	}
	if left := leftBehind(t, cache); len(left) != 1 || begun != m.Path {
		t.Errorf("the cache holds %v, want the pack; progress named %q", left, begun)
	}
}

func TestGet_AModuleThatFailsSaysWhatToDoByHand(t *testing.T) {
	m, root := digits(t)
	image, answer := root+"/data/t10k-images-idx3-ubyte.gz", fmt.Sprintf(`echo '{"Dir": "%s"}'`, root)
	alter := "echo >" + image + "; "
	for name, c := range map[string]struct{ script, says string }{
		"no module": {`echo '{"Error": "module lookup disabled by GOPROXY=off"}'; exit 1`,
			"the go command says: module lookup disabled by GOPROXY=off"},
		"only a message": {`echo "go: no such" >&2; echo " flag" >&2; exit 2`, "says: go: no such flag"},
		"silence":        {"exit 3", "exit status 3"},
		"another answer": {"echo hello", "it names no folder"},
		"no go command":  {"", "executable file not found"},
		"an altered file": {alter + answer, "t10k-images-idx3-ubyte.gz in |has SHA-256 01ba4719|and not " +
			m.Sums["t10k-images-idx3-ubyte.gz"]}, // the sum of a line feed
		"a missing file": {"rm -f " + image + "; " + answer, "t10k-images-idx3-ubyte.gz: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			fakeGo(t, c.script)
			if c.script == "" {
				t.Setenv("PATH", t.TempDir())
			}
			cache := t.TempDir()
			_, err := get(context.Background(), "mnist", knownSet{module: m}, GetOptions{Cache: cache})
			if err == nil || usage.Is(err) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("got %v", err)
			}
			byHand := "|Go module example.org/digits@v1.2.3 cannot be used|fetch the 4 files in data of " +
				"https://example.org/digits by hand|import it under the name mnist"
			for part := range strings.SplitSeq(c.says+byHand, "|") {
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

func TestGet_ACanceledModuleDownloadEnds(t *testing.T) {
	fakeGo(t, "exec sleep 60")
	m, _ := digits(t)
	ctx, cancel := context.WithCancel(context.Background())
	opt := GetOptions{Cache: t.TempDir(), Progress: func(string, int64, int64) { cancel() }}
	if _, err := get(ctx, "mnist", knownSet{module: m}, opt); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
