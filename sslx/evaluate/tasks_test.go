package evaluate

import (
	"context"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/progress"
)

func TestPlan_SortsNamesByWhereTheirImagesComeFrom(t *testing.T) {
	cached(t)
	set, err := dataset.Factors(ctx, dataset.FactorsOptions{Cache: t.TempDir(), Train: 256, Test: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	own := taskNames(set)
	for names, want := range map[string]plan{
		"":                    {own: own},
		"shape":               {own: []string{"shape"}},
		"shape,factors/shape": {own: []string{"shape"}},
		"factors":             {own: own},
		"made-blur,scale":     {own: []string{"scale"}, made: []string{MadeBlur}},
		"all,shape":           {own: own, made: MadeTasks(), sets: otherSets()},
		"cifar100/coarse,mnist": {sets: []setPlan{{names: []string{"cifar100"}, labels: []string{"coarse"}},
			{names: []string{"mnist"}}}},
		"/some/folder": {sets: []setPlan{{names: []string{"/some/folder"}}}},
	} {
		list := strings.Split(names, ",")
		if names == "" {
			list = nil
		}
		if got, err := (planner{set: set}).plan(list); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v (%v), want %+v", names, got, err, want)
		}
	}
}

// Measures without labels are of images: each data set has them once, whatever tasks are made from it.
func TestPlan_ProtocolsWithoutLabelsMeasureEachDataSetOnce(t *testing.T) {
	cached(t)
	set, err := dataset.Factors(ctx, dataset.FactorsOptions{Cache: t.TempDir(), Train: 256, Test: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()

	for _, c := range []struct{ tasks, protocols, want string }{
		{"made-rotation,made-gray", "label-free", "factors label-free"},
		{"shape,made-gray", "label-free,cka", "factors label-free,factors cka"},
		{"made-gray", "knn,label-free", "factors label-free,factors/made-gray knn"},
		{"made-gray", "knn", "factors/made-gray knn"},
		{"shape,made-blur", "knn,label-free", "factors knn,factors label-free,factors/made-blur knn"},
	} {
		p, err := planner{set: set}.plan(strings.Split(c.tasks, ","))
		if err != nil {
			t.Fatal(err)
		}
		s := session{}
		if s.protocols, err = protocolsNamed(strings.Split(c.protocols, ",")); err != nil {
			t.Fatal(err)
		}
		p.fit(s.labeled(), s.unlabeled())

		var got []string
		err = opener{run: set, taken: map[string]string{}}.each(t.Context(), p, func(_ context.Context, g group) error {
			for _, protocol := range s.protocols {
				if g.suits(protocol) {
					got = append(got, g.name+" "+protocol.name)
				}
			}
			return nil
		})
		if all := strings.Join(got, ","); err != nil || all != c.want {
			t.Errorf("%s by %s: got %s (%v), want %s", c.tasks, c.protocols, all, err, c.want)
		}
	}
}

// otherSets is what AllTasks measures besides the generated set.
func otherSets() (sets []setPlan) {
	for _, known := range TaskSets() {
		if known.Name != dataset.FactorsName {
			sets = append(sets, setPlan{names: known.names(), optional: true})
		}
	}
	return sets
}

func TestPlan_MergesWhatIsAskedOfOneSet(t *testing.T) {
	for _, c := range []struct {
		name string
		add  []setPlan
		want []setPlan
	}{
		{"two labels",
			[]setPlan{{names: []string{"a"}, labels: []string{"x"}}, {names: []string{"a"}, labels: []string{"y"}}},
			[]setPlan{{names: []string{"a"}, labels: []string{"x", "y"}}}},
		{"a label, then all", []setPlan{{names: []string{"a"}, labels: []string{"x"}}, {names: []string{"a"}}},
			[]setPlan{{names: []string{"a"}}}},
		{"all, then a label", []setPlan{{names: []string{"a"}}, {names: []string{"a"}, labels: []string{"x"}}},
			[]setPlan{{names: []string{"a"}}}},
		{"optional, then by its name", []setPlan{{names: []string{"a", "b"}, optional: true}, {names: []string{"b"}}},
			[]setPlan{{names: []string{"b"}}}},
		{"by its name, then optional", []setPlan{{names: []string{"b"}}, {names: []string{"a", "b"}, optional: true}},
			[]setPlan{{names: []string{"b"}}}},
		{"two sets", []setPlan{{names: []string{"a"}}, {names: []string{"b"}}},
			[]setPlan{{names: []string{"a"}}, {names: []string{"b"}}}},
	} {
		var p plan
		for _, s := range c.add {
			p.add(s)
		}
		if !reflect.DeepEqual(p.sets, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.name, p.sets, c.want)
		}
	}
}

// A set that is absent is left out, with a hint how to get it.
func testAbsentSet(t *testing.T, dir string, c pretrain.Config) {
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

func TestGroupOf_HoldsOutWhatTrainingLeavesOut(t *testing.T) {
	set, err := dataset.Factors(t.Context(), dataset.FactorsOptions{Cache: t.TempDir(), Train: 80, Test: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	keep, held, err := set.HoldOut()
	if err != nil {
		t.Fatal(err)
	}
	for _, labels := range [][]string{nil, {"scale"}} {
		g, err := groupOf(set, "factors", labels, false)
		if err != nil || !slices.Equal(g.fit, keep) || !slices.Equal(g.held, held) {
			t.Errorf("%v: validation holds out other images than training leaves out (%v)", labels, err)
		}
	}
}

func TestPlan_AMissingSetCanBeDownloaded(t *testing.T) {
	t.Setenv("SSLX_CACHE", t.TempDir())
	t.Setenv("SSLX_DATA", "")
	set, err := dataset.Factors(t.Context(), dataset.FactorsOptions{Train: 80, Test: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	for _, name := range []string{"cifar10", "cifar10/class", "cifar100"} {
		p, err := planner{set: set}.plan([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := strings.Cut(name, "/")
		if err := p.check(t.Context(), set); dataset.Downloadable(err) != want {
			t.Errorf("%s: %v, which %q downloads", name, err, dataset.Downloadable(err))
		}
	}
}

func TestOpener_APackThatIsCutShortIsAnError(t *testing.T) {
	birds := folder(t, map[string]int{"train/crow": 20, "train/jay": 20, "test/crow": 5, "test/jay": 5}, square(64))
	pack, _, err := dataset.Import(t.Context(), birds, dataset.ImportOptions{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	set, err := dataset.Open(pack)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = set.Close() }()
	if err := os.Truncate(pack, 8192); err != nil {
		t.Fatal(err)
	}

	o := opener{run: set, taken: map[string]string{}, opt: progress.Options{Warn: func(string) {}}}
	for name, p := range map[string]plan{"own": {own: []string{"class"}}, "made": {made: []string{MadeGray}}} {
		err := o.each(t.Context(), p, func(_ context.Context, g group) error {
			rawPixels(g.train.Images, 3)
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), "cannot be read any more") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
