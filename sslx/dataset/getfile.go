package dataset

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/sslx-go/lab/internal/atomicfile"
)

// remoteFile is a file with the MD5 that was published for it. MD5 finds damage; it is not proof against a forger.
type remoteFile struct{ url, md5 string }

type downloadProgress = func(file string, done, total int64)

// maxDownload bounds one file.
const maxDownload = 4 << 30

// fetch brings the file into folder unless it is there with the right sum.
func (f remoteFile) fetch(ctx context.Context, folder, name string, files int, progress downloadProgress) error {
	file := path.Base(f.url)
	to := filepath.Join(folder, file)
	if sum, err := sumOf(to, md5.New()); err == nil && sum == f.md5 {
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

// sumOf returns the sum of a file in hexadecimal digits.
func sumOf(name string, sum hash.Hash) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
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
