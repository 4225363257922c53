package dataset

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// record is a CIFAR record: labels, then a red, a green and a blue plane of one value each.
func record(r, g, b byte, labels ...byte) string {
	planes := slices.Concat(labels, slices.Repeat([]byte{r}, 1024), slices.Repeat([]byte{g}, 1024),
		slices.Repeat([]byte{b}, 1024))
	return string(planes)
}

func cifar10Files() files {
	f := files{"test_batch.bin": record(7, 8, 9, 3),
		"batches.meta.txt": "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"}
	for i := range 5 {
		f[fmt.Sprintf("data_batch_%d.bin", i+1)] = record(byte(i), 20, 30, byte(i)) + record(byte(100+i), 20, 30, 9)
	}
	return f
}

func TestCIFAR_TenIsRead(t *testing.T) {
	f := cifar10Files().below("cifar-10-batches-bin")
	order := f.names()
	slices.Reverse(order)
	set, report := imported(t, archived(t, "c.tar.gz", gzipped(t, f.tar(t, order))), ImportOptions{})
	sp, labels := split(t, set, "train")
	if want := []int32{0, 9, 1, 9, 2, 9, 3, 9, 4, 9}; !slices.Equal(labels, want) {
		t.Errorf("labels are %v, want %v", labels, want)
	}
	if got := firstBytes(set, sp); !slices.Equal(got, []byte{0, 100, 1, 101, 2, 102, 3, 103, 4, 104}) {
		t.Errorf("images start with %v", got)
	}
	test, labels := split(t, set, "test")
	if !slices.Equal(test.Pixels, slices.Repeat([]byte{7, 8, 9}, 1024)) || labels[0] != 3 {
		t.Errorf("the test image starts with %v and has label %d", test.Pixels[:6], labels[0])
	}
	if classes := set.Tasks()[0].Classes; classes[3] != "cat" || report.Kind != "CIFAR-10 binary" {
		t.Errorf("%s with classes %v", report.Kind, classes)
	}
}

func TestCIFAR_HundredHasFineAndCoarseLabels(t *testing.T) {
	f := files{"train.bin": record(1, 2, 3, 19, 99), "test.bin": record(4, 5, 6, 2, 0)}
	set, _ := imported(t, f.folder(t, "cifar100"), ImportOptions{})
	sp, fine := split(t, set, "train")
	coarse, err := sp.Labels("coarse")
	if err != nil {
		t.Fatal(err)
	}
	if fine[0] != 99 || coarse[0] != 19 || set.Tasks()[0].Name != "fine" || set.Tasks()[1].Classes[19] != "19" {
		t.Errorf("fine %v, coarse %v, tasks %v", fine, coarse, set.Tasks())
	}
}

func idxContent(magic uint32, words []uint32, data string) string {
	head := binary.BigEndian.AppendUint32(nil, magic)
	for _, w := range words {
		head = binary.BigEndian.AppendUint32(head, w)
	}
	return string(head) + data
}

func mnistFiles() files {
	return files{
		"train-images-idx3-ubyte": idxContent(idxImages, []uint32{3, 1, 2}, "abcdef"),
		"train-labels-idx1-ubyte": idxContent(idxLabels, []uint32{3}, "\x00\x02\x01"),
		"t10k-images-idx3-ubyte":  idxContent(idxImages, []uint32{1, 1, 2}, "gh"),
		"t10k-labels-idx1-ubyte":  idxContent(idxLabels, []uint32{1}, "\x02"),
	}
}

func TestIDX_FilesAreReadPlainAndGzipped(t *testing.T) {
	packed := files{}
	for name, content := range mnistFiles() {
		packed[strings.Replace(name, "-idx", ".idx", 1)+".gz"] = gzipped(t, content)
	}
	for name, f := range map[string]files{"plain": mnistFiles(), "gzipped": packed} {
		t.Run(name, func(t *testing.T) {
			set, _ := imported(t, f.folder(t, "mnist"), ImportOptions{})
			sp, labels := split(t, set, "train")
			if string(sp.Pixels) != "aaabbbcccdddeeefff" || !slices.Equal(labels, []int32{0, 2, 1}) {
				t.Errorf("pixels %q, labels %v", sp.Pixels, labels)
			}
			test, labels := split(t, set, "test")
			if string(test.Pixels) != "ggghhh" || labels[0] != 2 || set.Height() != 1 || set.Width() != 2 {
				t.Errorf("test pixels %q, labels %v", test.Pixels, labels)
			}
		})
	}
}

func TestIDX_FashionMNISTKnowsItsClassNames(t *testing.T) {
	f := mnistFiles()
	f["train-labels-idx1-ubyte"] = idxContent(idxLabels, []uint32{3}, "\x00\x02\x09")
	set, _ := imported(t, f.folder(t, "fashion-mnist"), ImportOptions{})
	if classes := set.Tasks()[0].Classes; len(classes) != 10 || classes[9] != "Ankle boot" {
		t.Errorf("classes are %v", classes)
	}
}

func TestBinaryFiles_DamagedOnesAreNamed(t *testing.T) {
	without := func(f files, name string) files {
		f = maps.Clone(f)
		delete(f, name)
		return f
	}
	c, m := cifar10Files(), mnistFiles()
	images := m["train-images-idx3-ubyte"]
	zipped := gzipped(t, images)
	for name, k := range map[string]struct {
		files files
		says  string
		usage bool
	}{
		"a batch is missing": {without(c, "data_batch_3.bin"), "lacks data_batch_3.bin", true},
		"a batch is cut": {c.with(files{"data_batch_2.bin": record(1, 2, 3, 4)[1:]}),
			"data_batch_2.bin|cut short", false},
		"a batch is empty": {c.with(files{"data_batch_2.bin": ""}), "data_batch_2.bin|cut short", false},
		"a label is too high": {c.with(files{"data_batch_2.bin": record(1, 2, 3, 10)}),
			"data_batch_2.bin|record 0 has label 10", false},
		"nine class names": {c.with(files{"batches.meta.txt": "a b c d e f g h i"}),
			"names 9 classes instead of 10", false},
		"an idx file is missing": {without(m, "t10k-labels-idx1-ubyte"), "lacks|t10k-labels", true},
		"labels in place of images": {m.with(files{"train-images-idx3-ubyte": m["train-labels-idx1-ubyte"]}),
			"train-images-idx3-ubyte|not an idx file of images", false},
		"images in place of labels": {m.with(files{"train-labels-idx1-ubyte": images}), "not an idx file of labels",
			false},
		"images are cut": {m.with(files{"train-images-idx3-ubyte": images[:len(images)-1]}),
			"declares 3 images of 1x2", false},
		"labels are fewer": {m.with(files{"train-labels-idx1-ubyte": idxContent(idxLabels, []uint32{2}, "\x00\x01")}),
			"declares 2 labels and has 2, for 3 images", false},
		"a gzip is cut": {without(m,
			"train-images-idx3-ubyte").with(files{"train-images-idx3-ubyte.gz": zipped[:len(zipped)-6]}),
			"train-images-idx3-ubyte.gz is cut short", false},
		"not a gzip": {without(m, "train-images-idx3-ubyte").with(files{"train-images-idx3-ubyte.gz": "hello hello"}),
			"train-images-idx3-ubyte.gz is not a gzip", false},
		"a label that train lacks": {
			m.with(files{"t10k-labels-idx1-ubyte": idxContent(idxLabels, []uint32{1}, "\x03")}),
			"label 3|not in train", true},
		"two sizes": {m.with(files{"t10k-images-idx3-ubyte": idxContent(idxImages, []uint32{1, 2, 1}, "gh")}),
			"two sizes", false},
	} {
		t.Run(name, func(t *testing.T) {
			cache := t.TempDir()
			_, _, err := Import(context.Background(), k.files.folder(t, "set"), ImportOptions{Cache: cache})
			if err == nil {
				t.Fatal("it was accepted")
			}
			for part := range strings.SplitSeq(k.says, "|") {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
			if usage.Is(err) != k.usage {
				t.Errorf("error %q: usage error is %v", err, usage.Is(err))
			}
			if left := leftBehind(t, cache); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
