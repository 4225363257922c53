package dataset

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// shardOf returns a shard of gray images with labels from KEY.cls, of which the values tell the place.
func shardOf(t testing.TB, first int, labels ...string) string {
	t.Helper()
	members, order := files{}, []string{}
	for i, label := range labels {
		key := fmt.Sprintf("s%05d", first+i)
		members[key+".png"], members[key+".cls"] = gray(t, uint8(first+i)), label
		order = append(order, key+".png", key+".cls")
	}
	return members.tar(t, order)
}

func TestShards_HaveTheirSplitsAndLabels(t *testing.T) {
	source := files{
		"set-train-000000.tar": shardOf(t, 0, "1", "0\n"), "set-train-000001.tar.gz": gzipped(t, shardOf(t, 2, "2")),
		"set-val-000000.tar": shardOf(t, 3, "1"), "test/000000.tar": shardOf(t, 4, "0", "2"),
		"classnames.txt": "ant\nbee\nhouse cat\n",
	}.folder(t, "set")
	set, report := imported(t, source, ImportOptions{})
	if want := []SplitCount{{"train", 3}, {"val", 1}, {"test", 2}}; !slices.Equal(report.Splits, want) {
		t.Errorf("splits %v, want %v", report.Splits, want)
	}
	if want := []string{"ant", "bee", "house cat"}; !slices.Equal(set.Tasks()[0].Classes, want) {
		t.Errorf("classes %q, want %q", set.Tasks()[0].Classes, want)
	}
	train, labels := split(t, set, "train")
	if !slices.Equal(labels, []int32{1, 0, 2}) || !bytes.Equal(firstBytes(set, train), []byte{0, 1, 2}) {
		t.Errorf("labels %v, images %v", labels, firstBytes(set, train))
	}
	test, labels := split(t, set, "test")
	if !slices.Equal(labels, []int32{0, 2}) || !bytes.Equal(firstBytes(set, test), []byte{4, 5}) {
		t.Errorf("test: labels %v, images %v", labels, firstBytes(set, test))
	}
}

func TestShards_OneTarWithLabelsInJSON(t *testing.T) {
	members := files{
		"a/1.jpg": gray(t, 1), "a/1.json": `{"label": "oak", "width": 4}`, "a/1.seg.png": gray(t, 99),
		"a/2.png": gray(t, 2), "a/2.json": `{"label": "elm"}`, "a/3.png": gray(t, 3), "a/3.cls": "oak",
		"a/4.txt": "no image", "a/4.cls": "elm",
	}
	order := []string{"a/1.jpg", "a/1.json", "a/1.seg.png", "a/2.json", "a/2.png", "a/3.png", "a/3.cls", "a/4.txt",
		"a/4.cls"}
	set, report := imported(t, archived(t, "shard.tar", members.tar(t, order)), ImportOptions{HoldOut: -1})
	train, labels := split(t, set, "train")
	if !slices.Equal(labels, []int32{1, 0, 1}) || !bytes.Equal(firstBytes(set, train), []byte{1, 2, 3}) {
		t.Errorf("labels %v of %v, images %v", labels, set.Tasks(), firstBytes(set, train))
	}
	if !slices.Contains(report.Notes, "1 samples without an image were left out") {
		t.Errorf("notes %q", report.Notes)
	}
}

func TestShards_WithoutLabelsAreASetWithoutTasks(t *testing.T) {
	members := files{"1.png": gray(t, 1), "2.png": gray(t, 2), "1.txt": "a caption"}
	source := files{"000000.tar": members.tar(t, []string{"1.png", "1.txt", "2.png"})}.folder(t, "set")
	set, report := imported(t, source, ImportOptions{HoldOut: -1})
	if len(set.Tasks()) != 0 || report.Splits[0].N != 2 || !noteWith(report.Notes, "no sample has a label") {
		t.Errorf("tasks %v, splits %v, notes %q", set.Tasks(), report.Splits, report.Notes)
	}

	// ImageNet comes as a tar of one tar for each class.
	source = files{"n01.tar": members.tar(t, []string{"1.png"}), "n02.tar": members.tar(t, []string{"2.png"})}.folder(t,
		"set")
	_, report = imported(t, source, ImportOptions{HoldOut: -1})
	if !noteWith(report.Notes, "unpack each into a folder") {
		t.Errorf("notes are %q", report.Notes)
	}
}

func TestShards_RefuseDamage(t *testing.T) {
	whole := shardOf(t, 0, "1", "0", "1")
	for name, c := range map[string]struct{ shard, says string }{
		"cut between members": {whole[:1024+512], "end mark is missing"},
		"cut in a member":     {whole[:600], "end mark is missing"},
		"not a tar":           {strings.Repeat("x", 4096), "end mark is missing"},
		"empty":               {"", "end mark is missing"},
	} {
		source := files{"train-0.tar": c.shard}.folder(t, "set")
		_, _, err := Import(t.Context(), source, ImportOptions{Cache: t.TempDir()})
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "train-0.tar") {
			t.Errorf("%s: got %v, want %q", name, err, c.says)
		}
	}
}

func TestShards_AFlippedByteNeverCrashes(t *testing.T) {
	good := []byte(shardOf(t, 0, "1", "0", "x"))
	file := filepath.Join(t.TempDir(), "x.tar")
	for at := 0; at < len(good); at += 61 {
		bad := bytes.Clone(good)
		bad[at] ^= 0x55
		if err := os.WriteFile(file, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		planned(t, file)
	}
}

func TestArchive_XzAndBzip2AreReadLikeTheTarInThem(t *testing.T) {
	var prints []string
	for _, name := range []string{"animals.tar.xz", "animals.tar.bz2", "animals.tar.gz"} {
		_, report := imported(t, filepath.Join("testdata", name), ImportOptions{})
		prints = append(prints, report.Fingerprint)
		if report.Name != "animals" {
			t.Errorf("%s is called %s", name, report.Name)
		}
	}
	if prints[0] != prints[2] || prints[1] != prints[2] {
		t.Errorf("fingerprints %v", prints)
	}

	// Compressed files carry their checksums, and what they unpack to is bounded.
	for _, name := range []string{"animals.tar.xz", "animals.tar.bz2"} {
		whole, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		flipped := bytes.Clone(whole)
		flipped[len(flipped)/2] ^= 1
		for what, content := range map[string][]byte{"cut": whole[:len(whole)/2], "flipped": flipped} {
			_, _, err := Import(t.Context(), archived(t, name, string(content)), ImportOptions{Cache: t.TempDir()})
			if err == nil || !strings.Contains(err.Error(), "is cut short or damaged") {
				t.Errorf("%s of %s: %v", what, name, err)
			}
		}
		opt := ImportOptions{Cache: t.TempDir(), MaxUnpacked: 2000}
		if _, _, err := Import(t.Context(), filepath.Join("testdata", name), opt); err == nil ||
			!strings.Contains(err.Error(), "unpacks to more bytes than allowed") {
			t.Errorf("a bomb in %s: %v", name, err)
		}
	}
}
