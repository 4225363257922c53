// Package bounded keeps work on files of unknown origin within bytes and time.
package bounded

import (
	"context"
	"errors"
	"io"
)

// ErrUnpacked marks data that unpacks to more than is allowed.
var ErrUnpacked = errors.New("it unpacks to more bytes than allowed")

// LimitedReader reads at most Left bytes from R and fails with [ErrUnpacked], rather than ends, after them.
type LimitedReader struct {
	R    io.Reader
	Left int64
}

func (l *LimitedReader) Read(p []byte) (int, error) {
	if l.Left <= 0 {
		return 0, ErrUnpacked
	}
	n, err := l.R.Read(p[:min(int64(len(p)), l.Left)])
	l.Left -= int64(n)
	return n, err
}

// ContextReader reads from R and fails once Ctx is done.
type ContextReader struct {
	Ctx context.Context
	R   io.Reader
}

func (c ContextReader) Read(p []byte) (int, error) {
	if err := c.Ctx.Err(); err != nil {
		return 0, err
	}
	return c.R.Read(p)
}

// ContextReaderAt reads from R and fails once Ctx is done.
type ContextReaderAt struct {
	Ctx context.Context
	R   io.ReaderAt
}

func (c ContextReaderAt) ReadAt(p []byte, offset int64) (int, error) {
	if err := c.Ctx.Err(); err != nil {
		return 0, err
	}
	return c.R.ReadAt(p, offset)
}
