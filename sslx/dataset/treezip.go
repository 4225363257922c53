package dataset

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"path"
)

// zipTree is a zip archive.
type zipTree struct {
	file        string
	maxUnpacked int64
}

func (t zipTree) stamp(context.Context) (string, error) { return fileStamp(t.file) }

func (t zipTree) walk(ctx context.Context, visit func(entry) error) error {
	archive, err := zip.OpenReader(t.file)
	if err != nil {
		return damagedArchive(t.file, err)
	}
	defer func() { _ = archive.Close() }()
	left := uint64(t.maxUnpacked)
	for _, member := range archive.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := checkMember(t.file, member.Name); err != nil {
			return err
		}
		mode := member.Mode()
		if !mode.IsDir() && !mode.IsRegular() {
			return refuseLink(t.file, member.Name)
		}
		if member.UncompressedSize64 > left {
			return fmt.Errorf("archive %s is refused: %w (%d)", t.file, errUnpacked, t.maxUnpacked)
		}
		left -= member.UncompressedSize64
		failure := func(err error) error { return damagedArchive(t.file, err) }
		open := func() (io.ReadCloser, error) {
			r, err := member.Open()
			if err != nil {
				return nil, failure(err)
			}
			return memberReader{r, failure}, nil
		}
		if err := visit(entry{path.Clean(member.Name), mode.IsDir(), int64(member.UncompressedSize64),
			open}); err != nil {
			return err
		}
	}
	return nil
}
