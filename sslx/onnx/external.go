package onnx

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gomlx/onnx-gomlx/onnx"
)

// reader reads the data of tensors that lie in other files of the model's folder, and nowhere else: not through a path
// with "..", and not through a symbolic link.
type reader struct{ folder string }

// newReader checks that the data of all tensors lie in the folder and are as long as they should be.
func newReader(folder string, tensors []tensor) (*reader, error) {
	r := &reader{folder}
	sizes, taken := map[string]int64{}, map[string]int64{} // bytes of a file, and of the tensors in it
	for _, t := range tensors {
		if t.external == nil {
			continue
		}
		location, offset, err := t.where()
		if err != nil {
			return nil, err
		}
		if _, known := sizes[location]; !known {
			if sizes[location], err = r.size(location); err != nil {
				return nil, err
			}
		}

		// Tensors do not overlap: a small file would stand for a large model.
		size := sizes[location]
		if taken[location] += t.bytes; taken[location] > size || offset > size-t.bytes {
			return nil, fmt.Errorf("the data of tensor %.60q go beyond the end of file %.60q, or are those of another",
				t.name, location)
		}
	}
	return r, nil
}

// open opens a regular file in the folder.
func (r *reader) open(location string) (*os.File, os.FileInfo, error) {
	outside := fmt.Errorf("its data are at %.100q, which is no file in its folder", location)
	if !filepath.IsLocal(location) {
		return nil, nil, outside
	}
	root, err := os.OpenRoot(r.folder)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = root.Close() }()

	// A pipe would be waited for.
	if info, err := root.Stat(location); err != nil || !info.Mode().IsRegular() {
		return nil, nil, outside
	}
	file, err := root.Open(location)
	if err != nil {
		return nil, nil, outside
	}
	info, err := file.Stat()
	return file, info, err
}

func (r *reader) size(location string) (int64, error) {
	file, info, err := r.open(location)
	if err != nil {
		return 0, err
	}
	return info.Size(), file.Close()
}

// ReadInto reads the data of a tensor.
func (r *reader) ReadInto(info onnx.ExternalDataInfo, output []byte) error {
	file, _, err := r.open(info.Location)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if n, err := file.ReadAt(output, info.Offset); n < len(output) {
		return fmt.Errorf("file %.60q ends too early: %w", info.Location, errors.Join(err, io.ErrUnexpectedEOF))
	}
	return nil
}

// Close does nothing: files are closed when they are read.
func (r *reader) Close() error { return nil }
