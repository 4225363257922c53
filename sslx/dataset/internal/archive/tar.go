package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// tarTree is a tar archive, gzipped or not. It is read in one pass a walk.
type tarTree struct {
	file        string
	gzipped     bool
	maxUnpacked int64
}

func (t tarTree) Stamp(context.Context) (string, error) { return fileStamp(t.file) }

func (t tarTree) Walk(ctx context.Context, visit func(Entry) error) error {
	file, err := os.Open(t.file)
	if err != nil {
		return fmt.Errorf("archive cannot be opened: %w", err)
	}
	defer func() { _ = file.Close() }()
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
			return t.failure(ErrUnpacked)
		}
		left -= head.Size
		if err := t.visit(head, archive, visit); err != nil {
			return err
		}
	}

	// The end of the gzip stream holds its checksum.
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

// unpack returns the bytes of the tar archive, which fail once ctx is done.
func (t tarTree) unpack(ctx context.Context, file *os.File) (io.Reader, error) {
	buffered := bufio.NewReaderSize(ContextReader{ctx, file}, 1<<18)
	if !t.gzipped {
		return buffered, checkTarEnd(t.file, file)
	}
	unzipped, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, damagedArchive(t.file, err)
	}
	return &LimitedReader{unzipped, t.maxUnpacked + 1}, nil
}

func (t tarTree) failure(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, ErrUnpacked) {
		return fmt.Errorf("archive %s is refused: %w (%d)", t.file, err, t.maxUnpacked)
	}
	return damagedArchive(t.file, err)
}

// checkTarEnd looks for the two zero blocks that end a tar archive; a cut between two members shows in nothing else.
func checkTarEnd(name string, file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	const blocks = 2 * 512
	end := make([]byte, blocks)
	if _, err := file.ReadAt(end, info.Size()-blocks); err != nil || !bytes.Equal(end, make([]byte, blocks)) {
		return damagedArchive(name, errors.New("its end mark is missing"))
	}
	return nil
}
