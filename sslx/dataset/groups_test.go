package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

// signs is a set as GTSRB has it: tracks of three frames in class folders.
func signs(t testing.TB) files {
	f := files{}
	for _, split := range []string{"train", "test"} {
		for class := range 2 {
			for track := range 8 {
				for frame := range 3 {
					name := fmt.Sprintf("%s/%05d/%05d_%05d.png", split, class, track, frame)
					f[name] = gray(t, uint8(len(f)))
				}
			}
		}
	}
	return f
}

func TestGroups_TracksOfGTSRBStayTogether(t *testing.T) {
	set, _ := imported(t, signs(t).folder(t, "signs"), ImportOptions{})
	train, err := set.Split("train")
	if err != nil || set.GroupedBy() != "track" {
		t.Fatalf("grouped by %q (%v)", set.GroupedBy(), err)
	}
	keep, held, err := set.HoldOut()
	if err != nil || len(held) != 2*3 { // a track of each class: a tenth of 24 images is nearer to three than to none
		t.Fatalf("held out %v of %v (%v)", held, train.Groups(), err)
	}
	groups := train.Groups()
	for _, i := range held {
		for _, k := range keep {
			if groups[i] == groups[k] {
				t.Fatalf("track %d is on both sides", groups[i])
			}
		}
	}
}

func TestGroups_AreWhatTheImportSays(t *testing.T) {
	all := tree(t, 6, "a/p1/*.png", "a/p2/*.png", "b/p1/*.png", "b/p3/*.png").folder(t, "patients")
	for by, want := range map[string]int{"2": 4, "(p[0-9])": 3, "none": 0, "": 0} {
		set, _ := imported(t, all, ImportOptions{GroupBy: by, ClassesAt: "1", HoldOut: -1})
		train, err := set.Split("train")
		if err != nil {
			t.Fatal(err)
		}
		groups := slices.Compact(slices.Sorted(slices.Values(train.Groups())))
		if len(groups) != want {
			t.Errorf("by %q: groups %v, want %d", by, groups, want)
		}
	}
	for by, want := range map[string]string{"3": "needs one", "0": "levels count from 1", "(": "regular expression",
		"p([34])": "has no group by"} {
		err := importError(t, all, ImportOptions{GroupBy: by, ClassesAt: "1"})
		if !usage.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("by %q: %v, want %q", by, err, want)
		}
	}
}

// Names that only look like tracks, one frame each, are no groups.
func TestGroups_NumberedImagesAreNoTracks(t *testing.T) {
	f := files{}
	for i := range 12 {
		f[fmt.Sprintf("%c/%05d_%05d.png", 'a'+i%2, i, i)] = gray(t, uint8(i))
	}
	if set, _ := imported(t, f.folder(t, "numbered"), ImportOptions{}); set.GroupedBy() != "" {
		t.Errorf("grouped by %q", set.GroupedBy())
	}
}
