package record

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sslx-go/lab/internal/faults"
)

// FuzzLines reads any text as a log, as results and as curves. What can be read is the same when it was written and
// read again.
func FuzzLines(f *testing.F) {
	for _, text := range []string{
		"",
		`{"step":10,"epoch":0.5,"images":640,"seconds":1.25,"lr":0.01,"loss":4.1,"chance":5,"parts":{"a":1},"spread":0.9}` + "\n",
		`{"step":10,"probe_accuracy":0.25,"probe_layers":{"encoder":0.5}}` + "\n" + `{"step":20,"wai`,
		`{"model":"simclr","task":"a/b","protocol":"knn","value":0.5,"n":3,"seed":18446744073709551615,"chosen":{"l2":1e-6}}` + "\n",
		`{"model":"pixels","train":[0.5,1],"test":[0.25,5e-324]}` + "\n",
		`{"step":1e3}` + "\n", `{"step":"10"}` + "\n", `{"loss":1e999}` + "\n", `{"parts":[]}` +
			"\n", "\n", "null\n", "[{}]\n", "{\"model\":\"a\xff\"}\n", "{}{}\n", "\x00\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		readAgain[Metrics](t, filepath.Join(dir, metricsFile), text)
		readAgain[Result](t, filepath.Join(dir, resultsFile), text)
		readAgain[Curve](t, filepath.Join(dir, curvesFile), text)
	})
}

func readAgain[T any](t *testing.T, path string, text []byte) {
	t.Helper()
	write(t, path, string(text))
	values, err := readLines[T](path)
	if err != nil {
		faults.Sentence(t, err)
		return
	}
	if lines := bytes.Count(text, []byte("\n")); len(values) != lines {
		t.Fatalf("%d whole lines are %d values", lines, len(values))
	}
	if err := writeLines(path, values); err != nil {
		t.Fatalf("what was read cannot be written: %v", err)
	}
	written := read(t, path)
	if values, err = readLines[T](path); err != nil {
		t.Fatalf("what was written cannot be read: %v", err)
	}
	if err := writeLines(path, values); err != nil || read(t, path) != written {
		t.Errorf("written again, %q is %q (%v)", written, read(t, path), err)
	}
}

// FuzzRun reads any texts as the environment and the configuration of a run.
func FuzzRun(f *testing.F) {
	for _, c := range [][2]string{
		{`{"started":"2026-01-02T03:04:05Z","os":"linux","cores":2,"modules":{"a":"v1"},"data_fingerprint":"00"}`,
			"epochs: 3\ndata: factors\n"},
		{`{"started":"yesterday"}`, "epochs: 3\nwidth: 4\n"}, {`{"cores":1.5}`, "epochs: many\n"}, {"", ""}, {"{}",
			"epochs: \"a\\nb\"\n"}, {"{} {}", "a: &a [*a]\n"}, {"[]", "---\nepochs: 1\n---\nepochs: 2\n"},
		{"null", "\x00"},
		{`{"started":"9999-12-31T23:59:59+23:59"}`, "epochs: 99999999999999999999\n"}, {`{"os":"\ud800"}`,
			"\tepochs: 1"},
	} {
		f.Add([]byte(c[0]), []byte(c[1]))
	}
	f.Fuzz(func(t *testing.T, environment, config []byte) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, environmentFile), string(environment))
		write(t, filepath.Join(dir, configFile), string(config))
		if e, err := ReadEnvironment(dir); err != nil {
			faults.Sentence(t, err)
		} else {
			describedAgain(t, dir, e)
		}
		if err := ReadConfig(dir, new(settings)); err != nil {
			faults.Sentence(t, err)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
			t.Errorf("reading left %v (%v)", entries, err)
		}
	})
}

func describedAgain(t *testing.T, dir string, e Environment) {
	t.Helper()
	path := filepath.Join(dir, environmentFile)
	if err := writeJSON(path, e); err != nil {
		t.Fatalf("what was read cannot be written: %v", err)
	}
	written := read(t, path)
	again, err := ReadEnvironment(dir)
	if err != nil {
		t.Fatalf("what was written cannot be read: %v", err)
	}
	if err := writeJSON(path, again); err != nil || read(t, path) != written {
		t.Errorf("written again, %q is %q (%v)", written, read(t, path), err)
	}
}

// FuzzHolder reads lock files of run folders from elsewhere: whatever they say is read in bounded memory, nobody holds
// the run for it, and the file stays as it is.
func FuzzHolder(f *testing.F) {
	for _, text := range []string{"", "{}", `{"host":"vm","pid":12}`, `{"host":"\u001b[31m","pid":-1}`, `{"pid":1e99}`,
		`{"host":["vm"]}`, "null", "\x00", `{"host":"vm","pid":4194304,"seen":"9999-12-31T23:59:59Z"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, lockFile)
		write(t, path, string(text))
		long := time.Now().Add(-time.Hour) // a process of another host that is silent for so long has ended
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
		faults.Bounded(t, 4<<20, func() {
			h, is := HolderOf(dir)
			if is == Held {
				t.Errorf("nobody holds it, and %+v does", h)
			}
		})
		if now, err := os.ReadFile(path); err != nil || string(now) != string(text) {
			t.Errorf("looking changed the file to %q (%v)", now, err)
		}
	})
}
