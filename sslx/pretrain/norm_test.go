package pretrain

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
)

func TestNorm_IsThatOfTheMethodAndIsRecorded(t *testing.T) {
	for _, c := range []struct {
		assignments     []string
		norm, negatives string
	}{
		{nil, NormJoint, ""}, // SimCLR
		{[]string{"objective.name=barlow"}, NormPerView, ""},
		{[]string{"objective.name=vicreg"}, NormPerView, ""},
		{[]string{"objective.name=byol"}, NormPerView, ""},
		{[]string{"objective.name=simsiam"}, NormPerView, ""},
		{[]string{"objective.name=moco", "batch=64"}, NormPerView, ""},
		{[]string{"objective.name=barlow", "norm=joint"}, NormJoint, ""},
		{[]string{"objective.name=barlow", "norm=group"}, NormGroup, ""},
		{[]string{"objective.negatives=patch-same"}, NormJoint, NormOwn},
		{[]string{"objective.negatives=patch-same", "negatives_norm=joint"}, NormJoint, NormJoint},
		{[]string{"objective.negatives=patch-same", "norm=group"}, NormGroup, ""},
	} {
		config, err := ReadConfig("", c.assignments)
		if err != nil {
			t.Fatal(err)
		}
		resolved := config.Resolved()
		if resolved.Norm != c.norm || resolved.NegativesNorm != c.negatives {
			t.Errorf("%v: %q, negatives %q, want %q and %q", c.assignments, resolved.Norm, resolved.NegativesNorm,
				c.norm, c.negatives)
		}

		// What is written says so too, and reads as it was.
		text, err := json.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		var read Config
		if err := json.Unmarshal(text, &read); err != nil || read.Norm != c.norm || read.NegativesNorm != c.negatives {
			t.Errorf("%v: written as %s (%v)", c.assignments, text, err)
		}
	}

	for assignment, want := range map[string]string{
		"norm=perview":       `unknown norm "perview": did you mean "per-view"?`,
		"negatives_norm=all": `unknown negatives_norm "all"`,
		"norm=per-view negatives_norm=joint objective.negatives=patch-fixed": "negatives_norm is joint and norm " +
			"per-view, but the negatives of objective simclr are one image",
	} {
		_, err := ReadConfig("", strings.Fields(assignment))
		if !usage.Is(err) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", assignment, err, want)
		}
	}
}

// Records of before the choice mean what they meant.
func TestNorm_OfOldRecordsIsJoint(t *testing.T) {
	const record = "objective: {name: barlow}\nbatch: 64\n"
	var c Config
	if err := yaml.Unmarshal([]byte(record), &c); err != nil {
		t.Fatal(err)
	}
	if n := c.norm(2, 64); n != (encoder.Norm{}) || c.negativesApart() {
		t.Errorf("read as %+v", n)
	}
	written, err := yaml.Marshal(c)
	if err != nil || strings.Contains(string(written), "norm:") {
		t.Errorf("%v: written as\n%s", err, written)
	}

	// A checkpoint of before resumes.
	same, err := sameTraining(c, c.Resolved())
	if err != nil || !same || c.Resolved().Norm != NormJoint {
		t.Errorf("%v %v: resolved as %q", same, err, c.Resolved().Norm)
	}
	c.Norm = NormPerView
	if same, _ := sameTraining(Config{Objective: c.Objective}, c); same {
		t.Error("another norm is not noticed")
	}
}

// normed runs the networks of a configuration on two views and one that is a negative, all unlike in brightness, and
// returns the embeddings of each and the variables.
func normed(t *testing.T, change func(*Config)) (z [][]float32, variables map[string]*tensors.Tensor) {
	t.Helper()
	b := testbackend.PureGo(t)
	c := tiny()
	c.Encoder, c.Projector = encoder.ConvNet{Width: 1}, []int{4, 3}
	c.Objective = objective.SimCLR{Temperature: 1, Negatives: objective.Negatives{Kind: "crop-same", K: 1}}
	change(&c)
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}

	store := newStore(c)
	exec, err := model.NewExec(b, store, func(scope *model.Scope, images []*Node) []*Node {
		out := encodeOnline(scope, c, images)
		return slices.Concat(embeddings(out.online), out.negatives)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	var views []any
	for i := range 3 {
		values := randomDirections(uint64(i), 4, 8*8*3)
		for j := range values {
			values[j] = float32(i) + float32(1+i)*10*values[j]
		}
		views = append(views, tensors.FromFlatDataAndDimensions(values, 4, 8, 8, 3))
	}
	outputs, err := exec.Call(views...)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range outputs {
		z = append(z, tensors.MustCopyFlatData[float32](out))
	}
	return z, clones(t, store)
}

// near reports whether two lists differ by rounding only.
func near(a, b []float32) bool {
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-5 {
			return false
		}
	}
	return true
}

func TestNorm_DecidesWhoSharesStatistics(t *testing.T) {
	const mean = "/encoder/stem/mean"
	running := func(v map[string]*tensors.Tensor) []float32 { return tensors.MustCopyFlatData[float32](v[mean]) }
	joint, jointRunning := normed(t, func(c *Config) { c.Norm, c.NegativesNorm = NormJoint, NormJoint })
	own, ownRunning := normed(t, func(c *Config) { c.Norm = NormJoint })
	perView, eachRunning := normed(t, func(c *Config) { c.Norm = NormPerView })

	for what, wrong := range map[string]bool{
		"negatives share the statistics of anchors":  near(own[0], joint[0]),
		"negatives move the running statistics":      near(running(ownRunning), running(jointRunning)),
		"views share their statistics":               near(perView[0], own[0]),
		"negatives depend on the norm of anchors":    !near(perView[2], own[2]),
		"running statistics move once for all views": near(running(eachRunning), running(ownRunning)),
	} {
		if wrong {
			t.Error(what)
		}
	}

	group, variables := normed(t, func(c *Config) { c.Norm = NormGroup })
	if variables[mean] != nil || near(group[0], joint[0]) {
		t.Error("group normalization has running statistics")
	}
}
