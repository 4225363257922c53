package backend

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// theLibrary stands for the plugin inside the test wheels.
var theLibrary = bytes.Repeat([]byte("pjrt"), 50_000)

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// wheelOf packs a library as the wheel on PyPI does.
func wheelOf(t *testing.T, library []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: wheelLibrary, Method: zip.Store})
	if err == nil {
		_, err = w.Write(library)
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// releaseOf packs a library as the releases that go-xla installs are.
func releaseOf(t *testing.T, library []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	g := gzip.NewWriter(&b)
	w := tar.NewWriter(g)
	err := w.WriteHeader(&tar.Header{Name: "./pjrt_c_api_cpu_v0.114.0_plugin.so", Mode: 0o644,
		Size: int64(len(library))})
	if err == nil {
		_, err = w.Write(library)
	}
	if err = errors.Join(err, w.Close(), g.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func fixed(url string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return url, nil }
}

func failing(err error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return "", err }
}

var noHost = &net.DNSError{Err: "no such host", Name: "index.invalid", IsNotFound: true}

// installerFor returns an installer of a wheel with theLibrary from url, without a second source.
func installerFor(t *testing.T, url string) cpuInstaller {
	t.Helper()
	return cpuInstaller{
		folder:  t.TempDir(),
		pin:     pin{wheel: sum(wheelOf(t, theLibrary)), library: sum(theLibrary)},
		wheel:   fixed(url),
		release: failing(noHost),
		warn:    func(sentence string) { t.Errorf("warned: %s", sentence) },
	}
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL + "/plugin.whl"
}

func serveBytes(t *testing.T, data []byte) string {
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		_, _ = w.Write(data)
	})
}

// onlyPlugin fails unless the folder holds the plugin theLibrary and nothing else; with want false, nothing at all.
func onlyPlugin(t *testing.T, folder string, want bool) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != ".sslx-install.lock" {
			names = append(names, e.Name())
		}
	}
	if !want && len(names) > 0 {
		t.Fatalf("the folder holds %q, want nothing", names)
	}
	if !want {
		return
	}
	got, err := os.ReadFile(filepath.Join(folder, pluginFile(cpu)))
	if err != nil || !bytes.Equal(got, theLibrary) || len(names) != 1 {
		t.Fatalf("the folder holds %q, plugin whole: %v (%v)", names, bytes.Equal(got, theLibrary), err)
	}
}

func TestInstall_WritesThePluginAndReportsEveryByte(t *testing.T) {
	wheel := wheelOf(t, theLibrary)
	in := installerFor(t, serveBytes(t, wheel))
	killed := filepath.Join(in.folder, ".sslx-download-1") // what a killed installation leaves
	if err := os.WriteFile(killed, wheel[:10], 0o600); err != nil {
		t.Fatal(err)
	}
	var last, of int64
	in.progress = func(item string, done, total int64) {
		if item != "plugin.whl" || done < last {
			t.Errorf("progress of %q went from %d to %d", item, last, done)
		}
		last, of = done, total
	}
	path, err := in.install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(in.folder, pluginFile(cpu)); path != want {
		t.Errorf("path is %s, want %s", path, want)
	}
	if last != int64(len(wheel)) || of != last {
		t.Errorf("progress ended at %d of %d, want %d", last, of, len(wheel))
	}
	onlyPlugin(t, in.folder, true)
}

func TestInstall_KeepsAWholePluginAndReplacesADamagedOne(t *testing.T) {
	var hits atomic.Int32
	wheel := wheelOf(t, theLibrary)
	in := installerFor(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		_, _ = w.Write(wheel)
	}))
	for i, c := range []struct {
		found []byte
		hits  int32
	}{{theLibrary, 0}, {theLibrary[:1000], 1}} {
		if err := os.WriteFile(filepath.Join(in.folder, pluginFile(cpu)), c.found, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := in.install(t.Context()); err != nil {
			t.Fatal(err)
		}
		if hits.Load() != c.hits {
			t.Errorf("case %d: %d downloads, want %d", i, hits.Load(), c.hits)
		}
		onlyPlugin(t, in.folder, true)
	}
}

func TestInstall_FailsWithOneSentenceAndLeavesNothing(t *testing.T) {
	wheel := wheelOf(t, theLibrary)
	short := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(wheel)))
		_, _ = w.Write(wheel[:len(wheel)/2])
	}
	for _, c := range []struct {
		name string
		set  func(*cpuInstaller)
		want string
	}{
		{"wrong checksum", func(in *cpuInstaller) { in.wheel = fixed(serveBytes(t, wheelOf(t, []byte("evil")))) },
			"wrong checksum of plugin.whl"},
		{"short download", func(in *cpuInstaller) { in.wheel = fixed(serve(t, short)) },
			fmt.Sprintf("broke off after %d of %d bytes", len(wheel)/2, len(wheel))},
		{"not found", func(in *cpuInstaller) { in.wheel = fixed(serve(t, http.NotFound)) },
			`the server answers "404 Not Found"`},
		{"no network", func(in *cpuInstaller) { in.wheel = failing(fmt.Errorf("cannot ask: %w", noHost)) },
			"no network (lookup index.invalid: no such host): connect and try again"},
		{"refused", func(in *cpuInstaller) { in.wheel = fixed("http://127.0.0.1:1/plugin.whl") },
			"no network (dial tcp 127.0.0.1:1"},
		{"full disk", func(in *cpuInstaller) {
			in.wheel = failing(&os.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC})
		}, "no space left in "},
		{"neither source", func(in *cpuInstaller) {
			in.wheel, in.release = fixed(serve(t, http.NotFound)), fixed(serveBytes(t, []byte("no archive")))
		}, `"404 Not Found"; and go-xla's release: gzip: invalid header`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := installerFor(t, "")
			c.set(&in)
			_, err := in.install(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one sentence with %q", err, c.want)
			}
			onlyPlugin(t, in.folder, false)
		})
	}
}

func TestInstall_AsksForNoReleaseAfterAWrongChecksum(t *testing.T) {
	in := installerFor(t, serveBytes(t, wheelOf(t, []byte("evil"))))
	in.release = func(context.Context) (string, error) {
		t.Error("the release was asked for")
		return "", noHost
	}
	var wrong *checksumError
	if _, err := in.install(t.Context()); !errors.As(err, &wrong) {
		t.Errorf("got %v, want a checksum error", err)
	}
}

func TestInstall_WarnsOfAReleaseWithoutAChecksum(t *testing.T) {
	t.Setenv("SSLX_CACHE", t.TempDir())
	in := installerFor(t, "")
	in.wheel, in.release = failing(noHost), fixed(serveBytes(t, releaseOf(t, theLibrary)))
	var warned []string
	in.warn = func(sentence string) { warned = append(warned, sentence) }
	path, err := in.install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	onlyPlugin(t, in.folder, true)
	if len(warned) != 1 || !strings.Contains(warned[0], "no checksum guards") {
		t.Errorf("warned %q", warned)
	}

	// What was installed may be loaded, though it is not the pinned library; what it became later may not.
	pinned := []string{sum([]byte("the pinned one"))}
	if err := checkSum(path, pinned); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(path, append([]byte("x"), theLibrary...), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := checkSum(path, pinned); !errors.Is(err, errDamaged) {
		t.Errorf("after a change: %v", err)
	}
}

func TestInstall_PinnedTakesNoRelease(t *testing.T) {
	in := installerFor(t, "")
	in.wheel, in.release = failing(noHost), nil
	if path, err := in.install(t.Context()); err == nil || !strings.Contains(err.Error(), "no network") {
		t.Errorf("got %q, %v", path, err)
	}
	onlyPlugin(t, in.folder, false)
}

func TestInstall_LeavesNothingWhenCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	started, release := make(chan struct{}), make(chan struct{})
	in := installerFor(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(theLibrary[:100])
		w.(http.Flusher).Flush()
		close(started)
		<-release
	}))
	defer close(release)
	go func() {
		<-started
		cancel()
	}()
	if _, err := in.install(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	onlyPlugin(t, in.folder, false)
}

func TestInstall_LeavesNoGoroutine(t *testing.T) {
	wheel := wheelOf(t, theLibrary)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(wheel)
	}))
	before := runtime.NumGoroutine()
	in := installerFor(t, server.URL+"/plugin.whl")
	if _, err := in.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	server.Close()
	deadline := time.Now().Add(5 * time.Second)
	for ; runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}
