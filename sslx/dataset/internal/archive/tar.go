package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"cmp"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/therootcompany/xz"

	"github.com/sslx-go/lab/internal/bounded"
)

// tarTree is a tar archive, compressed or not. It is read in one pass a walk.
type tarTree struct {
	file        string // its ending says how it is compressed
	maxUnpacked int64
	suffix      string // where the file's name is not its path
}

func (t tarTree) Stamp(context.Context) (string, error) { return fileStamp(t.file) }

func (t tarTree) Walk(ctx context.Context, visit func(Entry) error) error {
	file, err := os.Open(t.file)
	if err != nil {
		return fmt.Errorf("archive cannot be opened: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := t.checkEnd(file, info.Size()); err != nil {
		return err
	}
	return t.walk(ctx, file, visit)
}

// WalkTar visits the members of a tar file that lies in a tree, as walking it as a source would. Name is for messages;
// the ending of the entry's path says how it is compressed. Members that are not opened are not read where the file can
// be positioned.
func WalkTar(ctx context.Context, name string, e Entry, maxUnpacked int64, visit func(Entry) error) error {
	if maxUnpacked == 0 {
		maxUnpacked = MaxUnpacked(e.Size)
	}
	opened, err := e.Open()
	if err != nil {
		return err
	}
	defer func() { _ = opened.Close() }()

	t := tarTree{name, maxUnpacked, Suffix(e.Path)}
	if at, ok := opened.(io.ReaderAt); ok {
		if err := t.checkEnd(at, e.Size); err != nil {
			return err
		}
	}
	return t.walk(ctx, opened, visit)
}

func (t tarTree) walk(ctx context.Context, file io.Reader, visit func(Entry) error) error {
	stream, err := t.unpack(ctx, file)
	if err != nil {
		return err
	}

	// A walk is one pass: members are read while they go by.
	archive := tar.NewReader(stream)
	left := t.maxUnpacked // a sparse member has more bytes than the stream
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		head, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return t.failure(err)
		}
		if head.Size > left {
			return t.failure(bounded.ErrUnpacked)
		}
		left -= head.Size
		if err := t.visit(head, archive, visit); err != nil {
			return err
		}
	}

	// The end of a compressed stream holds its checksum.
	if _, err := io.Copy(io.Discard, stream); err != nil {
		return t.failure(err)
	}
	return nil
}

func (t tarTree) visit(head *tar.Header, archive io.Reader, visit func(Entry) error) error {
	if head.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}

	// Nothing is unpacked, but such names and links are signs of an attack, or of data that are incomplete.
	if err := checkMember(t.file, head.Name); err != nil {
		return err
	}
	if head.Typeflag != tar.TypeReg && head.Typeflag != tar.TypeDir {
		return refuseLink(t.file, head.Name)
	}
	name := path.Clean(head.Name)
	if name == "." {
		return nil
	}
	open := func() (io.ReadCloser, error) { return memberReader{io.NopCloser(archive), t.failure}, nil }
	return visit(Entry{name, head.Typeflag == tar.TypeDir, head.Size, open})
}

// compressed reports whether the archive is.
func (t tarTree) compressed() bool { return cmp.Or(t.suffix, Suffix(t.file)) != ".tar" }

// unpack returns the bytes of the tar archive, which fail once ctx is done.
func (t tarTree) unpack(ctx context.Context, file io.Reader) (io.Reader, error) {
	packed := bufio.NewReaderSize(bounded.ContextReader{Ctx: ctx, R: file}, 1<<18)
	var unpacked io.Reader
	var err error
	switch cmp.Or(t.suffix, Suffix(t.file)) {
	case ".tar":
		// A tar reader steps over what is not read.
		if seeker, ok := file.(io.Seeker); ok {
			return struct {
				io.Reader
				io.Seeker
			}{bounded.ContextReader{Ctx: ctx, R: file}, seeker}, nil
		}
		return packed, nil
	case ".tar.gz", ".tgz":
		unpacked, err = gzip.NewReader(packed)
	case ".tar.xz", ".txz":
		// What a file says that it takes to be unpacked is memory.
		unpacked, err = xz.NewReader(packed, maxDictionary)
	default:
		unpacked = bzip2.NewReader(packed)
	}
	if err != nil {
		return nil, t.failure(err)
	}
	return &bounded.LimitedReader{R: unpacked, Left: t.maxUnpacked + 1}, nil
}

// maxDictionary bounds the memory of an xz stream: 64 MiB is what its strongest preset, 9, takes.
const maxDictionary = 64 << 20

func (t tarTree) failure(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, bounded.ErrUnpacked) {
		return fmt.Errorf("archive %s is refused: %w (%d)", t.file, err, t.maxUnpacked)
	}
	return damagedArchive(t.file, err)
}

// checkEnd looks for the two zero blocks that end a tar archive; a cut between two members shows in nothing else. The
// end of a compressed one is in its stream.
func (t tarTree) checkEnd(file io.ReaderAt, size int64) error {
	if t.compressed() {
		return nil
	}
	const blocks = 2 * 512
	end := make([]byte, blocks)
	if _, err := file.ReadAt(end, size-blocks); err != nil || !bytes.Equal(end, make([]byte, blocks)) {
		return damagedArchive(t.file, errors.New("its end mark is missing"))
	}
	return nil
}
