package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/plots"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
)

func dataCommand(a *app) *cobra.Command {
	return group(&cobra.Command{
		Use:   "data",
		Short: "List, import, check and fetch data sets",
		Long: `List, import, check and fetch data sets. Images from any source are packed once into a file in the cache
(SSLX_CACHE, or sslx in the user's cache folder), which training maps into memory.`,
		Example: `  sslx data list
  sslx data import photos.zip --size 64
  sslx data verify photos`,
	}, dataListCommand(a), dataShowCommand(a), dataImportCommand(a), dataVerifyCommand(a), dataGetCommand(a),
		dataViewsCommand(a))
}

func dataListCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the data sets that can be named",
		Long: `List the packed data sets in the cache, then those that are available: built in (generated on first use), in
the folder SSLX_DATA or installed by a Debian package (packed on first use), and to download (with "sslx data
get").`,
		Example: `  sslx data list
  SSLX_DATA=~/sets sslx data list --json`,
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error { return a.dataList(asJSON) },
	}

	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) dataList(asJSON bool) error {
	listings, err := dataset.List(dataset.LocateOptions{})
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(list(listings))
	}

	t := table{left: 6}
	t.add("name", "state", "images", "splits", "tasks", "where")
	for _, l := range listings {
		// A damaged pack has a path as well, but what is wrong with it matters more.
		where := l.Path
		if l.State == dataset.StateDamaged || l.Path == "" {
			where = sentence(l.Detail)
		}
		t.add(l.Name, l.State, shapeText(l.Height, l.Width, l.Channels), splitsText(l.Splits),
			tasksText(l.Tasks), where)
	}
	return t.print(a.stdout)
}

func sizeText(height, width int) string {
	if height == 0 {
		return "-"
	}
	return fmt.Sprintf("%dx%d", height, width)
}

// shapeText is sizeText with the number of channels where it is not 3.
func shapeText(height, width, channels int) string {
	size := sizeText(height, width)
	switch {
	case height == 0 || channels == 3:
		return size
	case channels == 1:
		return size + ", 1 channel"
	}
	return fmt.Sprintf("%s, %d channels", size, channels)
}

func splitsText(splits []dataset.SplitCount) string {
	var parts []string
	for _, s := range splits {
		parts = append(parts, fmt.Sprintf("%s %d", s.Name, s.N))
	}
	return orDash(strings.Join(parts, ", "))
}

// tasksText names up to two tasks with their numbers of classes.
func tasksText(tasks []dataset.Task) string {
	var parts []string
	for i, task := range tasks {
		if i == 2 {
			parts = append(parts, fmt.Sprintf("%d more", len(tasks)-i))
			break
		}
		parts = append(parts, fmt.Sprintf("%s (%d)", task.Name, len(task.Classes)))
	}
	return orDash(strings.Join(parts, ", "))
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func dataShowCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show a data set: its source, splits, classes, and the notes of its import",
		Long: `Show what is known of a data set, which is packed first if need be: where it comes from, its splits,
tasks and classes, and the notes of its import: what was left out, turned or cut, and test images that are in
train. The fingerprint is a SHA-256 of the images and labels in their order: two sets are the same when theirs
are equal. Records have that of the data that they were made on.`,
		Example: `  sslx data show photos
  sslx data show photos --json`,
		Args:              arguments(1, 1),
		ValidArgsFunction: completeDataName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.dataShow(cmd.Context(), args[0], asJSON)
		},
	}

	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) dataShow(ctx context.Context, name string, asJSON bool) error {
	listings, err := dataset.List(dataset.LocateOptions{})
	if err != nil {
		return err
	}
	var found []dataset.Listing
	for _, l := range listings {
		switch {
		case l.State == dataset.StatePacked && (l.Name == name || l.Path == name):
			found = append(found, l)
		case l.State == dataset.StateSource && l.Name == name:
			// A set that can be named is packed on first use, which this is.
			if _, err := a.pack(ctx, l.Path, dataset.ImportOptions{}); err != nil {
				return err
			}
			return a.dataShow(ctx, name, asJSON)
		}
	}
	if found == nil {
		return unknownPack(name, listings)
	}
	if asJSON {
		return a.printJSON(found)
	}

	// A set may be packed in several sizes, and from several sources.
	for i, l := range found {
		if i > 0 {
			fmt.Fprintln(a.stdout)
		}
		if err := a.printSet(l); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printSet(l dataset.Listing) error {
	t := table{left: 2}
	t.add("set", fmt.Sprintf("%s (%s)", l.Name, l.Kind))
	t.add("source", orDash(l.Source))
	t.add("pack", l.Path)
	t.add("fingerprint", l.Fingerprint)
	t.add("images", fmt.Sprintf("%s, %s; %s", sizeText(l.Height, l.Width), l.Detail, splitsText(l.Splits)))
	if l.Choices != "" {
		t.add("decided", l.Choices)
	}

	for _, task := range l.Tasks {
		t.add("task", fmt.Sprintf("%s (%d): %s", task.Name, len(task.Classes), words.Shorten(strings.Join(task.Classes,
			", "), 80)))
	}
	if len(l.Tasks) == 0 {
		t.add("tasks", "none: the set has no labels")
	}
	for _, note := range l.Notes {
		t.add("note", note)
	}

	// A damaged archive may have thousands.
	for i, s := range l.Skipped {
		if i == 10 {
			t.add("left out", fmt.Sprintf("and %d more, which --json lists", len(l.Skipped)-i))
			break
		}
		t.add("left out", s.Name+": "+s.Reason)
	}
	return t.print(a.stdout)
}

type importFlags struct {
	dataset.ImportOptions
	json bool
}

func dataImportCommand(a *app) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import SOURCE",
		Short: "Pack images into the cache",
		Long: fmt.Sprintf(`Pack the images of a source into one checksummed file in the cache. SOURCE is a folder, or
a .tar (plain, gz, xz or bz2) or .zip of one, that holds
  - one folder a class, with images (JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC, AVIF), and train, val and
    test above the classes where there are splits (torchvision's ImageFolder);
  - or images in one flat folder, which is a set without labels;
  - or the binary files of CIFAR-10 or CIFAR-100;
  - or the four idx files of an MNIST-like set, plain or gzipped;
  - or parquet files as hubs serve them, WebDataset shards (.tar), or .beton files of FFCV, named by
    their splits (train-00000.parquet); one of them can be SOURCE itself;
  - or the binary files of STL-10.
Images of other than three channels come from TIFF and NumPy files (.npy) in image folders.

SOURCE can also be the name of a set that "sslx data list" shows as source.

Without --size, all images must have the same size. With --size S (%d at most), the short side is
brought to S and the S x S center kept. A bad image stops the import, unless --skip-bad leaves it
out. The format of an image is told by its content, not by its name.`, dataset.MaxSize),
		Example: `  sslx data import cifar10.tar.gz
  sslx data import ~/photos --name photos --size 64 --skip-bad`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			// 0 stands for the images' own size, so only a size that was given is checked.
			if cmd.Flags().Changed("size") && (f.Size <= 0 || f.Size > dataset.MaxSize) {
				return usage.Errorf("--size is %d: it must be from 1 to %d", f.Size, dataset.MaxSize)
			}
			if cmd.Flags().Changed("max-pixels") && f.MaxPixels <= 0 {
				return usage.Errorf("--max-pixels is %d: it must be positive", f.MaxPixels)
			}
			if cmd.Flags().Changed("hold-out") && f.HoldOut == 0 {
				f.HoldOut = -1 // 0 stands for the default
			}
			return a.dataImport(cmd.Context(), args[0], f)
		},
	}

	cmd.Flags().StringVar(&f.Name, "name", "", "name of the set; the name of the source when left out")
	cmd.Flags().IntVar(&f.Size, "size", 0, "side in pixels that images are brought to; their own when left out")
	cmd.Flags().IntVar(&f.Channels, "channels", 0,
		"1 makes gray of color, 3 makes color of gray; the images' own when left out, where gray counts as color")
	cmd.Flags().StringVar(&f.SplitFrom, "split-from", "", "where the splits are: the `level` of their folders, their "+
		"folders (train=x,test=y), or none")
	cmd.Flags().StringVar(&f.ClassesAt, "classes-at", "", "`level` of the folders that name the classes, or none "+
		"for no labels")
	cmd.Flags().StringVar(&f.Labels, "labels", "", "`table` in the source, .csv or .tsv, that has the labels")
	cmd.Flags().StringSliceVar(&f.LabelColumns, "label-columns", nil, "columns of --labels, with commas between; all "+
		"whose values repeat when left out")
	cmd.Flags().StringVar(&f.GroupBy, "group-by", "", "which images stay together where some are held out: the "+
		"`level` of their folders, a regular expression for their paths, or none")
	cmd.Flags().Float64Var(&f.HoldOut, "hold-out", 0, "`share` of train that becomes test where there is no test "+
		"and no val")
	cmd.Flags().BoolVar(&f.SkipBad, "skip-bad", false, "leave out images that cannot be decoded, and count them")
	cmd.Flags().BoolVar(&f.AsStored, "as-stored", false, "do not turn images upright as their EXIF orientation says")
	cmd.Flags().StringVar(&f.Range, "sample-range", "",
		"what samples of 16 bits use: full, a number of bits (12 for many microscopes), or each image's own: image; "+
			"full when left out")
	cmd.Flags().IntVar(&f.MaxPixels, "max-pixels", 0,
		"most pixels of an image, each of which may take 12 bytes of memory (default 64000000)")
	jsonFlag(cmd, &f.json)
	return cmd
}

func (a *app) dataImport(ctx context.Context, source string, f importFlags) error {
	source, err := namedSource(source)
	if err != nil {
		return err
	}

	report, err := a.pack(ctx, source, f.ImportOptions)
	if err != nil {
		return err
	}

	if f.json {
		return a.printJSON(report)
	}
	return a.printImport(report)
}

// pack imports a source, and shows how far it is.
func (a *app) pack(ctx context.Context, source string, options dataset.ImportOptions) (dataset.Report, error) {
	var report dataset.Report
	err := a.work(func(opt sslx.Options) (err error) {
		options.Progress = func(done, total int64) {
			opt.Progress(sslx.Progress{Phase: "import " + source, Done: done, Total: total})
		}
		_, report, err = dataset.Import(ctx, source, options)
		return err
	})
	return report, err
}

// namedSource returns the path of a source that is named without one, such as an archive in the data folder; a path,
// and what has no such name, stays as it is.
func namedSource(source string) (path string, err error) {
	if _, err := os.Stat(source); err == nil {
		return source, nil
	}
	listings, err := dataset.List(dataset.LocateOptions{})
	for _, l := range listings {
		switch {
		case l.Name == source && l.State == dataset.StateSource:
			return l.Path, nil
		case l.Name == source && l.State == dataset.StatePacked && l.Source != "":
			return l.Source, nil // where it was packed from
		}
	}
	return source, err
}

// numbersText lists a number for each channel.
func numbersText(numbers []float64) string {
	texts := make([]string, len(numbers))
	for i, v := range numbers {
		texts[i] = fmt.Sprintf("%.6f", v)
	}
	return strings.Join(texts, " ")
}

// printImport says what an import did, and on stderr what it left out.
func (a *app) printImport(r dataset.Report) error {
	how := "packed in " + r.Elapsed.Round(time.Second/10).String()
	if r.Reused {
		how = "was packed already"
	}
	t := table{left: 2}
	t.add("set", fmt.Sprintf("%s (%s), %s", r.Name, r.Kind, how))
	t.add("pack", r.Pack)
	t.add("fingerprint", r.Fingerprint)
	t.add("images", fmt.Sprintf("%s, %s; %s", shapeText(r.Height, r.Width, r.Channels), r.Resize, splitsText(r.Splits)))
	t.add("tasks", tasksText(r.Tasks))
	t.add("mean", numbersText(r.Mean))
	t.add("std", numbersText(r.Std))
	for _, note := range r.Notes {
		t.add("note", note)
	}

	// What was left out is a warning: standard output may go elsewhere.
	if len(r.Skipped) > 0 {
		t.add("left out", fmt.Sprintf("%d bad images", len(r.Skipped)))
	}
	for i, s := range r.Skipped {
		if i == 10 {
			a.warn(fmt.Sprintf("and %d more, which --json lists", len(r.Skipped)-i))
			break
		}
		a.warn(fmt.Sprintf("left out %s: %s", s.Name, s.Reason))
	}
	return t.print(a.stdout)
}

func dataGetCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "get NAME",
		Short: "Download a known data set and pack it",
		Long: `Download a known data set, check it against its published checksum, and pack it into the cache: cifar10,
cifar100 and fashion-mnist come from their authors' servers, mnist comes as a Go module and needs the go
command. A set that is packed already is not fetched again. Prints the pack's path.`,
		Example: `  sslx data get cifar10
  sslx data get mnist
  sslx data get fashion-mnist --json`,
		Args:              arguments(1, 1),
		ValidArgsFunction: completeDownload,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.dataGet(cmd.Context(), args[0], asJSON)
		},
	}

	jsonFlag(cmd, &asJSON)
	return cmd
}

func (a *app) dataGet(ctx context.Context, name string, asJSON bool) error {
	var pack string
	err := a.work(func(opt sslx.Options) (err error) {
		// A server need not say how large a file is: a negative total is shown as unknown.
		progress := func(file string, done, total int64) {
			opt.Progress(sslx.Progress{Phase: phaseDownload + " " + file, Done: done, Total: max(total, 0)})
		}
		pack, err = dataset.Get(ctx, name, dataset.GetOptions{Progress: progress, Warn: opt.Warn})
		return err
	})
	if err != nil {
		return err
	}

	if asJSON {
		return a.printJSON(map[string]string{"name": name, "pack": pack})
	}
	_, err = fmt.Fprintln(a.stdout, pack)
	return err
}

// completeDownload completes the sets that are to download.
func completeDownload(*cobra.Command, []string, string) (names []string, _ cobra.ShellCompDirective) {
	listings, _ := dataset.List(dataset.LocateOptions{})
	for _, l := range listings {
		if l.State == dataset.StateDownload {
			names = append(names, l.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func dataVerifyCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [NAME|PATH...]",
		Short: "Look for damage in packed data sets",
		Long: `Read packed data sets whole and compare every checksum: those of a name in the cache, those at a path, or all
in the cache. The exit status is 1 when one is damaged.`,
		Example: `  sslx data verify
  sslx data verify cifar10 /data/photos-64x64-short-crop.sslx`,
		Args:              arguments(0, -1),
		ValidArgsFunction: completeDataName,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.dataVerify(cmd.Context(), args, asJSON)
		},
	}

	jsonFlag(cmd, &asJSON)
	return cmd
}

// verdict is what was found of one pack.
type verdict struct {
	Pack   string `json:"pack"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

func (a *app) dataVerify(ctx context.Context, names []string, asJSON bool) error {
	packs, err := packsOf(names)
	if err != nil {
		return err
	}

	// All packs are read, so that one call finds every damaged one; an interrupt is heeded between two of them.
	verdicts, damaged := []verdict{}, 0
	for _, pack := range packs {
		if err := ctx.Err(); err != nil {
			return err
		}
		v := verdict{Pack: pack, OK: true, Detail: "whole"}
		if err := dataset.Verify(pack); err != nil {
			v.OK, v.Detail = false, sentence(err.Error())
			damaged++
		}
		verdicts = append(verdicts, v)
	}

	// Printed before the error, which only counts.
	if err := a.printVerdicts(verdicts, asJSON); err != nil {
		return err
	}

	if damaged > 0 {
		return fmt.Errorf("%d of %d packs are damaged: import or get them again", damaged, len(packs))
	}
	return nil
}

func (a *app) printVerdicts(verdicts []verdict, asJSON bool) error {
	if asJSON {
		return a.printJSON(verdicts)
	}
	t := table{left: 2}
	for _, v := range verdicts {
		mark := "ok"
		if !v.OK {
			mark = "damaged"
		}
		t.add(mark, v.Pack)

		// The reason has its own line, because paths are long.
		if !v.OK {
			t.add("", v.Detail)
		}
	}
	return t.print(a.stdout)
}

// packsOf returns the packs that names and paths mean, or all packs of the cache when there are none.
func packsOf(names []string) (packs []string, err error) {
	listings, err := dataset.List(dataset.LocateOptions{})
	if err != nil {
		return nil, err
	}

	// Only packs have checksums to compare.
	if len(names) == 0 {
		return packsNamed(listings, func(dataset.Listing) bool { return true }), nil
	}
	for _, name := range names {
		// A name in the cache wins over a file of that name; it may have packs of several sizes.
		found := packsNamed(listings, func(l dataset.Listing) bool {
			return l.Name == name
		})
		if info, err := os.Stat(name); found == nil && err == nil && !info.IsDir() {
			found = []string{name}
		}
		if found == nil {
			return nil, unknownPack(name, listings)
		}
		packs = append(packs, found...)
	}
	return packs, nil
}

func packsNamed(listings []dataset.Listing, wanted func(dataset.Listing) bool) (packs []string) {
	for _, l := range listings {
		if isPack(l) && wanted(l) {
			packs = append(packs, l.Path)
		}
	}
	return packs
}

// unknownPack is the error for a name that no pack has: it says how to pack a set that is there and is not packed yet.
func unknownPack(name string, listings []dataset.Listing) error {
	var known []string
	for _, l := range listings {
		switch {
		case isPack(l):
			known = append(known, l.Name)
		case l.Name == name && l.State == dataset.StateSource:
			return usage.Errorf("%s is not packed yet: `sslx data import %s` packs it", name, words.Quote(name))
		case l.Name == name && l.State == dataset.StateDownload:
			return usage.Errorf("%s is not packed yet: `sslx data get %s` downloads it", name, name)
		}
	}

	if near := usage.Nearest(name, known); near != "" {
		return usage.Errorf("there is no packed data set %q: did you mean %q?", name, near)
	}
	return usage.Errorf("there is no packed data set %q: `sslx data list` shows those that there are", name)
}

// isPack reports whether a listing is of a pack, and not of a set that can be packed.
func isPack(l dataset.Listing) bool {
	return l.State == dataset.StatePacked || l.State == dataset.StateDamaged
}

// maxSheet bounds the number of images on a sheet.
const maxSheet = 256

type viewsFlags struct {
	config, preset, data, out string
	count                     int
	seed                      uint64
	seeded                    bool // --seed was given
}

func dataViewsCommand(a *app) *cobra.Command {
	var f viewsFlags
	cmd := &cobra.Command{
		Use:   "views --out SHEET.png",
		Short: "Draw the views that training makes, with their parameters",
		Long: `Draw images of a data set and the views that training makes of them in its first epoch, with the
operations that were applied and their parameters next to each view. All are drawn at the size of the images.

--config takes views, data, size and seed from a configuration: a file or the name of a recipe.

Presets: ` + strings.Join(words.Wrap(strings.Join(augment.Presets(), ", "), 100), "\n") + `.`,
		Example: `  sslx data views --out views.png
  sslx data views --config photos.yaml --out views.png
  sslx data views --preset multi-crop --data cifar10 --count 4 --seed 1 --out views.png`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.seeded = cmd.Flags().Changed("seed")
			return a.dataViews(cmd.Context(), f)
		},
	}

	cmd.Flags().StringVar(&f.config, "config", "",
		"configuration to draw the views of: a YAML `file`, or the name of a recipe")
	cmd.Flags().StringVar(&f.preset, "preset", "",
		"name of the views; those that training makes by default when left out")
	cmd.Flags().StringVar(&f.data, "data", "", "name or path of the data: see \"sslx data list\"; "+
		"the configuration's, or "+dataset.FactorsName+", when left out")
	cmd.Flags().IntVar(&f.count, "count", 8, "number of images")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "seed of the views; the configuration's when left out")
	cmd.Flags().StringVar(&f.out, "out", "", "PNG `file` to write")
	completeFunc(cmd, "config", completeRecipe)
	completeFunc(cmd, "preset", cobra.FixedCompletions(augment.Presets(), cobra.ShellCompDirectiveNoFileComp))
	completeFunc(cmd, "data", completeDataName)
	return cmd
}

// training returns the configuration whose views are drawn.
func (f viewsFlags) training() (c sslx.Config, err error) {
	switch {
	case f.config != "" && f.preset != "":
		return c, usage.Errorf("--config has views and --preset names others: leave one of them out")
	case f.config != "":
		c, err = sslx.ReadConfig(f.config, nil)
	default:
		c.Data, c.Views = dataset.FactorsName, sslx.Default().Views
		if f.preset != "" {
			c.Views, err = augment.Preset(f.preset)
		}
	}

	// Other data keep their own size: the configuration's is of its own data.
	if f.data != "" {
		c.Data, c.Size = f.data, 0
	}
	if f.seeded {
		c.Seed = f.seed
	}
	return c, err
}

func (a *app) dataViews(ctx context.Context, f viewsFlags) error {
	// Arguments are checked before data are read and a backend is opened.
	c, err := f.training()
	switch {
	case err != nil:
		return err
	case f.out == "":
		return usage.Errorf("data views needs --out SHEET.png, the file to write")
	case f.count < 1 || f.count > maxSheet:
		return usage.Errorf("--count is %d: it must be from 1 to %d", f.count, maxSheet)
	}

	var sheet []byte
	err = a.work(func(opt sslx.Options) (err error) {
		sheet, err = viewSheet(ctx, c, f, opt)
		return err
	})
	if err != nil {
		return err
	}

	// Written whole or not at all: an earlier sheet survives a full disk.
	if err := atomicfile.Write(f.out, func(w io.Writer) error { _, err := w.Write(sheet); return err }); err != nil {
		return fmt.Errorf("cannot write the sheet: %w", err)
	}

	_, err = fmt.Fprintln(a.stdout, f.out)
	return err
}

// viewSheet draws training images from all over the set, and their views.
func viewSheet(ctx context.Context, c sslx.Config, f viewsFlags, opt sslx.Options) (sheet []byte, err error) {
	set, err := open.Data(ctx, c.Data, c.Size, "", opt)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()

	// Training makes views of this split only.
	split, err := set.Split("train")
	if err != nil {
		return nil, err
	}
	h, err := backend.Open(ctx, backend.Options{Warn: opt.Warn})
	if err != nil {
		return nil, err
	}
	defer h.Close()

	some := split.Spread(f.count)
	images := split.Pick(some)
	shown, err := c.Views.ShowWords(h.Backend, split.Images, some, c.Seed)
	if err != nil {
		return nil, err
	}

	// One line an image: the original, then each view with what was done to it.
	titles, lines := []string{"original"}, make([][]plots.Captioned, images.N)
	originals := images.RGB()
	for i := range lines {
		lines[i] = []plots.Captioned{{Pixels: originals.At(i)}}
	}
	for _, view := range shown {
		pixels := view.RGB()
		for i := range lines {
			lines[i] = append(lines[i], plots.Captioned{Pixels: pixels.At(i), Caption: view.Words[i]})
		}
	}

	for i := range shown {
		titles = append(titles, fmt.Sprintf("view %d", i+1))
	}
	return plots.CaptionSheet(images.Height, images.Width, titles, lines)
}
