// Package fetch gets the files of known data sets: from a server, or as a Go module. What does not have its published
// checksum is not kept.
package fetch

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
	"github.com/sslx-go/lab/internal/bounded"
)

// File is a file on a server with the MD5 that was published for it. MD5 finds damage; it is no proof against a forger.
type File struct{ URL, MD5 string }

// Progress is called with the bytes of the current file, or of nothing yet while a Go module is fetched, and the length
// or -1.
type Progress = func(file string, done, total int64)

// maxDownload bounds one file.
const maxDownload = 4 << 30

// Fetch brings the file into folder unless it is there with the right sum. ByHand says in errors what to do without a
// network.
func (f File) Fetch(ctx context.Context, folder, byHand string, progress Progress) error {
	file := path.Base(f.URL)
	to := filepath.Join(folder, file)
	if sum, err := sumOf(to, md5.New()); err == nil && sum == f.MD5 {
		return nil
	}

	// A broken network is no reason to hide that the user stopped it.
	response, err := f.request(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%s cannot be downloaded (%w): %s", f.URL, err, byHand)
	}
	defer func() { _ = response.Body.Close() }()

	// The checksum is compared before the file gets its name.
	return atomicfile.Write(to, func(w io.Writer) error {
		sum := md5.New()
		body := &bounded.LimitedReader{R: response.Body, Left: maxDownload}
		report := progressWriter{file: file, total: response.ContentLength, report: progress}
		if _, err := io.Copy(io.MultiWriter(w, sum, &report), body); err != nil {
			return fmt.Errorf("download of %s was interrupted: try again, or %s: %w", f.URL, byHand, err)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != f.MD5 {
			return fmt.Errorf("%s has MD5 %s and not the published %s, so it was not kept: try again, or %s", f.URL,
				got, f.MD5, byHand)
		}
		return nil
	})
}

func (f File) request(ctx context.Context) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return nil, err
	}

	// A server that accepts and says nothing must not hold the program.
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
	report      Progress
}

func (p *progressWriter) Write(b []byte) (int, error) {
	p.done += int64(len(b))
	if p.report != nil {
		p.report(p.file, p.done, p.total)
	}
	return len(b), nil
}
