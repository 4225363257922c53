package embedding

import (
	"path/filepath"
	"testing"

	"github.com/sslx-go/lab/sslx/backend"
)

// TestOpenSpool_ContinuesTheSameAlone opens what another model, other data or another backend has left.
func TestOpenSpool_ContinuesTheSameAlone(t *testing.T) {
	const chunk = 4
	info := Info{Identity: "a", Dim: 2, Images: 10, Fingerprint: "b", Backend: "xla:cpu", Device: "AVX2"}
	handle := backend.Handle{PluginPath: "/lib/a.so", PluginVersion: "0.81"}
	for name, c := range map[string]struct {
		change func(*Info, *backend.Handle)
		want   int // rows that are kept
	}{
		"nothing":           {func(*Info, *backend.Handle) {}, chunk},
		"another model":     {func(i *Info, _ *backend.Handle) { i.Identity = "c" }, 0},
		"other images":      {func(i *Info, _ *backend.Handle) { i.Fingerprint = "c" }, 0},
		"another backend":   {func(i *Info, _ *backend.Handle) { i.Backend = "go" }, 0},
		"another processor": {func(i *Info, _ *backend.Handle) { i.Device = "AVX-512" }, 0},
		"another plugin":    {func(_ *Info, h *backend.Handle) { h.PluginPath = "/lib/b.so" }, 0},
		"another version":   {func(_ *Info, h *backend.Handle) { h.PluginVersion = "0.90" }, 0},
	} {
		out := filepath.Join(t.TempDir(), "features.csv")
		s, err := openSpool(out, info, &handle, chunk)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.add(make([]float32, chunk*info.Dim)); err != nil {
			t.Fatal(err)
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}

		otherInfo, otherHandle := info, handle
		c.change(&otherInfo, &otherHandle)
		if s, err = openSpool(out, otherInfo, &otherHandle, chunk); err != nil {
			t.Fatal(err)
		}
		if s.rows != c.want {
			t.Errorf("%s: %d rows are kept, want %d", name, s.rows, c.want)
		}
		if err := s.remove(); err != nil {
			t.Fatal(err)
		}
	}
}
