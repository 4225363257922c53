package dataset

import (
	"archive/tar"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// person is a source as somebody has it.
type person struct {
	source string
	opt    ImportOptions
	splits string // "" where the source is refused
	tasks  string
	labels []int32 // of train, for the first task; nil where they do not matter
	says   string  // parts of the notes or of the error, separated by |
}

// utf16Of is a text as Excel saves "Unicode text".
func utf16Of(text string) string {
	b := []byte{0xff, 0xfe}
	for _, v := range utf16.Encode([]rune(text)) {
		b = append(b, byte(v), byte(v>>8))
	}
	return string(b)
}

// longNamed is a tar file whose names need an extension of the format.
func longNamed(t *testing.T) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, class := range []string{"a", "b"} {
		name := "set/" + class + "/" + strings.Repeat("lang und größer ", 9) + ".png"
		content := gray(t, uint8(i))
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(content))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return archived(t, "set.tar", b.String())
}

// withLinks adds links to a folder, each with its target.
func withLinks(t *testing.T, folder string, links map[string]string) string {
	for link, target := range links {
		if err := os.Symlink(filepath.FromSlash(target), filepath.Join(folder, filepath.FromSlash(link))); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func thousand(t *testing.T) files {
	f := files{}
	for class := range 1000 {
		for i, split := range []string{"train", "train", "test"} {
			f[fmt.Sprintf("%s/n%08d/%d.png", split, class, i)] = pngOf(t, 1, 1, color.RGBA{byte(class),
				byte(class >> 8), byte(i), 255})
		}
	}
	return f
}

// inFormats is an image in the formats that Go writes, with the endings that people use.
func inFormats(t *testing.T) files {
	img := image.NewRGBA(image.Rect(0, 0, 8, 8))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	var j, g, b, f bytes.Buffer
	for _, err := range []error{jpeg.Encode(&j, img, nil), gif.Encode(&g, img, nil), bmp.Encode(&b, img),
		tiff.Encode(&f, img, nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return files{"a/1.JPG": j.String(), "a/2.Jpeg": j.String(), "a/3.jfif": j.String(), "a/4.jpe": j.String(),
		"a/5.PNG": encoded(t, img), "b/1.bmp": b.String(), "b/2.dib": b.String(), "b/3.GIF": g.String(),
		"b/4.tif": f.String(), "b/5.TIFF": f.String()}
}

// npyOf is an array of 4x4 pixels.
func npyOf(channels int) string {
	head := fmt.Sprintf("{'descr': '|u1', 'fortran_order': False, 'shape': (4, 4, %d), }\n", channels)
	return "\x93NUMPY\x01\x00" + string([]byte{byte(len(head)), 0}) + head + strings.Repeat("\x07", 16*channels)
}

// people are sources that were met or are to be expected, and are not among layouts and tables.
func people(t *testing.T) map[string]person {
	set := func(f files) string { return f.folder(t, "set") }
	four := tree(t, 4, "*.png")
	two := tree(t, 2, "a/*.png", "b/*.png")
	whole := ImportOptions{HoldOut: -1}
	all := map[string]person{
		"a zip made by macOS": {source: archived(t, "set.zip", two.below("set").with(files{
			"__MACOSX/set/a/._0.png": "\x00\x05\x16\x07", "set/.DS_Store": "x"}).zip(t)), opt: whole,
			splits: "train 4", tasks: "class: a b"},
		"a thousand classes":       {source: set(thousand(t)), splits: "train 2000, test 1000"},
		"every ending of an image": {source: set(inFormats(t)), opt: whole, splits: "train 10", tasks: "class: a b"},
		"a class with one image": {source: set(two.with(files{"c/0.png": gray(t, 9)})), opt: whole,
			splits: "train 5", tasks: "class: a b c"},
		"labels in one tar of shards": {source: archived(t, "s.tar", shardOf(t, 0, "1", "0")), opt: whole,
			splits: "train 2", tasks: "class: 0 1", labels: []int32{1, 0}},

		// Folders that are in no generator.
		"images without an ending": {source: set(tree(t, 9, "a/img_*", "b/img_*")), says: "18 without ending"},
		"folders that are called like images": {source: set(tree(t, 2, "a.png/*.png", "b.jpg/*.png")), opt: whole,
			splits: "train 4", tasks: "class: a.png b.jpg"},
		"names with everything": {source: set(tree(t, 2, strings.Repeat("k", 255)+"/*.png", "50%/a b#c*.png",
			"😀/*.png")), opt: whole, splits: "train 6", tasks: "class: 50% " + strings.Repeat("k", 255) + " 😀"},
		"a zip archive next to images": {source: set(two.with(files{"a/more.zip": "PK"})), opt: whole,
			splits: "train 4", tasks: "class: a b", says: "no images were left out: 1 .zip"},
		"a tar archive next to its images": {source: set(two.with(files{"raw.tar": two.tar(t, two.names())})),
			says: "holds images and the archive raw.tar, which may be shards"},
		"lists and annotations": {source: set(two.with(files{"train.txt": "a/0.png\n", "instances.json": "{}",
			"a/0.xml": "x"})), opt: whole, splits: "train 4", tasks: "class: a b", says: "1 .json, 1 .txt, 1 .xml"},
		"a folder of DICOM files": {source: set(files{"p1/1.dcm": "x", "p2/2.dcm": "x"}), says: "2 .dcm"},
		"Python's CIFAR-10": {source: set(files{"cifar-10-batches-py/data_batch_1": "\x80\x04",
			"cifar-10-batches-py/test_batch": "x", "cifar-10-batches-py/batches.meta": "x"}),
			says: "holds no image that can be read"},
		"pixels in a table": {source: set(files{"train.csv": "label,pixel0,pixel1\n1,0,255\n",
			"test.csv": "pixel0\n0\n"}), says: "holds no image that can be read"},
		"color and five channels": {source: set(files{"a/1.npy": npyOf(5), "a/2.png": gray(t, 1)}), opt: whole,
			says: "3 channels|5"},

		// Archives.
		"a gzip file of two parts": {source: archived(t, "set.tar.gz", func() string {
			content := two.below("set").tar(t, two.below("set").names())
			return gzipped(t, content[:700]) + gzipped(t, content[700:])
		}()), opt: whole, splits: "train 4", tasks: "class: a b"},
		"long names in a tar": {source: longNamed(t), opt: whole, splits: "train 2", tasks: "class: a b"},

		// Tables.
		"a table in UTF-16": {source: set(four.with(files{
			"l.csv": utf16Of("file\tart\n0.png\tä\n1.png\tb\n2.png\tä\n3.png\tb\n")})), opt: whole,
			splits: "train 4", tasks: "art: b ä", labels: []int32{1, 0, 1, 0}},
		"a table in Latin-1": {source: set(four.with(files{
			"l.csv": "file,art\n0.png,\xe4\n1.png,b\n2.png,\xe4\n3.png,b\n"})), opt: whole, splits: "train 4",
			tasks: `art: b \xe4`, labels: []int32{1, 0, 1, 0}},
		"names with commas and quotes": {source: set(files{"a, b.png": gray(t, 1), "c'd.png": gray(t, 2),
			"e, f.png": gray(t, 3),
			"l.csv":    "file,x\n\"a, b.png\",1\nc'd.png,2\n\"e, f.png\",1\n"}), opt: whole, splits: "train 3",
			tasks: "x: 1 2", labels: []int32{0, 1, 0}},
		"paths of another machine": {source: set(four.with(files{
			"l.csv": "path,x\nC:\\data\\0.png,1\nC:\\data\\1.png,2\nC:\\data\\2.png,1\nC:\\data\\3.png,2\n"})),
			opt: whole, splits: "train 4", tasks: "x: 1 2", labels: []int32{0, 1, 0, 1}},
		"a column for each class": {source: set(four.with(files{
			"l.csv": "image,MEL,NV\n0,1.0,0.0\n1,0.0,1.0\n2,1.0,0.0\n3,0.0,1.0\n"})), opt: whole,
			splits: "train 4", tasks: "MEL: 0.0 1.0; NV: 0.0 1.0", labels: []int32{1, 0, 1, 0}},
		"several labels in a cell": {source: set(four.with(files{
			"l.csv": "image,tags\n0,haze road\n1,clear\n2,haze road\n3,clear\n"})), opt: whole, splits: "train 4",
			tasks: "tags: clear haze road", labels: []int32{1, 0, 1, 0}},
		"one name in two folders": {source: set(tree(t, 2, "x/*.png", "y/*.png").with(files{
			"l.csv": "file,z\n0.png,1\n1.png,2\n"})), opt: ImportOptions{Labels: "l.csv"},
			says: "several images are called 0.png: write their paths"},
	}
	if runtime.GOOS == "windows" {
		return all
	}

	// What Windows cannot hold.
	all["links to images and folders"] = person{source: filepath.Join(withLinks(t, files{"store/0.png": gray(t, 0),
		"store/1.png": gray(t, 1), "set/a/": "", "set/b/": ""}.folder(t, "links"), map[string]string{
		"set/a/x.png": "../../store/0.png", "set/b/x.png": "../../store/1.png", "set/c": "../store"}), "set"),
		opt: whole, splits: "train 4", tasks: "class: a b c", labels: []int32{0, 1, 2, 2}}
	all["a link that loops"] = person{source: withLinks(t, set(two), map[string]string{"a/again": ".."}),
		says: "is there a link that loops at"}
	all["classes that differ in case"] = person{source: set(tree(t, 2, "Cat/*.png", "cat/*.png")), opt: whole,
		splits: "train 4", tasks: "class: Cat cat", labels: []int32{0, 0, 1, 1}}
	return all
}

func TestImport_OtherPeoplesSources(t *testing.T) {
	for name, c := range people(t) {
		t.Run(name, func(t *testing.T) {
			if c.splits == "" {
				err := importError(t, c.source, c.opt)
				for part := range strings.SplitSeq(c.says, "|") {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("error %q lacks %q", err, part)
					}
				}
				return
			}

			set, report := imported(t, c.source, c.opt)
			var splits, tasks []string
			for _, sp := range report.Splits {
				splits = append(splits, fmt.Sprint(sp.Name, " ", sp.N))
			}
			for _, task := range set.Tasks() {
				tasks = append(tasks, task.Name+": "+strings.Join(task.Classes, " "))
			}
			if got := strings.Join(splits, ", "); got != c.splits {
				t.Errorf("splits are %s, want %s", got, c.splits)
			}
			if got := strings.Join(tasks, "; "); c.tasks != "" && got != c.tasks {
				t.Errorf("tasks are %q, want %q", got, c.tasks)
			}
			if _, labels := split(t, set, "train"); c.labels != nil && !slices.Equal(labels, c.labels) {
				t.Errorf("labels are %v, want %v", labels, c.labels)
			}
			for part := range strings.SplitSeq(c.says, "|") {
				if notes := strings.Join(report.Notes, "; "); !strings.Contains(notes, part) {
					t.Errorf("notes are %q and lack %q", notes, part)
				}
			}
		})
	}
}
