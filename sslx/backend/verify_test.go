package backend

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCheckSum_ReadsAPluginAgainWhenItChanged(t *testing.T) {
	t.Setenv("SSLX_CACHE", t.TempDir())
	path := filepath.Join(t.TempDir(), pluginFile(cpu))
	write := func(text string, at time.Time) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o644), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	then := time.Now().Add(-time.Hour).Truncate(time.Second)
	pinned := []string{sum([]byte("library"))}
	for _, c := range []struct {
		name, text string
		time       time.Time
		whole      bool
	}{
		{"the pinned one", "library", then, true},
		{"a bit of it changed", "librarz", then.Add(time.Second), false},
		{"a longer one with the time of the pinned one", "library!", then, false},
		{"the pinned one again", "library", then.Add(2 * time.Second), true},
		{"nothing that can be seen changed, so that it is not read", "librarz", then.Add(2 * time.Second), true},
	} {
		write(c.text, c.time)
		if err := checkSum(path, pinned); (err == nil) != c.whole || err != nil && !errors.Is(err, errDamaged) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestProtected_RefusesWhatEverybodyCanWrite(t *testing.T) {
	for _, c := range []struct {
		name         string
		file, folder os.FileMode
		refused      bool
	}{
		{"a plugin of its own", 0o644, 0o755, false},
		{"a group that shares it", 0o664, 0o775, false},
		{"a file that everybody can write to", 0o666, 0o755, true},
		{"a folder that everybody can write to", 0o644, 0o777, true},
		{"a sticky one", 0o644, 0o777 | os.ModeSticky, true},
	} {
		folder := filepath.Join(t.TempDir(), "plugins")
		path := filepath.Join(folder, pluginFile(cpu))
		err := errors.Join(os.Mkdir(folder, 0o755), os.WriteFile(path, nil, 0o644), os.Chmod(path, c.file),
			os.Chmod(folder, c.folder))
		if err != nil {
			t.Fatal(err)
		}
		err = protected(path)
		if (err != nil) != c.refused || err != nil && !strings.Contains(err.Error(), folder) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestPins_NameEveryPlugin(t *testing.T) {
	for which, p := range cudaPins {
		if len(p.library) != 64 || len(p.wheel) != 64 {
			t.Errorf("%s: %+v", which, p)
		}
	}
	if got := pinnedFor("/x/nvidia/" + pluginFile(cuda)); len(got) != len(cudaPins) {
		t.Errorf("CUDA's plugin has %d checksums", len(got))
	}
	if got := pinnedFor("/x/pjrt_c_api_cpu_v0.114.0_plugin.so"); got != nil {
		t.Errorf("a plugin of go-xla's installer has %q", got)
	}
}
