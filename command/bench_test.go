package command

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sslx-go/lab/bench"
	"github.com/sslx-go/lab/sslx/record"
)

func TestBench_WrongUsageExitsWith2AndOneSentence(t *testing.T) {
	isolate(t)
	for args, says := range map[string]string{
		"bench vews":                           `did you mean "views"?`,
		"bench views --peers torchvison":       `unknown peer of views "torchvison": did you mean "torchvision"?`,
		"bench views --size 4":                 "views of 4 pixels are out of range",
		"bench step --encoder resnet":          `did you mean "resnet18"?`,
		"bench step --precision bfloat61":      `did you mean "bfloat16"?`,
		"bench step --peers kornia":            `unknown peer of step "kornia": it must be one of jax, none, pytorch`,
		"bench step --turns 0":                 "0 turns",
		"bench endtoend --peers none,lightly":  `the peer "none" stands alone: leave it out, or the others`,
		"bench evaluate --protocol nn":         `did you mean "knn"?`,
		"bench endtoend --batch 1":             "a batch of 1 images",
		"bench endtoend --data x --peers none": `there is no data set "x"`,
		"bench embed --encoder resnet200":      `did you mean "resnet20"?`,
		"bench embed --size 4":                 "images of 4 pixels are out of range",
		"bench import":                         "there is no folder to import: name one with images in class",
		"bench import --folder x --size -1":    "size -1 is out of range",
		"bench step now":                       `"now" is one argument too many`,
		"bench race --programs lightl":         `did you mean "lightly"?`,
		"bench race --recipe cifar10-cup":      `did you mean "cifar10-cpu"?`,
		"bench race --minute 5":                "did you mean --minutes?",
		"bench race --seeds 0":                 "0 seeds are out of range: there must be from 1 to 100 (--seeds)",
		"bench race --again sslx":              "name the record that has it (--out)",
	} {
		status, stdout, stderr := call(t, strings.Fields(args)...)
		if status != statusUsage || stdout != "" || !strings.Contains(stderr, says) {
			t.Errorf("%s: status %d, stdout %q, stderr %q; want 2 and %q", args, status, stdout, stderr, says)
		}
	}
}

func TestBench_PrintsATableWithItsNotes(t *testing.T) {
	var stdout bytes.Buffer
	err := (&app{stdout: &stdout}).printBench(bench.Result{
		Sslx: bench.Rates{Median: 4000, Q1: 3900, Q3: 4100.4, Unit: "views/s", Turns: []float64{1, 2}},
		Peers: []bench.Peer{{Name: "kornia", Version: "0.9.0", Note: "batched",
			Rates: bench.Rates{Median: 1999.6, Q1: 1000,
				Q3: 2.345}}},
		Ratio: map[string]float64{"kornia": 2},
		Missing: []bench.Missing{{Name: "torchvision", Reason: "not installed: no torch",
			Install: "bench/install"}},
		Peak:        &bench.Peak{Image: 0.01, Product: bench.Rates{Median: 80}, Share: 0.5},
		Busy:        1.25,
		Environment: record.Environment{Device: "a machine"},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantTexts(t, stdout.String(), "sslx    "+moduleVersion(), "4000  3900  4100", "kornia  0.9.0", "2000  1000  2.35",
		"2.00x", "views/s, 2 turns each, on a machine", "1.2 cores were busy", "40.0 GFLOP/s, 50 % of the 80.0",
		"kornia       batched",
		"torchvision  not installed: no torch: run bench/install")
}

func TestBenchRace_PrintsTimesLeadAndNotes(t *testing.T) {
	var stdout bytes.Buffer
	run := func(program, recipe string, seconds, accuracy, busy float64) bench.RaceRun {
		return bench.RaceRun{Program: program, Recipe: recipe, Note: "alone", Seed: 1, Finished: true, Busy: busy,
			Checkpoints: []bench.RaceCheckpoint{{Seconds: seconds / 2, Accuracy: 0.1}, {Seconds: seconds, Epoch: 5,
				Accuracy: accuracy}}}
	}
	err := (&app{stdout: &stdout}).printRace(bench.RaceRecord{
		Runs: []bench.RaceRun{run("sslx", "fast", 200, 0.61, 0), run("lightly", "", 4000, 0.62, 1.25)},
		Missing: []bench.Missing{{Name: "solo-learn-convnet", Reason: "not installed: no torch",
			Install: "bench/install"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantTexts(t, stdout.String(), "sslx, fast", "3 min 20 s", "61.0 %", "5 epochs", "sslx is sooner than", "10.0x",
		"sslx fast           alone", "lightly             alone",
		"1.2 cores were busy with other work while lightly raced with seed 1",
		"solo-learn-convnet  not installed: no torch: run bench/install")
}
