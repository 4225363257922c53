package dataset

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/pixels"
)

// MaxSize is the largest side that images can be brought to.
const MaxSize = 4096

const (
	defaultMaxPixels = 64_000_000
	defaultMaxFile   = 64 << 20
)

// ImportOptions say how a source becomes a pack. The zero value keeps the images' own size and stops at the first bad
// image.
type ImportOptions struct {
	// Cache is the cache folder; "" is CacheDir().
	Cache string
	// Name is the set's name; "" takes the source's, without its ending.
	Name string
	// Size is the side of the square that every image is brought to; 0 keeps their own size, which must be one for
	// all.
	Size int
	// Channels is the number of channels of every image: 1 makes gray of color (luma), 3 repeats gray three times. 0
	// keeps what a source has, where gray counts as color: three equal channels.
	Channels int
	// SplitFrom says where an image folder has its splits, where its names do not tell: the level of their folders
	// ("2"; in a/b/1.png, a is level 1), the folders themselves ("train=x/fit,test=x/probe"; images elsewhere are left
	// out), or "none", which makes every image train. "" finds out.
	SplitFrom string
	// ClassesAt is the level of the folders that name the classes of an image folder, or "none" for a set without
	// labels. "" finds out.
	ClassesAt string
	// Labels is a table in an image folder, a .csv or .tsv file by its path or base name, that has a row for each
	// image: a column with its file, and columns of labels, each of which is a task. Columns named split, and group or
	// patient or the like, are the splits and the groups. "" takes a table where there are no class folders.
	Labels string
	// LabelColumns are the columns of Labels that are tasks; nil takes all whose values repeat.
	LabelColumns []string
	// GroupBy says which images of an image folder belong together, and stay together where images are held out: a
	// level of folders ("2"), a regular expression, whose first group in an image's path names the group of the image
	// ("(patient[0-9]+)"), or "none". "" takes the column of a table, or the tracks in the names of GTSRB's images.
	GroupBy string
	// HoldOut is the share of train that becomes test in a set that has neither test nor val; see [Import]. 0 is a
	// fifth, without labels 2,000 images at most, and below 0 is none.
	HoldOut float64
	// SkipBad leaves out images that cannot be decoded and reports them, instead of stopping. It keeps JPEG images that
	// lack a tenth of their data or less.
	SkipBad bool
	// Progress, if set, is called after each image, by one goroutine at a time.
	Progress func(done, total int64)
	// AsStored leaves images in the orientation that they are stored in, instead of turning them upright as their EXIF
	// data say.
	AsStored bool
	// Range says how samples of 16 bits become bytes: "full" (or "") by their high byte, a number of bits from 9 to 16
	// ("12") where only the lower bits are used, "image" by each image's own range.
	Range string
	// MaxPixels bounds one image's width times height; 0 is 64 megapixels. A JPEG image that is decoded at reduced size
	// counts with its pixels at that size. It also bounds the memory that all images in
	// work take together: 12 bytes for each of these pixels, 768 MB by default.
	MaxPixels int
	// MaxFile bounds the bytes of one image file; 0 is 64 MiB.
	MaxFile int64
	// MaxUnpacked bounds the bytes that an archive, a parquet file, or all gzipped idx files unpack to; 0 is 100 times
	// their size, and 1 GiB at least.
	MaxUnpacked int64
}

func (o ImportOptions) check() (ImportOptions, error) {
	if o.Size < 0 || o.Size > MaxSize {
		return o, usage.About("size", "size %d is out of range: give 1 to %d, or 0 for the images' own", o.Size,
			MaxSize)
	}
	if o.Channels < 0 || o.Channels > MaxChannels {
		return o, usage.About("channels", "%d channels are out of range: give 1 to %d, or 0 for the images' own",
			o.Channels, MaxChannels)
	}

	if o.Name != "" && !setName.MatchString(o.Name) {
		return o, usage.About("name", "set name %q is not allowed: use letters, digits, dots and dashes", o.Name)
	}
	if o.Name == FactorsName {
		return o, usage.About("name", "the name %q belongs to the generated set: choose another name", FactorsName)
	}

	if o.HoldOut >= 1 {
		return o, usage.About("hold-out", "hold-out share %g is out of range: give 0 or more, and less than 1",
			o.HoldOut)
	}
	if _, err := pixels.ParseRange(o.Range); err != nil {
		return o, usage.About("sample-range", "%v", err)
	}
	if o.MaxPixels < 0 || o.MaxFile < 0 || o.MaxUnpacked < 0 {
		return o, usage.Errorf("limits of an import must not be negative")
	}

	// What is not given takes its default.
	if o.MaxPixels == 0 {
		o.MaxPixels = defaultMaxPixels
	}
	if o.MaxFile == 0 {
		o.MaxFile = defaultMaxFile
	}
	if o.Progress == nil {
		o.Progress = func(int64, int64) {}
	}
	return o, nil
}

// Skipped is an image that was left out.
type Skipped struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Report says what an import did.
type Report struct {
	Name        string        `json:"name"`
	Kind        string        `json:"kind"`
	Pack        string        `json:"pack"`
	Reused      bool          `json:"reused"` // the pack was there already
	Height      int           `json:"height"`
	Width       int           `json:"width"`
	Channels    int           `json:"channels"`
	Resize      string        `json:"resize"`
	Splits      []SplitCount  `json:"splits"`
	Tasks       []Task        `json:"tasks"`
	Mean        []float64     `json:"mean"` // of each channel, on [0, 1]
	Std         []float64     `json:"std"`
	Skipped     []Skipped     `json:"skipped,omitempty"`
	Notes       []string      `json:"notes,omitempty"`
	Source      string        `json:"source,omitempty"`   // the absolute path of what was imported
	Replaces    string        `json:"replaces,omitempty"` // the source that the name meant before, if another
	Fingerprint string        `json:"fingerprint"`
	Elapsed     time.Duration `json:"elapsed_ns"`
}

func (h *header) report(pack string, reused bool, start time.Time) Report {
	return Report{Name: h.Name, Kind: h.Kind, Pack: pack, Reused: reused, Height: h.Height, Width: h.Width,
		Channels: depth(h.Channels), Resize: h.Resize, Splits: h.counts(), Tasks: slices.Clone(h.Tasks), Mean: h.Mean,
		Std: h.Std, Skipped: h.Skipped, Notes: slices.Clone(h.Notes), Source: h.Origin, Fingerprint: h.Fingerprint,
		Elapsed: time.Since(start)}
}

// Import packs a source into the cache and returns the pack's path. A pack of the same unchanged source and size that
// is there already and whole is reused; one of the same source as it was before, of that name and size, is replaced.
// Packs of different sources never share a file: when another source has had the name, its packs stay where they are,
// the name means this source from now on, and the report says so. Memory stays small: images pass through in a stream,
// decoded by all cores. A usage error means that the source is missing, empty or laid out wrongly; other errors name
// the image, the archive or the disk. On any error, and when ctx ends, nothing is left behind.
func Import(ctx context.Context, source string, opt ImportOptions) (pack string, report Report, err error) {
	set, report, err := importSource(ctx, source, opt, reuse{check: func(s *Set) error { return s.verify(ctx) }})
	if err != nil {
		return "", Report{}, err
	}
	return set.path, report, set.Close()
}

// reuse says which packs may be taken for an import.
type reuse struct {
	// check must accept a pack.
	check func(*Set) error
	// skipped allows packs from which bad images were left out, with somebody's consent.
	skipped bool
	// chosen allows packs for which somebody decided what the files do not tell: the one that was made last is taken.
	chosen bool
}

// importSource imports and opens. The set is the one that this import made or found, whatever other processes put into
// the cache meanwhile.
func importSource(ctx context.Context, source string, opt ImportOptions, may reuse) (*Set, Report, error) {
	start := time.Now()
	opt, err := opt.check()
	if err != nil {
		return nil, Report{}, err
	}
	t, err := openSource(source, opt.MaxUnpacked)
	if err != nil {
		return nil, Report{}, err
	}

	// Without a name, the set is called like its source, if that is allowed.
	if opt.Name == "" {
		if opt.Name, err = nameOf(source); err != nil {
			return nil, Report{}, err
		}
		if _, err := opt.check(); err != nil {
			return nil, Report{}, err
		}
	}
	dir, err := packsDir(opt.Cache)
	if err != nil {
		return nil, Report{}, err
	}

	// What tells whether a pack is of this source as it is now.
	how, rule := resizeRule(opt.Size)
	h := &header{Name: opt.Name, How: how, Resize: rule, Rules: rules, Choices: opt.choices(),
		Channels: opt.Channels}
	if h.Source, err = t.Stamp(ctx); err != nil {
		return nil, Report{}, err
	}
	if h.Origin, err = originOf(source); err != nil {
		return nil, Report{}, fmt.Errorf("source cannot be read: %w", err)
	}
	may.skipped = may.skipped || opt.SkipBad

	// A pack that is there needs no lock; another process may make it while this one waits for the lock.
	set, before, err := h.findReusable(dir, may)
	if set != nil || err != nil {
		return set.reused(before, err, start)
	}
	unlock, err := lockName(ctx, dir, opt.Name)
	if err != nil {
		return nil, Report{}, err
	}
	defer unlock()
	set, before, err = h.findReusable(dir, may)
	if set != nil || err != nil {
		return set.reused(before, err, start)
	}

	// From here on this process alone makes the pack.
	files, err := filesOf(ctx, t, source, opt.Name, opt)
	if err != nil {
		return nil, Report{}, err
	}
	p, err := planOf(ctx, files)
	if err != nil {
		return nil, Report{}, err
	}
	path, err := writeSet(ctx, dir, source, p, h, opt)
	if err != nil {
		return nil, Report{}, err
	}
	removeOld(h, dir)

	// Under the lock, the pack is the one that was written.
	if set, err = Open(path); err != nil {
		return nil, Report{}, err
	}
	report := h.report(path, false, start)
	report.replace(h, before)
	return set, report, nil
}

// findReusable opens the pack of the source and the size that h names, if it is there. before are the packs that the
// name has meant until now.
func (h *header) findReusable(dir string, may reuse) (set *Set, before []cachedPack, err error) {
	packs, err := cachedPacks(dir)
	if err != nil {
		return nil, nil, err
	}
	before = packsNamed(packs, h.Name)
	if may.chosen {
		slices.SortStableFunc(packs, func(a, b cachedPack) int { return b.changed.Compare(a.changed) })
	}

	// The header is compared again once the pack is open: another process may have replaced the file.
	for _, pack := range packs {
		if pack.err != nil || !h.sameSource(&pack.header) || !may.skipped && len(pack.Skipped) > 0 ||
			!may.chosen && pack.Choices != h.Choices {
			continue
		}
		set, err := openPack(pack.path)
		if err != nil {
			continue
		}
		if h.sameSource(&set.header) && may.check(set) == nil {
			return set, before, nil
		}
		_ = set.Close()
	}
	return nil, before, nil
}

// rules is the version of the rules by which a source becomes a set. A pack that was made by other rules is made again
// when its source is imported.
//
// 2: JPEG is decoded as libjpeg does, more formats are read, images are turned upright.
// 3: images are resized as Pillow does.
// 4: transparent colors of GIF images are kept, as those of other formats.
const rules = 4

// choices says what was decided about a source that its files do not tell, "" for nothing.
func (o ImportOptions) choices() string {
	var parts []string
	if o.SplitFrom != "" {
		parts = append(parts, "splits from "+o.SplitFrom)
	}
	if o.ClassesAt != "" {
		parts = append(parts, "classes at "+o.ClassesAt)
	}
	if o.Labels != "" {
		parts = append(parts, fmt.Sprintf("labels %s of %s", strings.Join(o.LabelColumns, "+"), o.Labels))
	}
	if o.GroupBy != "" {
		parts = append(parts, "groups by "+o.GroupBy)
	}
	if o.HoldOut != 0 {
		parts = append(parts, fmt.Sprintf("hold-out %g", max(o.HoldOut, 0)))
	}
	return strings.Join(append(parts, o.decodingChoices()...), ", ")
}

// sameSource reports whether a pack has the same unchanged source, name, size and channels, and was made by the same
// rules. Before an import, the channels of h are those that were asked for.
func (h *header) sameSource(pack *header) bool {
	channels := h.Channels == 0 && !pack.Converted || h.Channels == depth(pack.Channels)
	return channels && pack.Name == h.Name && pack.Origin == h.Origin && pack.Source == h.Source &&
		pack.Resize == h.Resize && pack.Rules == h.Rules
}

// reused returns what an import gives that found its pack, which is what the name means from now on.
func (s *Set) reused(before []cachedPack, err error, start time.Time) (*Set, Report, error) {
	if err != nil {
		return nil, Report{}, err
	}
	report := s.header.report(s.path, true, start)
	report.replace(&s.header, before)
	if report.Replaces != "" || slices.ContainsFunc(before, s.header.otherChannels) {
		// A cache that cannot be written keeps what the name meant.
		_ = os.Chtimes(s.path, time.Time{}, time.Now())
	}
	return s, report, nil
}

// otherChannels reports whether a pack has another number of channels.
func (h *header) otherChannels(p cachedPack) bool {
	return p.err == nil && depth(p.Channels) != depth(h.Channels)
}

// replace says in the report that its name has meant another source.
func (r *Report) replace(h *header, before []cachedPack) {
	for _, pack := range before {
		// Older packs do not know their source; the same stamp means the same files.
		if pack.err != nil || pack.Origin == h.Origin || pack.Origin == "" && pack.Source == h.Source {
			continue
		}
		r.Replaces = cmp.Or(pack.Origin, "an unknown source")
		r.Notes = append(r.Notes, fmt.Sprintf("the name %s now means %s; until now it meant %s, whose pack stays at %s",
			r.Name, r.Source, r.Replaces, pack.path))
		return
	}
}
