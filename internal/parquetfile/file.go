// Package parquetfile reads columns of parquet files of unknown origin. The library for such files trusts them: it
// takes the memory that lengths of lists, heads of pages and runs ask for, and unpacks a page whatever comes out. So
// the footer and each page are checked here before the library sees them.
package parquetfile

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/sslx-go/lab/internal/bounded"
)

// File is an open file.
type File struct {
	*parquet.File
	// Left is the number of bytes that the pages to come may unpack to.
	Left int64
}

// Open opens a file of a size whose pages may unpack to so many bytes in all. The library panics on some damaged files,
// here and when values are read.
func Open(ctx context.Context, r io.ReaderAt, size, unpacked int64) (*File, error) {
	r = bounded.ContextReaderAt{Ctx: ctx, R: r}
	if err := checkFooter(r, size); err != nil {
		return nil, err
	}
	// Page indexes and bloom filters serve look-ups, which nobody makes here, and nothing has checked them.
	opened, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	if err := checkChunks(opened, size); err != nil {
		return nil, err
	}
	return &File{opened, unpacked}, nil
}

// checkChunks compares what the footer says of columns with the length of the file.
func checkChunks(f *parquet.File, length int64) error {
	rows, packed := int64(0), int64(0)
	for _, group := range f.Metadata().RowGroups {
		// Subtracted, because a sum of what the footer says may overflow.
		if group.NumRows < 0 || group.NumRows > f.NumRows()-rows {
			return fmt.Errorf("a row group has %d rows", group.NumRows)
		}
		rows += group.NumRows
		for _, column := range group.Columns {
			m := column.MetaData
			if m.DataPageOffset < 0 || m.TotalCompressedSize < 0 || m.DataPageOffset > length ||
				m.TotalCompressedSize > length || m.NumValues < 0 {
				return errors.New("a column lies outside of the file")
			}
			// Pages that many row groups share would be read again for each.
			if packed += m.TotalCompressedSize; packed > length {
				return errors.New("its columns overlap")
			}
		}
	}
	if rows != f.NumRows() {
		return fmt.Errorf("its row groups have %d rows, and its footer declares %d", rows, f.NumRows())
	}
	return nil
}

// Values hands over the values of a column of perRow values a row, with their numbers, once all its pages are checked.
// None of them may have more than limit bytes. A value is valid during the call of take.
func (f *File) Values(ctx context.Context, leaf *parquet.Column, perRow int, limit int64,
	take func(i int, v parquet.Value) error) error {
	if err := f.checkPages(ctx, leaf, perRow, limit); err != nil {
		return err
	}

	i := 0
	buffer := make([]parquet.Value, 64)
	for _, group := range f.RowGroups() {
		pages := group.ColumnChunks()[leaf.Index()].Pages()
		for {
			page, err := readPage(ctx, pages)
			if err == io.EOF {
				break
			}
			if err != nil {
				return err // and the pages may still be in use
			}
			err = pageValues(ctx, page, buffer, &i, take)
			parquet.Release(page)
			if err != nil {
				_ = pages.Close()
				return err
			}
		}
		_ = pages.Close()
	}
	if int64(i) != f.NumRows()*int64(perRow) {
		return fmt.Errorf("it has %d values for %d rows", i, f.NumRows())
	}
	return nil
}

// readPage reads the next page. Unpacking one takes seconds on a busy machine, and ends with no context.
func readPage(ctx context.Context, pages parquet.Pages) (parquet.Page, error) {
	return bounded.Abandon(ctx, func() (page parquet.Page, err error) {
		defer func() {
			if problem := recover(); problem != nil {
				err = fmt.Errorf("a page is damaged: %v", problem)
			}
		}()
		return pages.ReadPage()
	})
}

func pageValues(ctx context.Context, page parquet.Page, buffer []parquet.Value, i *int,
	take func(int, parquet.Value) error) error {
	values := page.Values()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := values.ReadValues(buffer)
		for _, v := range buffer[:n] {
			if err := take(*i, v); err != nil {
				return err
			}
			*i++
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrNoProgress
		}
	}
}
