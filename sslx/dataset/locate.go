package dataset

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/archive"
	"github.com/sslx-go/lab/sslx/dataset/internal/scene"
)

// LocateOptions say where to look for a set and how to import it when it is not packed yet.
type LocateOptions struct {
	// Cache is the cache folder; "" is CacheDir().
	Cache string
	// DataDir is the folder in which sources are looked up by their bare name; "" is $SSLX_DATA.
	DataDir string
	// Size is the side of the images wanted; 0 takes their own, or the only pack.
	Size int
	// Channels is the number of channels wanted, as in ImportOptions; 0 takes the source's, or those of the only pack.
	Channels int
	// Fingerprint identifies the set wanted, as a record has it. A pack in the cache that has it is taken, whatever its
	// name means today and wherever the program runs; without one, the name decides, and the caller compares.
	Fingerprint string
	// Name is what the record calls the set of Fingerprint; the set is called that, although a pack with another name
	// may hold the same images. "" takes the name of the pack.
	Name string
	// SkipBad and Progress are as in ImportOptions.
	SkipBad  bool
	Progress func(done, total int64)
	// Warn, if set, gets one line for each thing that the user should know of an import: notes, images left out.
	Warn func(string)

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

func (o LocateOptions) imports() ImportOptions {
	return ImportOptions{Cache: o.Cache, Size: o.Size, Channels: o.Channels, SkipBad: o.SkipBad, Progress: o.Progress}
}

// errReplaced is the error of a pack that another process replaced between its choice and its opening.
var errReplaced = errors.New("another process keeps replacing the pack: try again when it has ended")

// Locate opens the set that a user means by name, in this order: the generated set "factors", made on first use; the
// path of a pack; the path of a source, imported when its pack is missing or older; a pack in the cache, whose images
// are brought to the wanted size when it has another; a source NAME{,.tar.gz,.tgz,.tar,.zip} in the data folder,
// imported; the folder in which a Debian package installs the set, imported. Otherwise its usage error says where it
// looked and how to get the set; see [Downloadable]. Of several sources of one name, the name means the one that was
// imported last. A pack from which somebody left bad images out on purpose is taken as it is. A pack that an older
// version made by other rules is made again from its source; without the source, it is taken with a warning. It uses no
// network.
func Locate(ctx context.Context, name string, opt LocateOptions) (*Set, error) {
	const tries = 10
	var set *Set
	var err error

	// The pack that was chosen by its header may be another one when it is opened: then it is chosen again.
	for range tries {
		var p place
		if p, err = opt.find(ctx, name); err != nil {
			return nil, err
		}
		if set, err = opt.openPlace(ctx, p); !errors.Is(err, errReplaced) {
			break
		}
	}
	return set, err
}

// place is where a set lies; the generated set lies nowhere.
type place struct {
	pack        string
	fingerprint string // of the pack; "" where its header was not read
	native      string // a pack of the set's own size, whose images are to be brought to another
	source      string
	name        string // of the set that the source becomes; "" is the source's own
	outdated    bool   // the pack was made by older rules, and cannot be made again
}

func (o LocateOptions) openPlace(ctx context.Context, p place) (*Set, error) {
	if p.outdated && o.Warn != nil {
		o.Warn(fmt.Sprintf("data set %s: an older version of sslx made its pack, and some of its pixels may differ "+
			"from those of an import today: import its source again, with the same choices", p.name))
	}
	switch {
	case p.pack != "":
		return o.open(p)
	case p.native != "":
		return resizeNative(ctx, p.native, o.imports())
	case p.source != "":
		return o.importAndOpen(ctx, p)
	}
	return Factors(ctx, FactorsOptions{Cache: o.Cache, Progress: o.Progress})
}

// find finds out what a name means.
func (o LocateOptions) find(ctx context.Context, name string) (place, error) {
	if p, ok := o.recorded(); ok {
		return p, nil
	}
	if name == FactorsName {
		if o.Size != 0 && o.Size != scene.Side {
			return place{}, absent("size", "leave the size out", "the generated set is %dx%d", scene.Side, scene.Side)
		}
		return place{}, nil
	}

	// A path comes before the cache: it says where the data are.
	bare := setName.MatchString(name)
	info, err := os.Stat(name)
	// A folder that has the set's name by chance, such as a run's, does not hide the set.
	if err == nil && !(bare && info.IsDir() && !holdsImages(ctx, name)) {
		return atPath(name, info)
	}
	if !bare {
		return place{}, absent("data", "give the path of one, or the name of a set",
			"there is no pack, folder or archive %q", name)
	}
	return o.byName(name)
}

// recorded returns the pack in the cache that has the wanted fingerprint.
func (o LocateOptions) recorded() (place, bool) {
	if o.Fingerprint == "" {
		return place{}, false
	}
	dir, err := packsDir(o.Cache)
	if err != nil {
		return place{}, false
	}

	// A damaged one is passed over: the name may still lead to the source.
	packs, _ := cachedPacks(dir)
	for _, pack := range packs {
		if pack.err != nil || pack.Fingerprint != o.Fingerprint {
			continue
		}
		p := place{pack: pack.path, fingerprint: pack.Fingerprint}
		if set, err := (LocateOptions{}).open(p); err == nil {
			_ = set.Close()
			return p, true
		}
	}
	return place{}, false
}

// atPath returns the pack or the source at a path.
func atPath(path string, info os.FileInfo) (place, error) {
	if !info.IsDir() && (isPack(path) || filepath.Ext(path) == packExt) {
		return place{pack: path}, nil
	}
	_, err := openSource(path, 0)
	return place{source: path}, err
}

// errSeen ends a walk that has seen enough.
var errSeen = errors.New("seen")

// runFile is a file that every run folder has.
const runFile = "environment.json"

// holdsImages reports whether the folder may be a source: it has a file of some format, or cannot be read, which its
// import will say. The figures of a run folder are no set.
func holdsImages(ctx context.Context, folder string) bool {
	if _, err := os.Stat(filepath.Join(folder, runFile)); err == nil {
		return false
	}
	all := allFormats()
	return archive.Dir{Root: folder}.Walk(ctx, func(e archive.Entry) error {
		if !e.Dir && slices.ContainsFunc(all, func(f Format) bool { return f.Matches(e.Path) }) {
			return errSeen
		}
		return nil
	}) != nil
}

// open opens a pack, which must have the wanted size and, where it is known, the fingerprint that it was chosen for.
func (o LocateOptions) open(p place) (*Set, error) {
	set, err := Open(p.pack)
	if err != nil {
		return nil, err
	}
	switch {
	case p.fingerprint != "" && set.Fingerprint() != p.fingerprint:
		err = errReplaced
	case p.fingerprint != "" && p.fingerprint == o.Fingerprint:
		set.header.Name = cmp.Or(o.Name, set.header.Name)
		return set, nil // the record knows the size
	case o.Channels != 0 && set.Channels() != o.Channels:
		err = absent("channels", "import its source with that number", "pack %s holds images of %d channels, not %d",
			p.pack, set.Channels(), o.Channels)
	case o.Size != 0 && (set.Height() != o.Size || set.Width() != o.Size):
		err = absent("size", "import its source with that size", "pack %s holds %dx%d images, not %d", p.pack,
			set.Height(), set.Width(), o.Size)
	default:
		return set, nil
	}
	return nil, errors.Join(err, set.Close())
}

func (o LocateOptions) importAndOpen(ctx context.Context, p place) (*Set, error) {
	may := reuse{check: (*Set).checkOpened, skipped: true, chosen: true}
	opt := o.imports()
	opt.Name = p.name
	set, report, err := importSource(ctx, p.source, opt, may)

	// What stops it may have been decided at an earlier import, which named a size as well.
	if opt.Size = o.onlySize(p.source); usage.Is(err) && opt.Size != 0 {
		if other, of, failed := importSource(ctx, p.source, opt, may); failed == nil {
			set, report, err = other, of, nil
		}
	}
	if err == nil && o.Warn != nil {
		report.warn(o.Warn)
	}
	return set, err
}

// onlySize returns the size that the packs of a source were brought to, if no size is wanted and they have one; else 0.
func (o LocateOptions) onlySize(source string) (size int) {
	dir, err := packsDir(o.Cache)
	origin, unknown := originOf(source)
	packs, failed := cachedPacks(dir)
	if errors.Join(err, unknown, failed) != nil || o.Size != 0 {
		return 0
	}
	for _, pack := range packs {
		switch {
		case pack.err != nil || pack.Origin != origin || pack.How != howCrop:
		case size != 0 && size != pack.Height:
			return 0
		default:
			size = pack.Height
		}
	}
	return size
}

// warn says what the user should know of an import that nobody asked for.
func (r Report) warn(warn func(string)) {
	notes := r.Notes
	if r.Reused { // what the pack says was said when it was made
		notes = nil
		if r.Replaces != "" {
			notes = r.Notes[len(r.Notes)-1:]
		}
	}
	for _, note := range notes {
		warn(fmt.Sprintf("data set %s: %s", r.Name, note))
	}
	if n := len(r.Skipped); n > 0 {
		first := r.Skipped[0]
		warn(fmt.Sprintf("data set %s: %d bad images were left out, the first is %s: %s", r.Name, n, first.Name,
			first.Reason))
	}
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

	// A pack of the size wanted, one that can be brought to it, a source: in the order of their cost.
	named := packsNamed(packs, name)
	current, outdated := splitByRules(named)
	p, packErr := o.packed(current, name)
	if p != (place{}) {
		return p, nil
	}
	if source := o.sourceOf(outdated, name); source != "" {
		return place{source: source, name: name}, nil
	}
	if p, packErr = o.packed(named, name); p != (place{}) {
		p.name, p.outdated = name, true
		return p, nil
	}
	if packErr != nil {
		return place{}, packErr
	}
	return place{}, o.unknown(name, dir, packs)
}

// splitByRules tells the packs that older rules made from all others.
func splitByRules(packs []cachedPack) (current, outdated []cachedPack) {
	for _, pack := range packs {
		if pack.err == nil && pack.Rules != rules {
			outdated = append(outdated, pack)
		} else {
			current = append(current, pack)
		}
	}
	return current, outdated
}

// sourceOf returns the source that a name means, or "": the one that its outdated packs were made from, if that needs
// no decision and is still there, or without such packs the one of that name.
func (o LocateOptions) sourceOf(outdated []cachedPack, name string) string {
	decided := func(p cachedPack) bool { return p.Choices != "" || len(p.Skipped) > 0 }
	switch {
	case slices.ContainsFunc(outdated, decided):
		return ""
	case len(outdated) > 0 && outdated[0].Origin != "":
		if _, err := os.Stat(outdated[0].Origin); err != nil {
			return ""
		}
		return outdated[0].Origin
	}
	return cmp.Or(findSource(o.dataDir(), name), installed(o.systemDir(), name))
}

// packed returns the pack of a name that holds the wanted images, or that they can be made from; nothing when there is
// none, and an error that says which there are.
func (o LocateOptions) packed(named []cachedPack, name string) (place, error) {
	pack, err := o.choose(o.withChannels(named), name)
	if pack != nil {
		return place{pack: pack.path, fingerprint: pack.Fingerprint}, nil
	}
	return place{native: o.convertible(named)}, err
}

// withChannels returns the packs of the wanted number of channels, and those that cannot be read. Where none is wanted,
// it is the number of the pack that was made last.
func (o LocateOptions) withChannels(named []cachedPack) []cachedPack {
	want := o.Channels
	var newest time.Time
	for _, pack := range named {
		if o.Channels == 0 && pack.err == nil && (want == 0 || pack.changed.After(newest)) {
			want, newest = depth(pack.Channels), pack.changed
		}
	}
	return slices.DeleteFunc(slices.Clone(named), func(p cachedPack) bool {
		return p.err == nil && depth(p.Channels) != want
	})
}

// convertible returns the path of a pack of the set's own size that can be brought to the wanted size and channels, or
// "": one that has these channels, or else gray for color and the other way round.
func (o LocateOptions) convertible(named []cachedPack) string {
	for _, pack := range o.withChannels(named) {
		if pack.err == nil && pack.How == howNative {
			return pack.path
		}
	}
	for _, pack := range named {
		if pack.err == nil && pack.How == howNative && depth(pack.Channels)+o.Channels == 1+rgb {
			return pack.path
		}
	}
	return ""
}

// choose picks one of the packs of a name: of the wanted size, or else the native one, or else the only one.
func (o LocateOptions) choose(named []cachedPack, name string) (*cachedPack, error) {
	// A damaged pack of the name is not passed over in silence.
	var fitting []cachedPack
	var sizes []string
	for _, pack := range named {
		if pack.err != nil {
			return nil, pack.err
		}
		sizes = append(sizes, fmt.Sprintf("%dx%d (%s)", pack.Height, pack.Width, pack.How))
		if o.Size == 0 || pack.Height == o.Size && pack.Width == o.Size {
			fitting = append(fitting, pack)
		}
	}

	native := slices.IndexFunc(fitting, func(p cachedPack) bool { return p.How == howNative })
	switch {
	case native >= 0:
		return &fitting[native], nil
	case len(fitting) == 1 || len(fitting) > 1 && o.Size != 0:
		return &fitting[0], nil
	case len(sizes) == 0:
		return nil, nil
	}
	hint := "choose one of these sizes, or import it with the size wanted"
	if o.Size != 0 {
		hint = fmt.Sprintf("import its source with size %d", o.Size)
	}
	return nil, absent("size", hint, "set %q is packed as %s", name, strings.Join(sizes, ", "))
}

// findSource returns the folder or archive of a bare name in dir, or "".
func findSource(dir, name string) string {
	if dir == "" {
		return ""
	}
	for _, suffix := range append([]string{""}, archive.Suffixes...) {
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
	err := absent("data", o.hint(name, packs), "there is no data set %q, as %s holds no pack of that name and %s", name,
		dir, sources)
	if _, ok := known[name]; ok {
		err.download = name
	}
	return err
}

// hint says how to get the set of a name that leads to nothing, or which name is meant.
func (o LocateOptions) hint(name string, packs []cachedPack) string {
	if set, ok := known[name]; ok {
		return set.hint()
	}

	// The name may be misspelled: all that could be meant are compared.
	names := append([]string{FactorsName}, knownNames()...)
	for _, pack := range packs {
		if pack.err == nil {
			names = append(names, pack.Name)
		}
	}
	for _, source := range sourcesIn(o.dataDir()) {
		names = append(names, source.name)
	}
	hint := "import a folder or an archive of images under that name"
	if near := usage.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q? Otherwise %s", near, hint)
	}
	return hint
}

// Available reports whether [Locate] finds a set by that name with these options, without a network. If not, hint says
// in the words of Locate's error how to get the set, in one line. A source is found and not read: its import may still
// fail on a bad image. It looks at names and at the headers of packs only, and writes nothing.
func Available(opt LocateOptions, name string) (ok bool, hint string) {
	p, err := opt.find(context.Background(), name)
	if err == nil && p.pack != "" {
		var set *Set
		if set, err = opt.open(p); err == nil {
			err = set.Close()
		}
	}
	if err == nil {
		return true, ""
	}
	if missing := new(unavailable); errors.As(err, missing) {
		return false, missing.hint
	}
	return false, err.Error()
}

// Downloadable returns the name under which [Get] fetches the set that an error of [Locate] says is not there, or "".
func Downloadable(err error) string {
	missing := unavailable{}
	errors.As(err, &missing)
	return missing.download
}

// unavailable is the usage error of a set that is not there, with what to do.
type unavailable struct {
	error
	hint     string
	download string // the name of a set that Get knows, or ""
}

func (u unavailable) Unwrap() error { return u.error }

// absent returns an unavailable error about an argument; format says what is not there.
func absent(argument, hint, format string, args ...any) unavailable {
	return unavailable{error: usage.About(argument, "%s: %s", fmt.Sprintf(format, args...), hint), hint: hint}
}
