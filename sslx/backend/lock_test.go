package backend

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// helperEnv makes the test program install from the address in it into the folder in FolderEnv, and end.
const helperEnv = "SSLX_BACKEND_TEST_URL"

func TestMain(m *testing.M) {
	if url := os.Getenv(helperEnv); url != "" {
		os.Exit(installAsHelper(url))
	}
	os.Exit(m.Run())
}

func installAsHelper(url string) int {
	in := cpuInstaller{
		folder:  os.Getenv(FolderEnv),
		pin:     pin{wheel: os.Getenv("SSLX_BACKEND_TEST_SUM"), library: sum(theLibrary)},
		wheel:   fixed(url),
		release: failing(noHost),
		warn:    warn,
	}
	if err := lockedInstall(context.Background(), in); err != nil {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	return 0
}

func lockedInstall(ctx context.Context, in cpuInstaller) error {
	unlock, err := lock(ctx, in.folder)
	if err != nil {
		return err
	}
	defer unlock()
	_, err = in.install(ctx)
	return err
}

func TestLock_LetsOneDownloadAndTheOthersReuse(t *testing.T) {
	var hits atomic.Int32
	wheel := wheelOf(t, theLibrary)
	in := installerFor(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		time.Sleep(200 * time.Millisecond)
		_, _ = w.Write(wheel)
	}))
	url, _ := in.wheel(t.Context())
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if err := lockedInstall(t.Context(), in); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), helperEnv+"="+url, FolderEnv+"="+in.folder,
				"SSLX_BACKEND_TEST_SUM="+in.pin.wheel)
			if out, err := c.CombinedOutput(); err != nil {
				t.Errorf("helper: %v: %s", err, out)
			}
		})
	}
	all.Wait()
	if hits.Load() != 1 {
		t.Errorf("%d downloads, want 1", hits.Load())
	}
	onlyPlugin(t, in.folder, true)
}

func TestLock_WaitsNoLongerThanTheContext(t *testing.T) {
	folder := t.TempDir()
	unlock, err := lock(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := lock(ctx, folder); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the context's error", err)
	}
}
