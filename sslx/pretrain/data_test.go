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
			if d.labels != nil || d.knnRows != 0 {
				t.Error("without a probe there are labels, or there is an online kNN")
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

func TestTrainingData_LeavesTheValidationImagesOut(t *testing.T) {
	set := opened(t, dataset.FactorsOptions{Train: 64, Test: 8})
	keep, held, err := set.HoldOut()
	if err != nil || len(held) == 0 || len(keep)+len(held) != 64 {
		t.Fatalf("%d and %d images (%v)", len(keep), len(held), err)
	}
	c := tiny()
	c.HoldOut, c.Batch, c.Epochs = true, 4, 3
	d, err := trainingData(set, c)
	if err != nil {
		t.Fatal(err)
	}

	// Every image that is kept can come, by its own index, and no other.
	times := map[int]int{}
	for batch := range batchesFrom(c, d, 0) {
		for _, i := range batch {
			times[i]++
		}
	}
	for _, i := range held {
		if times[i] > 0 {
			t.Errorf("image %d is held out and trained on", i)
		}
	}
	if want := len(keep) / 4 * 4 * 3; sum(times) != want || len(times) != len(keep) {
		t.Errorf("%d images are trained on %d times, want %d times", len(times), sum(times), want)
	}

	c.Batch = 64
	if _, err := trainingData(set, c); !usage.Is(err) {
		t.Errorf("a batch of all images is taken: %v", err)
	}
}

func sum(times map[int]int) (n int) {
	for _, v := range times {
		n += v
	}
	return n
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
