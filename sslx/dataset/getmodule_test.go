package dataset

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/fetch"
)

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

func TestGetPacksTheFilesOfAGoModule(t *testing.T) {
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
		if set.Name() != "mnist" || string(sp.Pixels) != "aaabbbcccdddeeefff" || !slices.Equal(labels, []int32{0, 2, 1}) {
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

func TestAModuleThatCannotBeHadSaysWhatToDoByHand(t *testing.T) {
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

func TestACancelledModuleDownloadEnds(t *testing.T) {
	fakeGo(t, "exec sleep 60")
	m, _ := digits(t)
	ctx, cancel := context.WithCancel(context.Background())
	opt := GetOptions{Cache: t.TempDir(), Progress: func(string, int64, int64) { cancel() }}
	if _, err := get(ctx, "mnist", knownSet{module: m}, opt); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
