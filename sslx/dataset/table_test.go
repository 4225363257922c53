package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestTable_LabelsSplitsAndGroups(t *testing.T) {
	four, eight := tree(t, 4, "images/*.png"), tree(t, 8, "x/*.jpg")
	for name, c := range map[string]struct {
		files  files
		opt    ImportOptions
		splits string
		tasks  string
		labels []int32 // of train, for the first task
		notes  string
	}{
		"a name and a " +
			"label": {files: four.with(files{"labels.csv": "file,label\n0.png,cat\n1.png,dog\n2.png,cat\n3.png,dog\n"}),
			splits: "train 4", tasks: "label: cat dog", labels: []int32{0, 1, 0, 1},
			notes: "labels are from labels.csv: label"},
		"no line of names": {files: four.with(files{"labels.csv": "0.png,cat\n1.png,dog\n2.png,cat\n3.png,dog\n"}),
			splits: "train 4", tasks: "label: cat dog", labels: []int32{0, 1, 0, 1}},
		"ids without ending, as in Kaggle's": {files: tree(t, 4, "train/*.jpg", "test/*.jpg").with(
			files{"train/a1.jpg": gray(t, 90), "train/a2.jpg": gray(t, 91),
				"labels.csv": "id,breed\na1,pug\na2,basset\n"}),
			opt: ImportOptions{Labels: "labels.csv"}, splits: "train 2", tasks: "breed: basset pug",
			labels: []int32{1, 0}, notes: "8 images are not in labels.csv and left out"},
		"semicolons, backslashes and Excel's mark": {files: four.with(files{
			"labels.csv": "\xef\xbb\xbfPfad;Art\r\nimages\\0.png;ä\r\n" +
				"images\\1.png;b\r\nimages\\2.png;b\r\nimages\\3.png;ä\r\n"}),
			splits: "train 4", tasks: "Art: b ä", labels: []int32{1, 0, 0, 1}},
		"tabs, in the folder of the images, below an outer one": {files: four.with(files{
			"images/meta.tsv": "label\tfile\n2\t0.png\n10\t1.png\n2\t2.png\n10\t3.png\n"}).below("set"),
			splits: "train 4", tasks: "label: 2 10", labels: []int32{0, 1, 0, 1}},
		"metadata.csv of a hub": {files: four.with(files{
			"images/metadata.csv": "file_name,label,text\n0.png,1,one\n1.png,0,two\n2.png,1,three\n3.png,0,four\n"}),
			splits: "train 4", tasks: "label: 0 1; text: four one three two", labels: []int32{1, 0, 1, 0}},
		"splits, groups and two labels": {files: eight.with(files{"all.csv": "path,grade,eye,patient,split,age\n" +
			"x/0.jpg,1,l,p1,train,40.5\nx/1.jpg,1,r,p1,train,40.6\n" +
			"x/2.jpg,2,l,p2,train,31.2\nx/3.jpg,2,r,p2,train,31.3\n" +
			"x/4.jpg,1,l,p3,Test,1.5\nx/5.jpg,2,r,p3,Test,2.5\nx/6.jpg,1,l,p4,valid,3.5\nx/7.jpg,2,r,p4,valid,4.5\n"}),
			splits: "train 4, val 2, test 2", tasks: "grade: 1 2; eye: l r", labels: []int32{0, 0, 1, 1},
			notes: "columns of all.csv that are no labels: age (8 values)"},
		"one column of " +
			"several": {files: four.with(files{"a.csv": "file,x,y\n0.png,1,1\n1.png,2,1\n2.png,2,2\n3.png,1,2\n"}),
			opt: ImportOptions{Labels: "a.csv", LabelColumns: []string{"y"}}, splits: "train 4", tasks: "y: 1 2",
			labels: []int32{0, 0, 1, 1}},
		"rows without an image or a label": {files: four.with(files{
			"labels.csv": "file,label\n0.png,cat\n1.png,\n2.png,dog\nnone.png,dog\n"}),
			splits: "train 2", tasks: "label: cat dog", labels: []int32{0, 1},
			notes: "1 rows of labels.csv name no image|1 rows of labels.csv lack a label|1 image is not in labels.csv"},
		"class folders go first": {files: tree(t, 2, "a/*.png", "b/*.png").with(
			files{"boxes.csv": "file,x\na/0.png,1\na/1.png,2\nb/0.png,1\nb/1.png,2\n"}),
			splits: "train 4", tasks: "class: a b", labels: []int32{0, 0, 1, 1},
			notes: "labels are the class folders, not those of boxes.csv"},
		"class folders that are told to be none": {files: tree(t, 2, "a/*.png", "b/*.png").with(
			files{"boxes.csv": "file,x\na/0.png,1\na/1.png,2\nb/0.png,1\nb/1.png,2\n"}),
			opt:    ImportOptions{Labels: "boxes.csv"},
			splits: "train 4", tasks: "x: 1 2", labels: []int32{0, 1, 0, 1}},
		"a table of few images is not used": {files: tree(t, 9,
			"*.png").with(files{"some.csv": "file,x\n0.png,1\n1.png,2\n"}),
			opt: ImportOptions{HoldOut: -1}, splits: "train 9", notes: "some.csv has labels of 2 of 9 images and is " +
				"not used"},
		"a table of something else": {files: tree(t, 4, "*.png").with(files{"log.csv": "step,loss\n100,2.5\n"}),
			opt: ImportOptions{HoldOut: -1}, splits: "train 4", notes: "the set has no labels"},
	} {
		t.Run(name, func(t *testing.T) {
			set, report := imported(t, c.files.folder(t, "set"), c.opt)
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
			if got := strings.Join(tasks, "; "); got != c.tasks {
				t.Errorf("tasks are %q, want %q", got, c.tasks)
			}
			if _, labels := split(t, set, "train"); !slices.Equal(labels, c.labels) {
				t.Errorf("labels are %v, want %v", labels, c.labels)
			}
			for part := range strings.SplitSeq(c.notes, "|") {
				if notes := strings.Join(report.Notes, "; "); !strings.Contains(notes, part) {
					t.Errorf("notes are %q and lack %q", notes, part)
				}
			}
		})
	}
}

func TestTable_WhatCannotBeUsedIsRefused(t *testing.T) {
	four := tree(t, 4, "*.png").with(files{"a.csv": "file,x,split\n0.png,1,train\n1.png,2,fold2\n",
		"b.csv": "u,v\n1.5,12\n",
		"c.csv": "file,x\n0.png,1\n1.png,2\n0.png,2\n"})
	for name, c := range map[string]struct {
		opt      ImportOptions
		argument string
		says     string
	}{
		"no such table": {ImportOptions{Labels: "z.csv"}, "labels", "no table z.csv"},
		"no column": {ImportOptions{Labels: "a.csv", LabelColumns: []string{"q"}}, "label-columns",
			`no column "q": it has x, split`},
		"no table at all": {ImportOptions{LabelColumns: []string{"q"}}, "labels", "name the table"},
		"other splits":    {ImportOptions{Labels: "a.csv"}, "labels", "column split of a.csv has fold2, train"},
		"no images":       {ImportOptions{Labels: "b.csv"}, "labels", "no column names an image"},
		"two rows":        {ImportOptions{Labels: "c.csv"}, "labels", "image 0.png has two rows"},
	} {
		t.Run(name, func(t *testing.T) {
			c.opt.Cache = t.TempDir()
			_, _, err := Import(t.Context(), four.folder(t, "set"), c.opt)
			if !usage.Is(err) || usage.ArgumentOf(err) != c.argument || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, about %q", err, usage.ArgumentOf(err))
			}
		})
	}
}

// Groups go into the pack, stay whole in a cut, and survive another size.
func TestTable_GroupsStayWhole(t *testing.T) {
	f, rows := files{}, "file,label,patient\n"
	for i := range 60 {
		f[fmt.Sprintf("%d.png", i)] = gray(t, uint8(i))
		rows += fmt.Sprintf("%d.png,%d,p%d\n", i, i%2, i/6)
	}
	f["labels.csv"] = rows
	cache := t.TempDir()
	set, report := imported(t, f.folder(t, "set"), ImportOptions{Cache: cache})
	if set.GroupedBy() != "patient" || !strings.Contains(strings.Join(report.Notes, "; "), "each patient whole") {
		t.Errorf("grouped by %q, notes %q", set.GroupedBy(), report.Notes)
	}
	resized, err := Locate(t.Context(), "set", LocateOptions{Cache: cache, Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resized.Close() }()
	if !slices.Equal(resized.Notes(), set.Notes()) {
		t.Errorf("notes are %q", resized.Notes())
	}
	for _, s := range []*Set{set, resized} {
		train, _ := split(t, s, "train")
		test, _ := split(t, s, "test")
		if test.N != 12 {
			t.Errorf("test has %d images", test.N)
		}
		for _, g := range test.Groups() {
			if slices.Contains(train.Groups(), g) {
				t.Errorf("group %d is in train and test", g)
			}
		}
	}
}
