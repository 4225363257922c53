package pretrain

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/dataset"
)

func TestFits_RefusesDataThatCannotBeTrainedOn(t *testing.T) {
	set := tinySet(t)
	for _, c := range []struct {
		want   string
		change func(c *Config)
	}{
		{"batch is 257, but factors has 256 training images", func(c *Config) { c.Batch = 257 }},
		{"8 or more", func(c *Config) { c.Views[1].Size = 7 }},
		{"8 or more", func(c *Config) { c.Views[1].Operations = augment.Pipeline{augment.CenterCrop{Height: 7}} }},
		{`"shape"`, func(c *Config) { c.Probe.Task = "shap" }},
		{"supcon learns from the labels of probe.task", func(c *Config) {
			c.Probe.Task, c.Objective = NoProbe, method("supcon")
		}},
		{"supervised learns from the labels of probe.task", func(c *Config) {
			c.Probe.Task, c.Objective = NoProbe, method("supervised")
		}},
	} {
		config := tiny()
		c.change(&config)
		if err := Fits(set, config); !usage.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	config := tiny()
	config.Batch = 256
	if err := Fits(set, config); err != nil {
		t.Error(err)
	}
}

func TestTrainingData_HasTheLabelsOfTheNamedTask(t *testing.T) {
	set := opened(t, dataset.FactorsOptions{Train: 64, Test: 8})
	for task, want := range map[string]string{"": set.Tasks()[0].Name, "scale": "scale", NoProbe: ""} {
		c := tiny()
		c.Probe.Task = task
		d, err := trainingData(set, c)
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			if d.labels != nil {
				t.Error("without a probe there are labels")
			}
			continue
		}
		split, err := set.Split("train")
		if err != nil {
			t.Fatal(err)
		}
		labels, err := split.Labels(want)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(d.labels, labels) {
			t.Errorf("%q: not the labels of %s", task, want)
		}
	}
}

func TestPermutation_GivesEveryEpochItsOwnOrder(t *testing.T) {
	const n = 256
	seen := map[string]bool{}
	for _, seed := range []uint64{0, 1} {
		for epoch := range 4 {
			order := permutation(seed, epoch, n)
			key := fmt.Sprint(order)
			if seen[key] {
				t.Errorf("seed %d, epoch %d: an order that was there before", seed, epoch)
			}
			seen[key] = true
			if !slices.Equal(order, permutation(seed, epoch, n)) {
				t.Error("the same epoch has two orders")
			}
			slices.Sort(order)
			for i, v := range order {
				if i != v {
					t.Fatalf("seed %d, epoch %d: image %d is missing or twice", seed, epoch, i)
				}
			}
		}
	}
}
