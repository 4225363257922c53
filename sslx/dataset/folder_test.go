package dataset

import (
	"slices"
	"strings"
	"testing"
)

func TestFolder_AndItsArchivesGiveTheSameSet(t *testing.T) {
	f := animals(t)
	reversed := f.names()
	slices.Reverse(reversed)
	rooted := f.below("animals")
	set, _ := imported(t, f.folder(t, "animals"), ImportOptions{})
	for name, content := range map[string]string{
		"animals.tar":    f.tar(t, reversed),
		"animals.tar.gz": gzipped(t, rooted.tar(t, rooted.names())),
		"animals.TGZ":    gzipped(t, f.tar(t, f.names())),
		"animals.zip":    rooted.zip(t),
	} {
		t.Run(name, func(t *testing.T) {
			other, _ := imported(t, archived(t, name, content), ImportOptions{})
			if other.Fingerprint() != set.Fingerprint() {
				t.Error("the archive's fingerprint differs from the folder's")
			}
			if other.Name() != "animals" {
				t.Errorf("the set is named %q", other.Name())
			}
		})
	}
}

func TestFolder_ClassesAndSplitsFollowTheFolders(t *testing.T) {
	one := gray(t, 1)
	for name, c := range map[string]struct {
		files   files
		classes string
		splits  []SplitCount
		note    string
	}{
		"splits": {animals(t), "cat dog", []SplitCount{{"train", 4}, {"test", 2}}, ""},
		"valid and validation are val": {animals(t).with(files{"valid/cat/1.png": one, "validation/dog/1.png": one}),
			"cat dog", []SplitCount{{"train", 4}, {"val", 2}, {"test", 2}}, ""},
		"no split level": {files{"b/1.png": one, "a/1.png": one}, "a b", []SplitCount{{"train", 2}},
			"all 2 images are train"},
		"nested files count": {files{"b/x/y/1.png": one, "a/1.png": one}, "a b", []SplitCount{{"train", 2}},
			"all 2 images are train"},
		"extensions in any case": {files{"b/1.PNG": one, "a/1.Jpg": one, "a/2.JPEG": one}, "a b",
			[]SplitCount{{"train", 3}}, ""},
		"hidden files are left out": {files{"b/1.png": one, "a/1.png": one, "a/._1.png": "x", ".git/1.png": "x",
			"__MACOSX/a/1.png": "x"}, "a b", []SplitCount{{"train", 2}}, ""},
		"others are counted": {files{"b/1.png": one, "a/1.png": one, "a/1.txt": "x", "2.png": one}, "a b",
			[]SplitCount{{"train", 2}}, "1 image is in no class folder and left out, the first is 2.png"},
		"classes named train and test below splits": {files{"train/train/1.png": one, "train/test/1.png": one,
			"test/train/1.png": one}, "test train", []SplitCount{{"train", 2}, {"test", 1}}, ""},
		"a class named train next to others": {files{"train/1.png": one, "apple/1.png": one}, "apple train",
			[]SplitCount{{"train", 2}}, "no test split"},
		"sorted as bytes": {files{"B/1.png": one, "a/1.png": one, "10/1.png": one, "9/1.png": one}, "10 9 B a",
			[]SplitCount{{"train", 4}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			set, report := imported(t, c.files.folder(t, "set"), ImportOptions{})
			if got := strings.Join(set.Tasks()[0].Classes, " "); got != c.classes {
				t.Errorf("classes are %q, want %q", got, c.classes)
			}
			if !slices.Equal(report.Splits, c.splits) {
				t.Errorf("splits are %v, want %v", report.Splits, c.splits)
			}
			if notes := strings.Join(report.Notes, "; "); !strings.Contains(notes, c.note) {
				t.Errorf("notes are %q, want %q", notes, c.note)
			}
		})
	}
}

func TestFolder_WithSplitsNeedsNoNote(t *testing.T) {
	if _, report := imported(t, animals(t).folder(t, "set"), ImportOptions{}); report.Notes != nil {
		t.Errorf("notes are %q", report.Notes)
	}
}

func TestFolder_ImagesAreInTheOrderOfTorchvision(t *testing.T) {
	// ImageFolder walks sorted folders and takes the sorted files of each before those below it.
	set, _ := imported(t, files{"b/z.png": gray(t, 4), "a/n/1.png": gray(t, 3), "a/z.png": gray(t, 2),
		"a/b.png": gray(t, 1)}.
		folder(t, "set"), ImportOptions{HoldOut: -1})
	sp, labels := split(t, set, "train")
	if got := firstBytes(set, sp); !slices.Equal(got, []byte{1, 2, 3, 4}) || !slices.Equal(labels, []int32{0, 0, 0,
		1}) {
		t.Errorf("images %v with labels %v", got, labels)
	}
}

func TestFolder_SuperclassesMakeASecondTask(t *testing.T) {
	f := animals(t).with(files{"fine_to_coarse.txt": "cat\tpet\ndog\tpet\n"})
	set, _ := imported(t, f.below("root").folder(t, "set"), ImportOptions{})
	sp, _ := split(t, set, "train")
	fine, err := sp.Labels("fine")
	if err != nil {
		t.Fatal(err)
	}
	coarse, err := sp.Labels("coarse")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(fine, []int32{0, 0, 1, 1}) || !slices.Equal(coarse, []int32{0, 0, 0, 0}) {
		t.Errorf("fine %v, coarse %v", fine, coarse)
	}
}
