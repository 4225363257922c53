package dataset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image/color"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// bomb is the head of a PNG that declares 100,000 x 100,000 pixels: signature, IHDR and its checksum
// (https://www.w3.org/TR/png-3/#11IHDR).
func bomb() string {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), 100_000)
	head = append(binary.BigEndian.AppendUint32(head, 100_000), 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return string(binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head)))
}

// withMember returns a tar archive of one image and one more member.
func withMember(t *testing.T, head tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []*tar.Header{{Name: "a/1.png", Size: 0, Typeflag: tar.TypeReg}, &head} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipWithLink(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	head := &zip.FileHeader{Name: "a/1.png"}
	head.SetMode(fs.ModeSymlink | 0o777)
	if _, err := w.CreateHeader(head); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestImport_RefusesBadInputWithItsSentence(t *testing.T) {
	f := animals(t)
	one := gray(t, 1)
	whole := f.tar(t, f.names())
	packed := gzipped(t, whole)
	zipped := f.zip(t)
	zeros := gzipped(t, files{"a/1.png": one, "b/zeros.bin": strings.Repeat("\x00", 1<<16)}.tar(t,
		[]string{"b/zeros.bin", "a/1.png"}))
	bitFlip := []byte(zipped)
	bitFlip[30+len("test/cat/3.png")+20] ^= 1 // after the first local file header
	for name, c := range map[string]struct {
		source string
		opt    ImportOptions
		says   string // parts of the sentence, separated by |
		usage  bool
	}{
		"missing": {filepath.Join(t.TempDir(), "none"), ImportOptions{}, "there is no file or folder|none", true},
		"empty": {files{}.with(files{"./": ""}).folder(t, "set"), ImportOptions{}, "holds no image that can be read",
			true},
		"another kind of file": {archived(t, "set.rar", "x"), ImportOptions{},
			"neither a folder nor an archive|.tar.gz", true},
		"a class without an image": {f.with(files{"train/fox/": ""}).folder(t, "set"), ImportOptions{},
			`class folder "train/fox"`, true},
		"a class with other files only": {f.with(files{"train/fox/1.docx": "x"}).folder(t, "set"), ImportOptions{},
			`class folder "train/fox"`, true},
		"a class that train lacks": {f.with(files{"test/fox/1.png": one}).folder(t, "set"), ImportOptions{},
			`class "fox" is in test|not in train`, true},
		"no train": {files{"test/a/1.png": one}.folder(t, "set"), ImportOptions{}, "no train", true},
		"images next to splits": {f.with(files{"unlabeled/x/1.png": one}).folder(t, "set"), ImportOptions{},
			`split folders|"unlabeled"`, true},
		"a superclass is missing": {f.with(files{"fine_to_coarse.txt": "cat pet"}).folder(t, "set"), ImportOptions{},
			`no superclass|"dog"`, true},
		"images of two sizes": {f.with(files{"train/cat/3.png": pngOf(t, 5, 4, color.Black)}).folder(t, "set"),
			ImportOptions{}, "differ in size|choose a size", true},
		"a corrupt image": {f.with(files{"train/cat/bad.png": one[:40]}).folder(t, "set"), ImportOptions{},
			"image train/cat/bad.png|or skip bad images", false},
		"a file that is no image": {f.with(files{"train/cat/bad.jpg": "hello"}).folder(t, "set"), ImportOptions{},
			"image train/cat/bad.jpg|unknown format", false},
		"a class of bad images only": {f.with(files{"train/fox/1.png": "x"}).folder(t, "set"),
			ImportOptions{SkipBad: true}, `no train image of class "fox"`, false},
		"an image bomb": {f.with(files{"train/cat/bomb.png": bomb()}).folder(t, "set"), ImportOptions{},
			"bomb.png|100000x100000 pixels", false},
		"a strip that cannot be resized": {files{"a/1.png": pngOf(t, 1, 3000, color.Black)}.folder(t, "set"),
			ImportOptions{Size: 200, MaxPixels: 1 << 20}, "1x3000|too long a strip", false},
		"a huge file": {f.folder(t, "set"), ImportOptions{MaxFile: 10}, "too large|10 are allowed", false},
		"a gzip bomb": {archived(t, "set.tgz", zeros), ImportOptions{MaxUnpacked: 1 << 14}, "unpacks to more", false},
		"a zip bomb":  {archived(t, "set.zip", zipped), ImportOptions{MaxUnpacked: 100}, "unpacks to more", false},
		"a cut tar.gz": {archived(t, "set.tar.gz", packed[:200]), ImportOptions{}, "set.tar.gz is cut short|fetch",
			false},
		"a tar.gz without its checksum": {archived(t, "set.tgz", packed[:len(packed)-4]), ImportOptions{},
			"cut short or damaged", false},
		"a tar cut inside a member": {archived(t, "set.tar", whole[:700]), ImportOptions{}, "cut short", false},
		"a tar cut between members": {archived(t, "set.tar", whole[:2*1024]), ImportOptions{}, "end mark is missing",
			false},
		"a cut zip": {archived(t, "set.zip", zipped[:len(zipped)-30]), ImportOptions{}, "cut short", false},
		"a zip with a damaged member": {archived(t, "set.zip", string(bitFlip)), ImportOptions{}, "damaged|checksum",
			false},
		"not gzip": {archived(t, "set.tar.gz", "hello there"), ImportOptions{}, "damaged", false},
		"a member twice": {archived(t, "set.tar", files{"a/1.png": one}.tar(t, []string{"a/1.png", "a/1.png"})),
			ImportOptions{}, `"a/1.png" twice`, false},
		"a member above the folder": {archived(t, "set.tar", withMember(t, tar.Header{Name: "../x.png",
			Typeflag: tar.TypeReg})), ImportOptions{}, `"../x.png"|outside its folder`, false},
		"an absolute member": {archived(t, "set.tar", withMember(t, tar.Header{Name: "/etc/x.png",
			Typeflag: tar.TypeReg})), ImportOptions{}, `"/etc/x.png"|outside`, false},
		"a symbolic link": {archived(t, "set.tar", withMember(t, tar.Header{Name: "a/2.png", Linkname: "/etc/passwd",
			Typeflag: tar.TypeSymlink})), ImportOptions{}, `"a/2.png"|link`, false},
		"a hard link": {archived(t, "set.tar", withMember(t, tar.Header{Name: "a/2.png", Linkname: "a/1.png",
			Typeflag: tar.TypeLink})), ImportOptions{}, `"a/2.png"|link`, false},
		"a zip member above the folder": {archived(t, "set.zip", files{"a/../../x.png": one}.zip(t)), ImportOptions{},
			`"a/../../x.png"|outside`, false},
		"a zip member with a drive": {archived(t, "set.zip", files{"C:/x.png": one}.zip(t)), ImportOptions{},
			"outside", false},
		"a zip member with a backslash": {archived(t, "set.zip", files{`..\x.png`: one}.zip(t)), ImportOptions{},
			"outside", false},
		"a symbolic link in a zip": {archived(t, "set.zip", zipWithLink(t)), ImportOptions{}, `"a/1.png"|link`, false},
		"a size out of range":      {f.folder(t, "set"), ImportOptions{Size: -1}, "size -1|1 to 4096", true},
		"a bad name":               {f.folder(t, "set"), ImportOptions{Name: "../x"}, `"../x" is not allowed`, true},
		"the built-in name": {f.folder(t, "factors"), ImportOptions{},
			"generated set|choose another name", true},
	} {
		t.Run(name, func(t *testing.T) {
			c.opt.Cache = t.TempDir()
			_, _, err := Import(context.Background(), c.source, c.opt)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for part := range strings.SplitSeq(c.says, "|") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
			if usage.Is(err) != c.usage {
				t.Errorf("error %q: usage error is %v, want %v", err, usage.Is(err), c.usage)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q has several lines", err)
			}
			if left := leftBehind(t, c.opt.Cache); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestImport_SkipBadReportsEachBadImage(t *testing.T) {
	f := animals(t).with(files{"train/cat/0.png": "x", "train/dog/bomb.png": bomb(), "test/dog/9.jpg": ""})
	set, report := imported(t, f.folder(t, "set"), ImportOptions{SkipBad: true})
	var names []string
	for _, s := range report.Skipped {
		names = append(names, s.Name)
	}
	if want := []string{"train/cat/0.png", "train/dog/bomb.png", "test/dog/9.jpg"}; !slices.Equal(names, want) {
		t.Errorf("skipped %v, want %v", names, want)
	}
	sp, labels := split(t, set, "train")
	if got := firstBytes(set, sp); !slices.Equal(got, []byte{10, 20, 30, 40}) || !slices.Equal(labels, []int32{0, 0,
		1, 1}) {
		t.Errorf("images %v with labels %v remain", got, labels)
	}
	good, _ := imported(t, animals(t).folder(t, "set"), ImportOptions{})
	if set.Fingerprint() != good.Fingerprint() {
		t.Error("the fingerprint differs from the good images' alone")
	}
}

func TestImport_DoesNotReuseAPackWithSkippedImagesWithoutConsent(t *testing.T) {
	cache, source := t.TempDir(), animals(t).with(files{"train/cat/0.png": "x"}).folder(t, "set")
	if _, _, err := Import(context.Background(), source, ImportOptions{Cache: cache, SkipBad: true}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Import(context.Background(), source, ImportOptions{Cache: cache}); err == nil {
		t.Error("an import without SkipBad took the pack that lacks an image")
	}
}
