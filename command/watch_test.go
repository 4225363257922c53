package command

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

func TestRunsWatch_ServesThePageUntilItIsStopped(t *testing.T) {
	isolate(t)
	if err := os.Mkdir("runs", 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		a := &app{stdout: in, stderr: io.Discard}
		done <- a.runsWatch(ctx, "runs", 0)
	}()

	line := make([]byte, 200)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(string(line[:n]))
	if !strings.HasPrefix(address, "http://127.0.0.1:") || !strings.Contains(address, "/?token=") {
		t.Fatalf("it prints %q", address)
	}
	for url, want := range map[string]int{address: http.StatusOK,
		address[:strings.Index(address, "?")]: http.StatusForbidden} {
		answer, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %s, want %d", url, answer.Status, want)
		}
	}

	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it does not end")
	}
}

func TestRunsWatch_SaysWhatIsWrong(t *testing.T) {
	isolate(t)
	for _, c := range [][]string{{"runs", "watch"}, {"runs", "watch", "absent"},
		{"runs", "watch", ".", "--port", "70000"}} {
		if status, stdout, stderr := call(t, c...); status != statusUsage || stdout != "" || stderr == "" {
			t.Errorf("%q: status %d, %q, %q", c, status, stdout, stderr)
		}
	}
}

func TestRunsShare_NeedsSomethingToWrite(t *testing.T) {
	isolate(t)
	status, _, stderr := call(t, "runs", "share", "first")
	if status != statusUsage || !strings.Contains(stderr, "--card") {
		t.Errorf("status %d, %q", status, stderr)
	}
}
