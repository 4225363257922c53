package dataset

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
)

// download is a set on its authors' server.
type download struct{ files []remoteFile }

// remoteFile is a file with the MD5 that was published for it. MD5 finds damage; it is not proof against a forger.
type remoteFile struct{ url, md5 string }

type downloadProgress = func(file string, done, total int64)

// maxDownload bounds one file.
const maxDownload = 4 << 30

const fashionMNIST = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"

// downloads are the sets that Get knows. Addresses and sums: https://www.cs.toronto.edu/~kriz/cifar.html,
// https://github.com/zalandoresearch/fashion-mnist, and torchvision's datasets/cifar.py and datasets/mnist.py.
var downloads = map[string]download{
	"cifar10": {[]remoteFile{{"https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
		"c32a1d4ab5d03f1284b67883e8d87530"}}},
	"cifar100": {[]remoteFile{{"https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
		"03b5dce01913d631647c71ecec9e9cb8"}}},
	"fashion-mnist": {[]remoteFile{
		{fashionMNIST + "train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"},
		{fashionMNIST + "train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"},
		{fashionMNIST + "t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"},
		{fashionMNIST + "t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"},
	}},
}

func downloadNames() []string { return slices.Sorted(maps.Keys(downloads)) }

// GetOptions say how a set is fetched.
type GetOptions struct {
	// Cache is the cache folder; "" is CacheDir().
	Cache string
	// Progress, if set, is called with the bytes of the current file, and its length or -1.
	Progress func(file string, done, total int64)
}

// Get fetches cifar10, cifar100 or fashion-mnist from its authors' server, compares the published checksum, packs it
// in its own size and returns the pack's path. A set that is packed already is not fetched again. Files with a wrong
// checksum are not kept; without a network, the error names the file to fetch by hand and how to import it.
func Get(ctx context.Context, name string, opt GetOptions) (pack string, err error) {
	known, ok := downloads[name]
	if !ok {
		return "", usage.Unknown("set to download", name, downloadNames())
	}
	return get(ctx, name, known, opt)
}

func get(ctx context.Context, name string, what download, opt GetOptions) (string, error) {
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
	folder := filepath.Join(filepath.Dir(dir), "downloads", name)
	unlock, err := lockName(ctx, filepath.Dir(folder), name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("folder for downloads cannot be made: %w", err)
	}
	for _, f := range what.files {
		if err := f.fetch(ctx, folder, name, len(what.files), opt.Progress); err != nil {
			_ = os.Remove(folder)
			return "", err
		}
	}
	source := folder
	if len(what.files) == 1 {
		source = filepath.Join(folder, path.Base(what.files[0].url))
	}
	pack, _, err := Import(ctx, source, ImportOptions{Cache: opt.Cache, Name: name})
	if err == nil {
		err = os.RemoveAll(folder)
	}
	return pack, err
}

// fetch brings the file into folder unless it is there with the right sum.
func (f remoteFile) fetch(ctx context.Context, folder, name string, files int, progress downloadProgress) error {
	file := path.Base(f.url)
	to := filepath.Join(folder, file)
	if sum, err := sumOf(to); err == nil && sum == f.md5 {
		return nil
	}
	byHand := fmt.Sprintf("fetch it by hand and run `sslx data import %s --name %s`", file, name)
	if files > 1 {
		byHand = fmt.Sprintf("fetch the %d files %s and beside it by hand into one folder and run "+
			"`sslx data import FOLDER --name %s`", files, f.url, name)
	}
	response, err := f.request(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s cannot be downloaded (%w): %s", f.url, err, byHand)
	}
	defer func() { _ = response.Body.Close() }()
	return atomicfile.Write(to, func(w io.Writer) error {
		sum := md5.New()
		body := &limitedReader{response.Body, maxDownload}
		report := progressWriter{file: file, total: response.ContentLength, report: progress}
		if _, err := io.Copy(io.MultiWriter(w, sum, &report), body); err != nil {
			return fmt.Errorf("download of %s broke off: try again, or %s: %w", f.url, byHand, err)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != f.md5 {
			return fmt.Errorf("%s has MD5 %s and not the published %s, so it was not kept: try again, or %s", f.url,
				got, f.md5, byHand)
		}
		return nil
	})
}

func (f remoteFile) request(ctx context.Context) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 30 * time.Second
	transport.DisableKeepAlives = true
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		return nil, errors.New("the server answers " + response.Status)
	}
	return response, nil
}

func sumOf(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	sum := md5.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// progressWriter counts bytes.
type progressWriter struct {
	file        string
	done, total int64
	report      downloadProgress
}

func (p *progressWriter) Write(b []byte) (int, error) {
	p.done += int64(len(b))
	if p.report != nil {
		p.report(p.file, p.done, p.total)
	}
	return len(b), nil
}
