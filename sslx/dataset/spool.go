package dataset

import (
	"io"
	"os"
)

// spool holds decoded images in a file that has no name, so that nothing is left of it however the process ends.
// Images may come in any order.
type spool struct {
	file   *os.File
	stride int64 // bytes an image
}

// newSpool makes a spool on the disk of the folder dir.
func newSpool(dir string) (*spool, error) {
	file, err := os.CreateTemp(dir, ".spool-*")
	if err != nil {
		return nil, err
	}
	// Where an open file cannot be removed, close does it.
	_ = os.Remove(file.Name())
	return &spool{file: file}, nil
}

func (s *spool) put(position int, rgb []byte) error {
	_, err := s.file.WriteAt(rgb, int64(position)*int64(len(rgb)))
	return err
}

// reader returns the images of a span, but those that skip names, in order.
func (s *spool) reader(at span, skip map[int]string) io.Reader {
	var runs []io.Reader
	from := at.first
	for i := at.first; i <= at.end; i++ {
		if _, skipped := skip[i]; !skipped && i < at.end {
			continue
		}
		if i > from {
			runs = append(runs, io.NewSectionReader(s.file, int64(from)*s.stride, int64(i-from)*s.stride))
		}
		from = i + 1
	}
	return io.MultiReader(runs...)
}

func (s *spool) close() {
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}
