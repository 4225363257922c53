package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"image"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/faults"
	"github.com/sslx-go/lab/sslx/dataset/internal/jpeg"
	"github.com/sslx-go/lab/sslx/dataset/internal/pixels"
)

// enough bounds the memory that an import of a few hundred kilobytes may take: buffers, images of at most 2^14 pixels
// and what the decoders need.
const enough = 64 << 20

// tryImport imports a source with small limits. A set that comes out is whole and the same again; otherwise nothing is
// left.
func tryImport(t *testing.T, source string) *Set {
	t.Helper()
	opt := ImportOptions{Cache: t.TempDir(), Name: "x", SkipBad: true, MaxPixels: 1 << 14, MaxFile: 1 << 16,
		MaxUnpacked: 1 << 20}
	var pack string
	var err error
	faults.Bounded(t, enough, func() { pack, _, err = Import(context.Background(), source, opt) })
	if err != nil {
		faults.Sentence(t, err)
		if left := leftBehind(t, opt.Cache); left != nil {
			t.Errorf("left behind: %v", left)
		}
		return nil
	}
	if err := Verify(pack); err != nil {
		t.Fatal(err)
	}
	set := opened(t, pack)
	opt.Cache = t.TempDir()
	again, _, err := Import(context.Background(), source, opt)
	if err != nil {
		t.Fatalf("imported again: %v", err)
	}
	if opened(t, again).Fingerprint() != set.Fingerprint() {
		t.Error("imported again, it is another set")
	}
	return set
}

// FuzzArchive imports any bytes as each kind of archive; those of a tar are gzipped too.
func FuzzArchive(f *testing.F) {
	few := files{"a/1.png": gray(f, 10), "b/1.png": gray(f, 20), "a/x.txt": "x", "c/": ""}
	tar := few.tar(f, few.names())
	binaries := files{"train.bin": "x", "test.bin": "", "fine_label_names.txt": "a b"}
	for kind, content := range []string{tar, gzipped(f, tar), few.zip(f)} {
		f.Add(uint8(kind), []byte(content))
		f.Add(uint8(kind), []byte(content[:len(content)*2/3]))
		f.Add(uint8(kind), []byte{})
	}
	f.Add(uint8(3), []byte(tar[:len(tar)-1024]))
	f.Add(uint8(0), []byte(sparse(f)))
	f.Add(uint8(0), []byte(binaries.tar(f, binaries.names())))
	f.Add(uint8(2), []byte(files{"../x.png": "", `a\1.png`: ""}.zip(f)))
	f.Fuzz(func(t *testing.T, kind uint8, content []byte) {
		suffix := []string{".tar", ".tgz", ".zip", ".tar.gz"}[kind%4]
		if suffix == ".tar.gz" {
			content = []byte(gzipped(t, string(content)))
		}
		tryImport(t, archived(t, "x"+suffix, string(content)))
	})
}

// sparse is a tar archive of a few blocks that states a CIFAR file of a terabyte: a sparse member of the PAX format 1.0
// (https://www.gnu.org/software/tar/manual/html_section/Sparse-Formats.html).
func sparse(t testing.TB) string {
	records := "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n31 GNU.sparse.name=a/train.bin\n" +
		"36 GNU.sparse.realsize=999999998182\n"
	zeros := func(n int) string { return strings.Repeat("\x00", n) }
	members := files{"head": records, "map": "0\n" + zeros(510), "test.bin": zeros(3074)}
	text := members.tar(t, []string{"head", "map", "test.bin"})
	blocks := []byte(text)
	blocks[156] = 'x' // the type of the first member, whose checksum grows as much
	return string(summedTar(blocks))
}

// summedTar sets the checksum of the first header.
func summedTar(b []byte) []byte {
	copy(b[148:156], "        ")
	sum := 0
	for _, v := range b[:512] {
		sum += int(v)
	}
	digits := []byte("000000\x00 ")
	for i := 5; i >= 0; i-- {
		digits[i] = byte('0' + sum%8)
		sum /= 8
	}
	copy(b[148:156], digits)
	return b
}

// FuzzIDX imports any bytes as images and labels of idx files. The gray values and labels of a set are those bytes.
func FuzzIDX(f *testing.F) {
	word := func(words ...uint32) (b []byte) {
		for _, w := range words {
			b = binary.BigEndian.AppendUint32(b, w)
		}
		return b
	}
	images, labels := append(word(idxImages, 2, 1, 3), 1, 2, 3, 4, 5, 255), append(word(idxLabels, 2), 0, 9)
	f.Add(images, labels, false)
	f.Add(images, labels, true)
	f.Add(images[:20], labels, false)
	f.Add(word(idxImages, 1<<31, 1<<12, 1<<12), word(idxLabels, 1<<31), false)
	f.Add(append(word(idxImages, 2, 0, 3), 1), labels, false)
	f.Add(word(idxLabels), word(idxImages), true)
	f.Fuzz(func(t *testing.T, images, labels []byte, zipped bool) {
		set := files{}
		for _, names := range idxSplits {
			for name, content := range map[string][]byte{names.images: images, names.labels: labels} {
				if zipped {
					set[name+".gz"] = gzipped(t, string(content))
				} else {
					set[name] = string(content)
				}
			}
		}
		if got := tryImport(t, set.folder(t, "x")); got != nil {
			sp, read := split(t, got, "test")
			for i, v := range images[16:] {
				if !bytes.Equal(sp.Pixels[3*i:3*i+3], []byte{v, v, v}) {
					t.Fatalf("pixel %d is %v and was %d", i, sp.Pixels[3*i:3*i+3], v)
				}
			}
			for i, v := range labels[8:] {
				if read[i] != int32(v) {
					t.Fatalf("label %d is %d and was %d", i, read[i], v)
				}
			}
		}
	})
}

// FuzzCIFAR imports records with any labels and any bytes added or cut off. Labels and pixels of a set are those bytes.
func FuzzCIFAR(f *testing.F) {
	f.Add([]byte{3, 9}, uint8(1), int16(0), []byte(nil), false)
	f.Add([]byte{3, 19, 99, 0}, uint8(1), int16(0), []byte(nil), true)
	f.Add([]byte{10}, uint8(1), int16(0), []byte("a b"), false)
	f.Add([]byte{1}, uint8(0), int16(-1), []byte("0 1 2 3 4 5 6 7 8 9\n"), false)
	f.Add([]byte{}, uint8(0), int16(5), []byte("\xff"), true)
	f.Fuzz(func(t *testing.T, labels []byte, seed uint8, extra int16, names []byte, hundred bool) {
		layout, test := cifar10, "test_batch.bin"
		if hundred {
			layout, test = cifar100, "test.bin"
		}
		width := len(layout.at)
		labels = labels[:min(len(labels), 8)/width*width]
		content := []byte{}
		for i := 0; i < len(labels); i += width {
			content = append(content, labels[i:i+width]...)
			for j := range 3 * cifarSide * cifarSide {
				content = append(content, byte(j)*seed+byte(i))
			}
		}
		whole := extra == 0
		if n := len(content) + int(extra); n >= 0 && n <= len(content) {
			content = content[:n]
		} else {
			content = append(content, make([]byte, max(0, int(extra)))...)
		}
		set := files{test: string(content)}
		for _, name := range layout.train {
			set[name] = string(content)
		}
		if len(names) > 0 {
			set[layout.names[0]] = string(names)
		}
		got := tryImport(t, set.folder(t, "x"))
		if got == nil || !whole {
			return
		}
		sp, read := split(t, got, "test")
		for i := range sp.N {
			if at := i*width + layout.at[0]; read[i] != int32(labels[at]) {
				t.Fatalf("label %d is %d and was %d", i, read[i], labels[at])
			}
			planes := content[i*(width+3*cifarSide*cifarSide)+width:]
			for j := range cifarSide * cifarSide {
				for c := range 3 {
					if p := sp.Pixels[(i*cifarSide*cifarSide+j)*3+c]; p != planes[c*cifarSide*cifarSide+j] {
						t.Fatalf("pixel %d of image %d is %d and was %d", j, i, p, planes[c*cifarSide*cifarSide+j])
					}
				}
			}
		}
	})
}

// FuzzPack opens any bytes as a pack: as they are, or as a header and data with the checksums that they need. What can
// be opened can be read in full, and is the same when it was written and opened again.
func FuzzPack(f *testing.F) {
	few := files{"train/a/1.png": gray(f, 10), "train/b/1.png": gray(f, 20), "test/a/1.png": gray(f, 30)}
	_, report := imported(f, few.folder(f, "x"), ImportOptions{})
	whole, err := os.ReadFile(report.Pack)
	if err != nil {
		f.Fatal(err)
	}
	end := prefixSize + int(binary.LittleEndian.Uint32(whole[12:]))
	text, data := whole[prefixSize:end], whole[roundUp(int64(end)):]
	f.Add(text, data, true)
	f.Add(whole, []byte(nil), false)
	f.Add(whole[:end], []byte(nil), false)
	f.Add([]byte("SSLXPACK\x01\x00\x00\x00\xff\xff\xff\x03"), []byte(nil), false)
	for _, change := range [][2]string{
		{`"n":2`, `"n":4611686018427387906`}, {`"n":2`, `"n":-2`}, {`"height":4`, `"height":4294967296`},
		{`"height":4`, `"height":0`},
		{`"offset":4096`, `"offset":-4096`}, {`"length":8`, `"length":9223372036854775807`}, {`["a","b"]`, `["a"]`},
		{`"tasks":[{`, `"tasks":[{},{`},
		{`"mean":[`, `"mean":[null,1e300,`}, {`"name":"x"`, `"name":"../x\n"`},
	} {
		f.Add(bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1), data, true)
	}
	f.Fuzz(func(t *testing.T, text, data []byte, forge bool) {
		content := text
		if forge {
			content = forgedPack(text, data)
		}
		path := archived(t, "x.sslx", string(content))
		faults.Bounded(t, 1<<20+100*uint64(len(content)), func() { readPack(t, path) })
	})
}

// forgedPack returns a pack with the given header, in which checksums of what lies within data are set right.
func forgedPack(text, data []byte) []byte {
	var h header
	if json.Unmarshal(text, &h) == nil {
		for i := range h.Splits {
			sp := &h.Splits[i]
			for _, sec := range append([]*section{&sp.Pixels}, pointers(sp.Labels)...) {
				n := int64(len(data))
				if sec.Offset >= 0 && sec.Length >= 0 && sec.Length <= n && sec.Offset <= n-sec.Length {
					sum := sha256.Sum256(data[sec.Offset:][:sec.Length])
					sec.SHA256 = hex.EncodeToString(sum[:])
				}
			}
		}
		if !slices.ContainsFunc(h.Splits, func(sp headerSplit) bool { return len(sp.Labels) > len(h.Tasks) }) {
			h.Fingerprint = h.fingerprint()
		}
		text, _ = json.Marshal(h)
	}
	sum := sha256.Sum256(text)
	pack := binary.LittleEndian.AppendUint32([]byte(packMagic), packVersion)
	pack = append(binary.LittleEndian.AppendUint32(pack, uint32(len(text))), sum[:]...)
	pack = append(pack, text...)
	pack = append(pack, make([]byte, roundUp(int64(len(pack)))-int64(len(pack)))...)
	return append(pack, data...)
}

func pointers(list []section) (p []*section) {
	for i := range list {
		p = append(p, &list[i])
	}
	return p
}

func readPack(t *testing.T, path string) {
	set, err := Open(path)
	if err != nil {
		faults.Sentence(t, err)
		return
	}
	defer func() { _ = set.Close() }()
	for _, name := range set.Splits() {
		sp, err := set.Split(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range set.Tasks() {
			if labels, err := sp.Labels(task.Name); err != nil || len(labels) != sp.N {
				t.Errorf("split %s has %d images and %d labels (%v)", name, sp.N, len(labels), err)
			}
		}
		image := make([]byte, set.Height()*set.Width()*3)
		for _, i := range []int{0, sp.N - 1} {
			if err := sp.Read(image, i); err != nil {
				t.Error(err)
			}
		}
	}
	if err := Verify(path); err != nil {
		faults.Sentence(t, err)
		return
	}
	var parts []part
	for _, sec := range set.header.sections() {
		parts = append(parts, part{sec.section, io.Reader(bytes.NewReader(set.section(sec.section)))})
	}
	var again bytes.Buffer
	if err := writePack(&again, &set.header, parts); err != nil {
		t.Fatalf("what was read cannot be written: %v", err)
	}
	copied := filepath.Join(t.TempDir(), "again.sslx")
	write(t, copied, again.String())
	other, err := Open(copied)
	if err != nil {
		t.Fatalf("what was written cannot be read: %v", err)
	}
	defer func() { _ = other.Close() }()
	if a, b := other.header, set.header; a.Fingerprint != b.Fingerprint || !reflect.DeepEqual(a.Tasks, b.Tasks) ||
		!reflect.DeepEqual(a.counts(), b.counts()) {
		t.Error("written again, it is another set")
	}
	if !bytes.Equal(other.data, set.data) {
		t.Error("written again, it has other data")
	}
}

// FuzzDecode decodes any bytes as an image of at most 2^14 pixels. What is measured is what comes out, and the memory
// stays below what was measured. FuzzHEIF of package pixels does HEIC and AVIF, whose decoders take tens of megabytes
// and a second to start.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(gray(f, 10)))
	f.Add([]byte(jpegOf(f, photograph(1).SubImage(image.Rect(0, 0, 20, 30)))))
	f.Add([]byte(jpegOfScans(3)))
	f.Add([]byte(jpegOfScans(jpeg.MaxScans + 1)))
	f.Add([]byte(bomb()))
	f.Add([]byte(blank(f, 8)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var opt pixels.Options
		size, cost, err := measureImage(data, opt, 1<<14)
		if err != nil || bytes.Contains(data[:min(16, len(data))], []byte("ftyp")) {
			return
		}

		var img *image.RGBA
		faults.Bounded(t, 4<<20+uint64(len(data))+2*uint64(cost), func() {
			img, _, err = pixels.Decode(t.Context(), data, opt)
		})
		if err != nil {
			return
		}
		if got := img.Bounds().Size(); got != size {
			t.Errorf("it was measured as %v and is %v", size, got)
		}
		if !img.Opaque() {
			t.Error("it is not opaque")
		}
	})
}
