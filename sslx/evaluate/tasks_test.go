package evaluate

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/progress"
)

func TestTheNameOfATaskSaysWhereItComesFrom(t *testing.T) {
	cached(t)
	set, err := dataset.Factors(ctx, dataset.FactorsOptions{Cache: t.TempDir(), Train: 256, Test: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	own := taskNames(set)
	for names, want := range map[string]plan{
		"":                      {own: own},
		"shape":                 {own: []string{"shape"}},
		"shape,factors/shape":   {own: []string{"shape"}},
		"factors":               {own: own},
		"made-blur,scale":       {own: []string{"scale"}, made: []string{MadeBlur}},
		"cifar100/coarse,mnist": {sets: []string{"cifar100", "mnist"}, labels: map[string][]string{"cifar100": {"coarse"}}},
		"/some/folder":          {sets: []string{"/some/folder"}},
		"all,shape":             {own: own, made: MadeTasks(), sets: otherSets(set), all: true},
	} {
		if want.labels == nil {
			want.labels = map[string][]string{}
		}
		list := strings.Split(names, ",")
		if names == "" {
			list = nil
		}
		if got := planTasks(set, list); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, want %+v", names, got, want)
		}
	}
}

func otherSets(set *dataset.Set) (names []string) {
	for _, known := range TaskSets() {
		if known[0] != set.Name() {
			names = append(names, strings.Join(known, "|"))
		}
	}
	return names
}

func testASetThatIsNotHereIsLeftOutWithAWordHowToGetIt(t *testing.T, dir string, c pretrain.Config) {
	cached(t)
	t.Setenv("SSLX_DATA", t.TempDir())
	var warnings []string
	results, err := Run(ctx, dir, Options{Tasks: []string{AllTasks}, Protocols: []string{"knn"},
		Options: progress.Options{Warn: func(s string) { warnings = append(warnings, s) }}})
	if err != nil || len(results) != 7+3 {
		t.Fatalf("%d results (%v)", len(results), err)
	}
	all := strings.Join(warnings, "\n")
	for _, want := range []string{"cifar10 is left out: download it",
		"gtsrb is left out: import a folder", "mnist is left out: download it"} {
		if !strings.Contains(all, want) {
			t.Errorf("warnings %s\nlack %s", all, want)
		}
	}
}

func TestMadeImagesHaveHadDoneToThemWhatTheirLabelSays(t *testing.T) {
	const side = 5
	src := make([]byte, side*side*3)
	for i := range src {
		src[i] = byte(i * 37 % 251)
	}
	at := func(x []byte, row, column, channel int) byte { return x[(row*side+column)*3+channel] }
	dst := make([]byte, len(src))
	for quarters, want := range []func(row, column int) (int, int){
		func(r, c int) (int, int) { return r, c },
		func(r, c int) (int, int) { return c, side - 1 - r }, // a turn to the left
		func(r, c int) (int, int) { return side - 1 - r, side - 1 - c },
		func(r, c int) (int, int) { return side - 1 - c, r },
	} {
		made[MadeRotation][quarters](dst, src, side, side)
		for row := range side {
			for column := range side {
				fromRow, fromColumn := want(row, column)
				if at(dst, row, column, 1) != at(src, fromRow, fromColumn, 1) {
					t.Fatalf("%d quarters: pixel %d, %d is not that at %d, %d", quarters, row, column, fromRow, fromColumn)
				}
			}
		}
	}
	made[MadeGray][1](dst, src, side, side)
	if want := math.Round(0.299*float64(src[0]) + 0.587*float64(src[1]) + 0.114*float64(src[2])); dst[0] != byte(want) ||
		dst[1] != dst[0] || dst[2] != dst[0] {
		t.Errorf("gray is %v of %v", dst[:3], src[:3])
	}
	for class := range 4 {
		flat := slices.Repeat([]byte{90, 10, 200}, side*side)
		if made[MadeBlur][class](dst, flat, side, side); !slices.Equal(dst, flat) {
			t.Errorf("blur %d changes an even image", class)
		}
	}
	dot := make([]byte, len(src))
	dot[(2*side+2)*3] = 255
	made[MadeBlur][2](dst, dot, side, side) // sigma 1: exp(-1/2) of the middle beside it
	if ratio := float64(at(dst, 2, 1, 0)) / float64(at(dst, 2, 2, 0)); math.Abs(ratio-math.Exp(-0.5)) > 0.02 ||
		at(dst, 1, 2, 0) != at(dst, 2, 1, 0) || at(dst, 2, 2, 1) != 0 {
		t.Errorf("a dot became %v", dst[2*side*3:3*side*3])
	}
}
