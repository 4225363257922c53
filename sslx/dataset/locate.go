package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sslx-go/lab/internal/usage"
)

// LocateOptions say where to look for a set and how to import it when it is not packed yet.
type LocateOptions struct {
	// Cache is the cache folder; "" is CacheDir().
	Cache string
	// DataDir is the folder in which sources are looked up by their bare name; "" is $SSLX_DATA.
	DataDir string
	// Size is the side of the images wanted; 0 is their own, or that of the only pack.
	Size int
	// SkipBad and Progress are those of ImportOptions.
	SkipBad  bool
	Progress func(done, total int64)
}

func (o LocateOptions) dataDir() string {
	if o.DataDir != "" {
		return o.DataDir
	}
	return os.Getenv("SSLX_DATA")
}

// Locate opens the set that a user means by name, in this order: the generated set "factors", made on first use; the
// path of a pack; the path of a source, imported when its pack is missing or older; a pack in the cache; a source
// NAME{,.tar.gz,.tgz,.tar,.zip} in the data folder, imported. Otherwise its usage error says where it looked and how
// to get the set.
func Locate(ctx context.Context, name string, opt LocateOptions) (*Set, error) {
	if name == FactorsName {
		if opt.Size != 0 && opt.Size != factorsSide {
			return nil, usage.Errorf("the generated set is %dx%d: leave --size out", factorsSide, factorsSide)
		}
		return Factors(ctx, FactorsOptions{Cache: opt.Cache, Progress: opt.Progress})
	}
	bare := setName.MatchString(name)
	if info, err := os.Stat(name); err == nil {
		set, err := opt.open(ctx, name, info)
		// A folder that has the set's name by chance, such as a run's, does not hide the set.
		if empty := new(emptySource); err == nil || !bare || !errors.As(err, empty) {
			return set, err
		}
	}
	if !bare {
		return nil,
			usage.Errorf("there is no pack, folder or archive %q: give the path of one, or a name "+
				"from `sslx data list`", name)
	}
	return opt.byName(ctx, name)
}

// open opens a pack or imports a source.
func (o LocateOptions) open(ctx context.Context, path string, info os.FileInfo) (*Set, error) {
	if info.IsDir() || !isPack(path) && filepath.Ext(path) != packExt {
		return o.importAndOpen(ctx, path)
	}
	set, err := Open(path)
	if err == nil && o.Size != 0 && (set.Height() != o.Size || set.Width() != o.Size) {
		_ = set.Close()
		return nil, usage.Errorf("pack %s holds %dx%d images, not %d: import its source with that --size", path,
			set.Height(),
			set.Width(), o.Size)
	}
	return set, err
}

func (o LocateOptions) importAndOpen(ctx context.Context, source string) (*Set, error) {
	imports := ImportOptions{Cache: o.Cache, Size: o.Size, SkipBad: o.SkipBad, Progress: o.Progress}
	pack, _, err := importSource(ctx, source, imports, func(string) error { return nil })
	if err != nil {
		return nil, err
	}
	return Open(pack)
}

func (o LocateOptions) byName(ctx context.Context, name string) (*Set, error) {
	dir, err := packsDir(o.Cache)
	if err != nil {
		return nil, err
	}
	packs, err := cachedPacks(dir)
	if err != nil {
		return nil, err
	}
	pack, packErr := o.choose(packs, name)
	if pack != "" {
		return Open(pack)
	}
	if source := findSource(o.dataDir(), name); source != "" {
		return o.importAndOpen(ctx, source)
	}
	if packErr != nil {
		return nil, packErr
	}
	return nil, o.unknown(name, dir, packs)
}

// choose picks the pack of a name: of the wanted size, or else the native one, or else the only one.
func (o LocateOptions) choose(packs []cachedPack, name string) (string, error) {
	var fitting []cachedPack
	var sizes []string
	for _, pack := range packs {
		if strings.HasPrefix(filepath.Base(pack.path), name+"-") && pack.err != nil {
			return "", pack.err
		}
		if pack.err != nil || pack.Name != name {
			continue
		}
		sizes = append(sizes, fmt.Sprintf("%dx%d (%s)", pack.Height, pack.Width, pack.How))
		if o.Size == 0 || pack.Height == o.Size && pack.Width == o.Size {
			fitting = append(fitting, pack)
		}
	}
	native := slices.IndexFunc(fitting, func(p cachedPack) bool { return p.How == howNative })
	switch {
	case native >= 0:
		return fitting[native].path, nil
	case len(fitting) == 1 || len(fitting) > 1 && o.Size != 0:
		return fitting[0].path, nil
	case len(sizes) > 0:
		return "",
			usage.Errorf("set %q is packed as %s: pass --size with one of them, or import it with the --size wanted",
				name,
				strings.Join(sizes, ", "))
	}
	return "", nil
}

// findSource returns the folder or archive of a bare name in dir, or "".
func findSource(dir, name string) string {
	if dir == "" {
		return ""
	}
	for _, suffix := range append([]string{""}, archiveSuffixes...) {
		path := filepath.Join(dir, name+suffix)
		if info, err := os.Stat(path); err == nil && info.IsDir() == (suffix == "") {
			return path
		}
	}
	return ""
}

// unknown is the usage error of a name that leads to nothing.
func (o LocateOptions) unknown(name, dir string, packs []cachedPack) error {
	known := append([]string{FactorsName}, downloadNames()...)
	for _, pack := range packs {
		if pack.err == nil {
			known = append(known, pack.Name)
		}
	}
	for _, source := range sourcesIn(o.dataDir()) {
		known = append(known, source.name)
	}
	sources := "$SSLX_DATA is not set"
	if data := o.dataDir(); data != "" {
		sources = fmt.Sprintf("%s holds no folder or archive of that name", data)
	}
	hint := "pack one with `sslx data import PATH`"
	if slices.Contains(downloadNames(), name) {
		hint = fmt.Sprintf("get it with `sslx data get %s`", name)
	} else if near := usage.Nearest(name, known); near != "" {
		hint = fmt.Sprintf("did you mean %q? Otherwise %s", near, hint)
	}
	return usage.Errorf("there is no data set %q: %s holds no pack of that name and %s; %s", name, dir, sources, hint)
}
