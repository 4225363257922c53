package dataset

import (
	"context"
	"slices"
	"time"

	"github.com/sslx-go/lab/internal/usage"
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
	// SkipBad leaves out images that cannot be decoded and reports them, instead of stopping.
	SkipBad bool
	// Progress, if set, is called after each image, by one goroutine at a time.
	Progress func(done, total int64)
	// MaxPixels bounds one image's width times height; 0 is 64 megapixels.
	MaxPixels int
	// MaxFile bounds the bytes of one image file; 0 is 64 MiB.
	MaxFile int64
	// MaxUnpacked bounds the bytes that an archive unpacks to; 0 is 100 times its size, and 1 GiB at least.
	MaxUnpacked int64
}

func (o ImportOptions) check() (ImportOptions, error) {
	if o.Size < 0 || o.Size > MaxSize {
		return o, usage.Errorf("size %d is out of range: give 1 to %d, or 0 for the images' own", o.Size, MaxSize)
	}
	if o.Name != "" && !setName.MatchString(o.Name) {
		return o, usage.Errorf("set name %q is not allowed: use letters, digits, dots and dashes", o.Name)
	}
	if o.Name == FactorsName {
		return o, usage.Errorf("the name %q belongs to the generated set: pass --name with another one", FactorsName)
	}
	if o.MaxPixels < 0 || o.MaxFile < 0 || o.MaxUnpacked < 0 {
		return o, usage.Errorf("limits of an import must not be negative")
	}
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
	Resize      string        `json:"resize"`
	Splits      []SplitCount  `json:"splits"`
	Tasks       []Task        `json:"tasks"`
	Mean        [3]float64    `json:"mean"`
	Std         [3]float64    `json:"std"`
	Skipped     []Skipped     `json:"skipped,omitempty"`
	Notes       []string      `json:"notes,omitempty"`
	Fingerprint string        `json:"fingerprint"`
	Elapsed     time.Duration `json:"elapsed_ns"`
}

func (h *header) report(pack string, reused bool, start time.Time) Report {
	return Report{Name: h.Name, Kind: h.Kind, Pack: pack, Reused: reused, Height: h.Height, Width: h.Width,
		Resize: h.Resize,
		Splits: h.counts(), Tasks: slices.Clone(h.Tasks), Mean: h.Mean, Std: h.Std, Skipped: h.Skipped, Notes: h.Notes,
		Fingerprint: h.Fingerprint, Elapsed: time.Since(start)}
}

// Import packs a source into the cache and returns the pack's path. A pack of the same unchanged source and size that
// is there already and whole is reused; another one of that name and size is replaced. Memory stays small: images
// pass through in a stream, decoded by all cores. A usage error means that the source is missing, empty or laid out
// wrongly; other errors name the image, the archive or the disk. On any error, and when ctx ends, nothing is left
// behind.
func Import(ctx context.Context, source string, opt ImportOptions) (pack string, report Report, err error) {
	return importSource(ctx, source, opt, Verify)
}

// importSource imports; verify must accept a pack before it is reused.
func importSource(ctx context.Context, source string, opt ImportOptions, verify func(string) error) (string, Report,
	error) {
	start := time.Now()
	opt, err := opt.check()
	if err != nil {
		return "", Report{}, err
	}
	t, err := openTree(source, opt.MaxUnpacked)
	if err != nil {
		return "", Report{}, err
	}
	if opt.Name == "" {
		if opt.Name, err = nameOf(source); err != nil {
			return "", Report{}, err
		}
		if _, err := opt.check(); err != nil {
			return "", Report{}, err
		}
	}
	dir, err := packsDir(opt.Cache)
	if err != nil {
		return "", Report{}, err
	}
	stamp, err := t.stamp(ctx)
	if err != nil {
		return "", Report{}, err
	}
	reuse := func() (*cachedPack, error) { return findReusable(dir, stamp, opt, verify) }
	if found, err := reuse(); found != nil || err != nil {
		return found.result(err, start)
	}
	unlock, err := lockName(ctx, dir, opt.Name)
	if err != nil {
		return "", Report{}, err
	}
	defer unlock()
	if found, err := reuse(); found != nil || err != nil {
		return found.result(err, start)
	}
	p, err := recognise(ctx, t, source, opt.Name, opt)
	if err != nil {
		return "", Report{}, err
	}
	how, rule := resizeRule(opt.Size)
	h := &header{Name: opt.Name, How: how, Resize: rule, Source: stamp}
	path, err := writeSet(ctx, dir, source, p, h, opt)
	if err != nil {
		return "", Report{}, err
	}
	return path, h.report(path, false, start), nil
}

// findReusable returns the pack of the stamped source and the wanted size, or nil.
func findReusable(dir, stamp string, opt ImportOptions, verify func(string) error) (*cachedPack, error) {
	packs, err := cachedPacks(dir)
	if err != nil {
		return nil, err
	}
	_, rule := resizeRule(opt.Size)
	for _, pack := range packs {
		same := pack.err == nil && pack.Name == opt.Name && pack.Source == stamp && pack.Resize == rule
		if same && (opt.SkipBad || len(pack.Skipped) == 0) && verify(pack.path) == nil {
			return &pack, nil
		}
	}
	return nil, nil
}

func (c *cachedPack) result(err error, start time.Time) (string, Report, error) {
	if err != nil {
		return "", Report{}, err
	}
	return c.path, c.report(c.path, true, start), nil
}
