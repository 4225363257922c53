package archive

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/sslx-go/lab/internal/bounded"
	"github.com/sslx-go/lab/internal/usage"
)

// zipTree is a zip archive.
type zipTree struct {
	file        string
	maxUnpacked int64
}

func (t zipTree) Stamp(context.Context) (string, error) { return fileStamp(t.file) }

func (t zipTree) Walk(ctx context.Context, visit func(Entry) error) error {
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
		const encrypted = 1 // APPNOTE.TXT, 4.4.4
		if member.Flags&encrypted != 0 {
			return usage.Errorf("archive %s is encrypted: unpack it with its password, and give the folder", t.file)
		}
		mode := member.Mode()
		if !mode.IsDir() && !mode.IsRegular() {
			return refuseLink(t.file, member.Name)
		}

		// Sizes are what the archive states; reading fails where they lie.
		if member.UncompressedSize64 > left {
			return fmt.Errorf("archive %s is refused: %w (%d)", t.file, bounded.ErrUnpacked, t.maxUnpacked)
		}
		left -= member.UncompressedSize64
		if err := visit(t.entry(ctx, member)); err != nil {
			return err
		}
	}
	return nil
}

func (t zipTree) entry(ctx context.Context, member *zip.File) Entry {
	failure := func(err error) error {
		if ctx.Err() != nil {
			return err
		}
		return damagedArchive(t.file, err)
	}
	open := func() (io.ReadCloser, error) {
		r, err := member.Open()
		if err != nil {
			return nil, failure(err)
		}
		return memberReader{contextFile{bounded.ContextReader{Ctx: ctx, R: r}, r}, failure}, nil
	}
	// Some programs of Windows write backslashes, although the format has slashes (APPNOTE.TXT, 4.4.17).
	name := strings.ReplaceAll(member.Name, `\`, "/")
	dir := member.Mode().IsDir() || strings.HasSuffix(name, "/")
	return Entry{path.Clean(name), dir, int64(member.UncompressedSize64), open}
}

// contextFile is a file whose reads fail once a context is done.
type contextFile struct {
	bounded.ContextReader
	io.Closer
}
