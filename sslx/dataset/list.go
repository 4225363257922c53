package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
	"github.com/sslx-go/lab/sslx/dataset/internal/scene"
)

// What a Listing can be.
const (
	StatePacked   = "packed"   // a pack in the cache
	StateDamaged  = "damaged"  // a file in the cache that cannot be opened; Detail says why
	StateBuiltIn  = "built in" // generated on first use
	StateSource   = "source"   // in the data folder or installed by a Debian package, packed on first use
	StateDownload = "download" // Get fetches it; Detail is the address or the Go module
)

// Listing is a set that can be named, or a pack.
type Listing struct {
	Name        string       `json:"name"`
	State       string       `json:"state"`
	Path        string       `json:"path,omitempty"`
	Detail      string       `json:"detail,omitempty"`
	Height      int          `json:"height,omitempty"`
	Width       int          `json:"width,omitempty"`
	Channels    int          `json:"channels,omitempty"`
	Bytes       int64        `json:"bytes,omitempty"`
	Splits      []SplitCount `json:"splits,omitempty"`
	Tasks       []Task       `json:"tasks,omitempty"`
	Fingerprint string       `json:"fingerprint,omitempty"`

	// Of a pack: what its source was, its path, what was decided about it, and what its import had to say.
	Kind    string    `json:"kind,omitempty"`
	Source  string    `json:"source,omitempty"`
	Choices string    `json:"choices,omitempty"`
	Notes   []string  `json:"notes,omitempty"`
	Skipped []Skipped `json:"skipped,omitempty"`
}

// List returns the packs in the cache, then the sets that can be named and are not packed yet: built in, in the data
// folder, installed by a Debian package, and to download. Only headers are read.
func List(opt LocateOptions) ([]Listing, error) {
	dir, err := packsDir(opt.Cache)
	if err != nil {
		return nil, err
	}
	packs, err := cachedPacks(dir)
	if err != nil {
		return nil, err
	}

	// Packs of one name stand one by one, damaged ones too.
	var list []Listing
	for _, pack := range packs {
		l := Listing{Name: pack.Name, State: StatePacked, Path: pack.path, Detail: pack.Resize, Height: pack.Height,
			Width: pack.Width, Splits: pack.counts(), Tasks: pack.Tasks, Fingerprint: pack.Fingerprint, Kind: pack.Kind,
			Source:  pack.Origin,
			Choices: pack.Choices, Notes: pack.Notes, Skipped: pack.Skipped}
		if pack.err != nil {
			l.State, l.Detail = StateDamaged, pack.err.Error()
		} else {
			l.Channels = depth(pack.Channels)
		}
		if info, err := os.Stat(pack.path); err == nil {
			l.Bytes = info.Size()
		}
		list = append(list, l)
	}

	// A set that is packed already is not listed again.
	add := func(l Listing) {
		if !slices.ContainsFunc(list, func(k Listing) bool { return k.Name == l.Name }) {
			list = append(list, l)
		}
	}

	add(Listing{Name: FactorsName, State: StateBuiltIn, Detail: "generated on first use", Height: scene.Side,
		Width: scene.Side, Channels: rgb, Tasks: factorTasks()})
	for _, source := range sourcesIn(opt.dataDir()) {
		add(Listing{Name: source.name, State: StateSource, Path: source.path})
	}
	for _, name := range knownNames() {
		if folder := installed(opt.systemDir(), name); folder != "" {
			add(Listing{Name: name, State: StateSource, Path: folder})
		}
		add(Listing{Name: name, State: StateDownload, Detail: known[name].origin()})
	}
	return list, nil
}

type namedSource struct{ name, path string }

// sourcesIn lists the archives and folders in the data folder, sorted by name.
func sourcesIn(dir string) []namedSource {
	if dir == "" {
		return nil
	}
	entries, _ := os.ReadDir(dir)
	var sources []namedSource
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), archive.Suffix(e.Name()))
		if setName.MatchString(name) && (e.IsDir() || name != e.Name()) {
			sources = append(sources, namedSource{name, filepath.Join(dir, e.Name())})
		}
	}
	return sources
}
