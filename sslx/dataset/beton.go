package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/sslx-go/lab/internal/bounded"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset/internal/pixels"
)

// betonFormat reads .beton files of FFCV (https://github.com/libffcv/ffcv, ffcv/types.py): its field of RGB images,
// stored as pixels or as JPEG, and its fields of whole numbers as labels.
type betonFormat struct{}

func (betonFormat) Name() string { return "FFCV .beton" }

func (betonFormat) Matches(name string) bool { return strings.EqualFold(path.Ext(name), ".beton") }

func (betonFormat) Texts() []string { return classLists }

// Layout of a .beton file, little-endian: a head, descriptions of the fields, a table with a row for each sample, data,
// and a table of what was allocated.
const (
	betonVersion   = 2
	betonHead      = 24
	betonFieldSize = 1 + 16 + 1024
	betonImageSize = 1 + 2 + 2 + 8 // mode, width, height, place of the data
	betonAllocated = 3 * 8         // sample, place, size

	betonInt   = 1
	betonImage = 2
	betonRaw   = 1 // mode of an image that is stored as its pixels; 0 is a JPEG
)

// betonFields are the sizes in a row of the table by the type of a field, with their alignment.
var betonFields = map[byte]struct{ size, align int64 }{
	0: {8, 8}, betonInt: {8, 8}, betonImage: {betonImageSize, 1}, 3: {16, 1}, 4: {8, 8}, 5: {16, 1}, 6: {8, 8},
}

// beton is the head of a file.
type beton struct {
	r         io.ReaderAt
	length    int64
	n         int
	row       int64 // bytes of a row
	table     int64 // its place
	allocated int64 // place of the table of what was allocated
	fields    int
	image     int64 // place of the image in a row
	labels    []betonLabel
}

type betonLabel struct {
	name string
	at   int64 // in a row
}

func (f betonFormat) Plan(ctx context.Context, files *Files) (*Plan, error) {
	var shards []*shard
	var names []string // of the tasks
	var found []*classes
	err := f.each(ctx, files, func(file File, b *beton) error {
		var own []string
		for _, label := range b.labels {
			own = append(own, label.name)
		}
		if shards == nil {
			for names = own; len(found) < len(own); {
				found = append(found, newClasses(nil))
			}
		} else if !slices.Equal(names, own) {
			return usage.Errorf("%s and %s in %s have different labels: import one set at a time", shards[0].path,
				file.Path, files.source)
		}

		s := &shard{path: file.Path, n: b.n, labels: make([][]int32, len(own))}
		err := b.rows(ctx, func(_ int, row []byte) error {
			for task, label := range b.labels {
				number := int32(noLabel)
				if v := int64(binary.LittleEndian.Uint64(row[label.at:])); v >= 0 {
					var err error
					if number, err = found[task].add(strconv.FormatInt(v, 10)); err != nil {
						return fmt.Errorf("field %s: %w", label.name, err)
					}
				}
				s.labels[task] = append(s.labels[task], number)
			}
			return nil
		})
		shards = append(shards, s)
		return err
	})
	if err != nil {
		return nil, err
	}

	p := &Plan{Draw: drawBeton, Size: sizeBeton}
	for task, c := range found {
		if len(c.names) == 0 {
			return nil, usage.Errorf("field %s in %s has no label", names[task], files.source)
		}
		of, label := c.finish()
		// The format has numbers only; a list of classes names those of the first label.
		if lines := linesOf(files, len(of)); lines != nil && task == 0 {
			of = lines
		}
		relabel(shards, task, label)
		p.Tasks = append(p.Tasks, Task{names[task], of})
	}
	if err := splitShards(files.source, shards); err != nil {
		return nil, err
	}
	if shards, err = p.planShards(files.source, shards); err != nil {
		return nil, err
	}

	byPath := map[string]*shard{}
	for _, s := range shards {
		byPath[s.path] = s
	}
	p.Items = func(ctx context.Context, emit func(Item) error) error {
		return f.each(ctx, files, func(file File, b *beton) error {
			s := byPath[file.Path]
			// planShards left the shard out: it is empty, or its split has no labels.
			if s == nil {
				return nil
			}
			if b.n != s.n {
				return errors.New("it changed while it was read")
			}
			sizes, err := b.sizes(ctx)
			if err != nil {
				return err
			}
			return b.rows(ctx, func(i int, row []byte) error {
				it := s.item(i, fmt.Sprintf("%s sample %d", file.Path, i), nil)
				if it.Err == nil {
					it.Data, it.Err = b.data(row[b.image:], sizes, files.opt)
				}
				if err := emit(it); err != nil {
					return emitted{err}
				}
				return nil
			})
		})
	}
	return p, nil
}

// each opens the files of a source one after the other.
func (f betonFormat) each(ctx context.Context, files *Files, visit func(File, *beton) error) error {
	return files.Walk(ctx, func(file File) error {
		if !f.Matches(file.Path) {
			return nil
		}
		r, err := file.Open()
		if err != nil {
			return err
		}
		defer func() { _ = r.Close() }()
		at, ok := r.(io.ReaderAt)
		if !ok {
			return usage.Errorf("%s is inside the archive %s and cannot be read there: unpack the archive "+
				"and import the folder", file.Path, files.source)
		}

		b, err := openBeton(at, file.Size)
		if err == nil {
			err = visit(file, b)
		}
		if gone := (emitted{}); errors.As(err, &gone) {
			return gone.error
		}
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s in %s cannot be read: %w", file.Path, files.source, err)
		}
		return err
	})
}

// openBeton reads the head of a file and the descriptions of its fields.
func openBeton(r io.ReaderAt, length int64) (*beton, error) {
	head := make([]byte, betonHead)
	if _, err := r.ReadAt(head, 0); err != nil {
		return nil, errors.New("it is not a .beton file or is cut short")
	}
	if v := binary.LittleEndian.Uint16(head); v != betonVersion {
		return nil, fmt.Errorf("it has version %d of the format, and sslx reads version %d", v, betonVersion)
	}
	b := &beton{r: r, length: length, fields: int(binary.LittleEndian.Uint16(head[2:])), image: -1}
	// The head is version, number of fields, page size, samples, and place of the allocations (ffcv/types.py).
	n, allocated := binary.LittleEndian.Uint64(head[8:]), binary.LittleEndian.Uint64(head[16:])
	b.table = betonHead + int64(b.fields)*betonFieldSize
	if b.table > length || allocated > uint64(length) {
		return nil, errors.New("it is cut short")
	}
	b.allocated = int64(allocated)

	widest := int64(1)
	fields := make([]byte, b.table-betonHead)
	if _, err := r.ReadAt(fields, betonHead); err != nil {
		return nil, err
	}
	for field := range slices.Chunk(fields, betonFieldSize) {
		size, known := betonFields[field[0]]
		name, _, _ := bytes.Cut(field[1:17], []byte{0})
		if !known {
			return nil, fmt.Errorf("its field %.16q has type %d, which FFCV does not define", name, field[0])
		}
		widest = max(widest, size.align)
		b.row = (b.row + size.align - 1) / size.align * size.align // numpy aligns fields
		switch {
		case field[0] == betonImage && b.image < 0:
			b.image = b.row
		case field[0] == betonInt && isLabelName(string(name)):
			b.labels = append(b.labels, betonLabel{string(name), b.row})
		}
		b.row += size.size
	}
	b.row = (b.row + widest - 1) / widest * widest
	if b.image < 0 {
		return nil, usage.Errorf("it has no field of RGB images")
	}
	// n is bounded first, so that the product cannot overflow.
	if n == 0 || n > maxImages || int64(n)*b.row > length-b.table {
		return nil, fmt.Errorf("it declares %d samples and has %d bytes: it is cut short or damaged", n, length)
	}
	b.n = int(n)
	return b, nil
}

func isLabelName(name string) bool {
	lower := strings.ToLower(name)
	return slices.Contains(labelColumns, lower) || strings.HasSuffix(lower, "_label")
}

// rows hands over the rows of the table. They are valid until visit returns.
func (b *beton) rows(ctx context.Context, visit func(i int, row []byte) error) error {
	const some = 1024
	buffer := make([]byte, some*b.row)
	for first := 0; first < b.n; first += some {
		if err := ctx.Err(); err != nil {
			return err
		}
		block := buffer[:int64(min(some, b.n-first))*b.row]
		if _, err := b.r.ReadAt(block, b.table+int64(first)*b.row); err != nil {
			return err
		}
		for i := range int64(len(block)) / b.row {
			if err := visit(first+int(i), block[i*b.row:][:b.row]); err != nil {
				return err
			}
		}
	}
	return nil
}

// sizes reads the size of what lies at each place.
func (b *beton) sizes(ctx context.Context) (map[uint64]uint64, error) {
	// Every field of a sample is allocated once at most.
	sizes := map[uint64]uint64{}
	count := min((b.length-b.allocated)/betonAllocated, int64(b.n)*int64(b.fields))
	r := io.NewSectionReader(b.r, b.allocated, count*betonAllocated)
	buffer := make([]byte, 1024*betonAllocated)
	for {
		n, err := io.ReadFull(bounded.ContextReader{Ctx: ctx, R: r}, buffer)
		for entry := range slices.Chunk(buffer[:n/betonAllocated*betonAllocated], betonAllocated) {
			sizes[binary.LittleEndian.Uint64(entry[8:])] = binary.LittleEndian.Uint64(entry[16:])
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return sizes, nil
		default:
			return nil, err
		}
	}
}

// data returns what drawBeton takes: height and width where the pixels follow, zeros where a JPEG does.
func (b *beton) data(field []byte, sizes map[uint64]uint64, opt ImportOptions) ([]byte, error) {
	mode, width, height := field[0], binary.LittleEndian.Uint16(field[1:]), binary.LittleEndian.Uint16(field[3:])
	at := binary.LittleEndian.Uint64(field[5:])
	size, ok := sizes[at]
	data := make([]byte, 4, 64)
	switch {
	case mode > betonRaw:
		return nil, fmt.Errorf("it is stored in mode %d, and sslx reads 0 (JPEG) and 1 (pixels)", mode)
	case !ok || at > uint64(b.length) || size > uint64(b.length)-at:
		return nil, errors.New("its data lie outside of the file: it is cut short or damaged")
	case size > uint64(opt.MaxFile):
		return nil, fmt.Errorf("it has %d bytes and %d are allowed", size, opt.MaxFile)
	case mode == betonRaw && size != rgb*uint64(width)*uint64(height):
		return nil, fmt.Errorf("it has %[3]d bytes for %[1]dx%[2]d pixels", width, height, size)
	case mode == betonRaw:
		binary.LittleEndian.PutUint16(data, height)
		binary.LittleEndian.PutUint16(data[2:], width)
	}
	data = append(data, make([]byte, size)...)
	_, err := b.r.ReadAt(data[4:], int64(at))
	return data, err
}

func sizeBeton(it Item) (height, width int, err error) {
	height, width = int(binary.LittleEndian.Uint16(it.Data)), int(binary.LittleEndian.Uint16(it.Data[2:]))
	if height == 0 {
		size, err := pixels.Measure(it.Data[4:], pixels.Options{})
		return size.Height, size.Width, err
	}
	return height, width, nil
}

func drawBeton(it Item) (image.Image, error) {
	if height, width := binary.LittleEndian.Uint16(it.Data), binary.LittleEndian.Uint16(it.Data[2:]); height > 0 {
		return fromRGB(it.Data[4:], int(height), int(width))
	}
	img, _, err := pixels.Decode(context.Background(), it.Data[4:], pixels.Options{})
	return img, err
}
