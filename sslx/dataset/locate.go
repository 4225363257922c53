package dataset

import (
	"cmp"
	"context"
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

	system string // the folder of installed sets; "" is systemSets
}

func (o LocateOptions) dataDir() string {
	if o.DataDir != "" {
		return o.DataDir
	}
	return os.Getenv("SSLX_DATA")
}

func (o LocateOptions) systemDir() string {
	if o.system != "" {
		return o.system
	}
	return systemSets
}

// Locate opens the set that a user means by name, in this order: the generated set "factors", made on first use; the
// path of a pack; the path of a source, imported when its pack is missing or older; a pack in the cache, whose images are
// brought to the wanted size when it has another; a source
// NAME{,.tar.gz,.tgz,.tar,.zip} in the data folder, imported; the folder in which a Debian package installs the set,
// imported. Otherwise its usage error says where it looked and how to get the set. It uses no network.
func Locate(ctx context.Context, name string, opt LocateOptions) (*Set, error) {
	p, err := opt.find(ctx, name)
	switch {
	case err != nil:
		return nil, err
	case p.pack != "":
		return opt.open(p.pack)
	case p.native != "":
		pack, err := resizeNative(ctx, p.native, opt.imports())
		if err != nil {
			return nil, err
		}
		return Open(pack)
	case p.source != "":
		return opt.importAndOpen(ctx, p.source)
	}
	return Factors(ctx, FactorsOptions{Cache: opt.Cache, Progress: opt.Progress})
}

// place is where a set lies; the generated set lies nowhere. Native is a pack of the set's own size, whose images are to
// be brought to another.
type place struct{ pack, native, source string }

// find finds out what a name means.
func (o LocateOptions) find(ctx context.Context, name string) (place, error) {
	if name == FactorsName {
		if o.Size != 0 && o.Size != factorsSide {
			return place{}, absent("leave --size out", "the generated set is %dx%d", factorsSide, factorsSide)
		}
		return place{}, nil
	}
	bare := setName.MatchString(name)
	info, err := os.Stat(name)
	// A folder that has the set's name by chance, such as a run's, does not hide the set.
	if err == nil && !(bare && info.IsDir() && !holdsImages(ctx, name)) {
		return atPath(name, info)
	}
	if !bare {
		return place{}, absent("give the path of one, or a name from `sslx data list`",
			"there is no pack, folder or archive %q", name)
	}
	return o.byName(name)
}

// atPath returns the pack or the source at a path.
func atPath(path string, info os.FileInfo) (place, error) {
	if !info.IsDir() && (isPack(path) || filepath.Ext(path) == packExt) {
		return place{pack: path}, nil
	}
	_, err := openTree(path, 0)
	return place{source: path}, err
}

// open opens a pack, which must have the wanted size.
func (o LocateOptions) open(pack string) (*Set, error) {
	set, err := Open(pack)
	if err == nil && o.Size != 0 && (set.Height() != o.Size || set.Width() != o.Size) {
		_ = set.Close()
		return nil, absent("import its source with that --size", "pack %s holds %dx%d images, not %d", pack,
			set.Height(), set.Width(), o.Size)
	}
	return set, err
}

func (o LocateOptions) importAndOpen(ctx context.Context, source string) (*Set, error) {
	pack, _, err := importSource(ctx, source, o.imports(), func(string) error { return nil })
	if err != nil {
		return nil, err
	}
	return Open(pack)
}

func (o LocateOptions) imports() ImportOptions {
	return ImportOptions{Cache: o.Cache, Size: o.Size, SkipBad: o.SkipBad, Progress: o.Progress}
}

// byName looks for a set in the cache, the data folder and among installed ones.
func (o LocateOptions) byName(name string) (place, error) {
	dir, err := packsDir(o.Cache)
	if err != nil {
		return place{}, err
	}
	packs, err := cachedPacks(dir)
	if err != nil {
		return place{}, err
	}
	pack, packErr := o.choose(packs, name)
	if pack != "" {
		return place{pack: pack}, nil
	}
	if native := slices.IndexFunc(packs, func(p cachedPack) bool { return p.err == nil && p.Name == name && p.How == howNative }); native >= 0 {
		return place{native: packs[native].path}, nil
	}
	if source := cmp.Or(findSource(o.dataDir(), name), installed(o.systemDir(), name)); source != "" {
		return place{source: source}, nil
	}
	if packErr != nil {
		return place{}, packErr
	}
	return place{}, o.unknown(name, dir, packs)
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
			absent(o.otherSize(), "set %q is packed as %s", name, strings.Join(sizes, ", "))
	}
	return "", nil
}

// otherSize says what to do where a set is packed in other sizes.
func (o LocateOptions) otherSize() string {
	if o.Size == 0 {
		return "pass --size with one of them, or import it with the --size wanted"
	}
	return fmt.Sprintf("import its source with `sslx data import PATH --size %d`", o.Size)
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
	sources := "$SSLX_DATA is not set"
	if data := o.dataDir(); data != "" {
		sources = fmt.Sprintf("%s holds no folder or archive of that name", data)
	}
	return absent(o.hint(name, packs), "there is no data set %q, as %s holds no pack of that name and %s", name, dir,
		sources)
}

// hint says how to get the set of a name that leads to nothing, or which name is meant.
func (o LocateOptions) hint(name string, packs []cachedPack) string {
	if set, ok := known[name]; ok {
		return set.hint(name)
	}
	names := append([]string{FactorsName}, knownNames()...)
	for _, pack := range packs {
		if pack.err == nil {
			names = append(names, pack.Name)
		}
	}
	for _, source := range sourcesIn(o.dataDir()) {
		names = append(names, source.name)
	}
	hint := "pack one with `sslx data import PATH`"
	if near := usage.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q? Otherwise %s", near, hint)
	}
	return hint
}
