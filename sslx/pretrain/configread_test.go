package pretrain

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/augment"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/record"
)

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadConfig_AssignmentsChangeTheFileAndTheFileTheDefaults(t *testing.T) {
	path := written(t, "seed: 3\nbatch: 64\noptimizer: {lr: 0.5}\nprojector: [8, 4]\n")
	got, err := ReadConfig(path, []string{"batch=128", "optimizer.name=lars", "projector=[32, 16, 8]", "data= x y ",
		" probe.task = none", "seed=18446744073709551615", "views.jitter=0"})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Seed, want.Batch, want.Data, want.Projector = 1<<64-1, 128, "x y", []int{32, 16, 8}
	want.Optimizer.LR, want.Optimizer.Rule, want.Probe.Task = 0.5, optimizer.LARS{Momentum: 0.9}, "none"
	want.Views[0].Jitter, want.Views[1].Jitter = 0, 0
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestReadConfig_AFileThatSetsNothingGivesTheDefaults(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "{}\n", "~\n"} {
		if got, err := ReadConfig(written(t, text), nil); err != nil || !reflect.DeepEqual(got, Default()) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	if got, err := ReadConfig("", nil); err != nil || !reflect.DeepEqual(got, Default()) {
		t.Errorf("no file: %+v, %v", got, err)
	}
}

func TestReadConfig_AWrittenConfigurationReadsBackAsItself(t *testing.T) {
	c := tiny()
	text, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadConfig(written(t, string(text)), nil)
	if c = c.resolvedNorm(); err != nil || !reflect.DeepEqual(got.resolvedNorm(), c) {
		t.Errorf("got %+v (%v), want %+v", got, err, c)
	}
}

func TestReadConfig_SaysWhatIsWrongAndWhere(t *testing.T) {
	for _, c := range []struct {
		file string
		set  string
		want []string
	}{
		{set: "optimiser.lr=1", want: []string{"assignment optimiser.lr=1", `did you mean "optimizer"`}},
		{set: "optimizer.lrr=1", want: []string{`unknown key "optimizer.lrr"`, `did you mean "optimizer.lr"`}},
		{set: "lr=0.1", want: []string{`unknown key "lr"`, `did you mean "optimizer.lr" or "probe.lr"?`}},
		{file: "\tseed: 1\n", want: []string{"line 1 begins with a tab"}},
		{file: "optimizer:\n\tlr: 1\n", want: []string{"c.yaml", "line 2 begins with a tab", "spaces"}},
		{set: "wibble=1", want: []string{`unknown key "wibble"`, "batch"}},
		{set: "=1", want: []string{`unknown key ""`}},
		{set: "optimizer.=1", want: []string{`unknown key "optimizer."`}},
		{set: "seed.x=1", want: []string{`"seed" must be a whole number`}},
		{set: "batch", want: []string{"assignment batch", "key=value"}},
		{set: "batch=many", want: []string{"assignment batch=many", "many", "whole number"}},
		{set: "batch=2.5", want: []string{`"batch" is 2.5`, "whole number"}},
		{set: "projector=[8, 4.5]", want: []string{`"projector" is 4.5`, "whole number"}},
		{set: "projector=[8, ~]", want: []string{`"projector" has no value`}},
		{set: "seed=-1", want: []string{"-1", "uint64"}},
		{set: "projector=8", want: []string{"projector", "must be a list"}},
		{set: "optimizer=[sgd]", want: []string{`"optimizer" needs keys below it`}},
		{set: "encoder=3", want: []string{`"encoder" needs keys below it`}},
		{set: "objective.name=", want: []string{`"objective.name" has no value`}},
		{set: "objective.temperature=warm", want: []string{"warm", "must be a number"}},
		{set: "objective.lambda=1", want: []string{"objective.lambda", "simclr does not use"}},
		{set: "optimizer={name: adamw, momentum: 1}", want: []string{"optimizer.momentum", "adamw does not use"}},
		{set: "batch=", want: []string{`"batch" has no value`}},
		{set: "projector=[1", want: []string{"not YAML"}},
		{set: "batch=1", want: []string{"batch is 1", "2 or more"}},
		{file: "views:\n  flip: 0.5\n  flop: 1\n", want: []string{"c.yaml", `did you mean "views.flip"`}},
		{file: "seed: 1\nbatch: many\n", want: []string{"c.yaml", "line 2", "many"}},
		{file: "seed: 1\nseed: 2\n", want: []string{"seed", "already"}},
		{file: "optimizer:\n  lr: 1\n  lr: 2\n", want: []string{"lr", "already"}},
		{file: "objective: simclr\nobjective: vicreg\n", want: []string{"objective", "already"}},
		{file: "seed:\n", want: []string{`"seed" has no value`}},
		{file: "views:\n", want: []string{`"views" has no value`}},
		{file: "hello\n", want: []string{"keys with values"}},
		{file: "- seed\n", want: []string{"keys with values"}},
		{file: "seed: 1\n---\nseed: 2\n", want: []string{"one YAML document"}},
		{file: "\x00\x01", want: []string{"not YAML"}},
		{file: "encoder: {name: resnet188}\n", want: []string{`did you mean "resnet18"`}},
	} {
		path, sets := "", []string{}
		if c.file != "" {
			path = written(t, c.file)
		}
		if c.set != "" {
			sets = append(sets, c.set)
		}
		_, err := ReadConfig(path, sets)
		if !usage.Is(err) {
			t.Errorf("%q %q: %v is no usage error", c.file, c.set, err)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q %q: %q lacks %q", c.file, c.set, err, want)
			}
		}
		if text := err.Error(); strings.Contains(text, "\n") || path == "" && strings.Contains(text, "line ") {
			t.Errorf("%q %q: %q is not one sentence about the assignment", c.file, c.set, text)
		}
	}
}

func TestReadConfig_TakesARecordAsItIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "old")
	run, err := record.Create(dir, Default(), record.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}

	// An early record does not say how often the run saved, and today's default is 60 seconds.
	path := filepath.Join(dir, "config.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)^checkpoint_seconds: .*\n`).ReplaceAll(text, nil)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	own, err := RunConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ReadConfig(path, []string{"seed=3"})
	own.Seed = 3
	if err != nil || !reflect.DeepEqual(got, own) || got.CheckpointSeconds != 0 {
		t.Errorf("got %+v (%v), the run has %+v", got, err, own)
	}
}

func TestReadConfig_RefusesAMissingFileAndAFolder(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "none.yaml"), t.TempDir()} {
		if _, err := ReadConfig(path, nil); !usage.Is(err) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestKeys_CanAllBeAssigned(t *testing.T) {
	keys := Keys()
	for _, key := range []string{"data", "optimizer.lr", "views.crop_scale", "probe.task", "checkpoint_seconds"} {
		if !slices.Contains(keys, key) {
			t.Errorf("%v lacks %s", keys, key)
		}
	}
	with := map[string]string{ // what a key is of use with
		"objective.patch": "objective.negatives=patch-same", "objective.negatives_k": "objective.negatives=random-k",
		"views.patch_at": "views.patch=8", "views.blur_kernel": "views.blur=0.5",
		"views.blur_kernel_width": "views={blur: 0.5, blur_kernel: 3}", "predictor": "objective.name=byol",
		"encoder.stem": "encoder.name=resnet18", "encoder.drop_path": "encoder.name=vit-tiny",
		"encoder.image_size": "encoder.name=vit-tiny", "encoder.patch": "encoder.name=vit-tiny",
		"encoder.pool": "encoder.name=vit-tiny", "encoder.positions": "encoder.name=vit-tiny",
	}
	for _, method := range objective.Names() {
		for _, key := range keys {
			if strings.HasPrefix(key, "objective.") && with[key] == "" {
				with[method+key] = "objective.name=" + method
			}
		}
	}
	fits := func(key string) bool {
		for _, value := range []string{
			"4", "3", "512", "0.5", "simclr", "convnet", "sgd", "none", "[4]", "true", "batch", "joint", "cifar",
			"mean", "sine",
			"center", "bfloat16", "[jsonl]", "[{epoch: 0, size: 16}]", "[rotation]"} {
			for _, method := range append([]string{""}, objective.Names()...) {
				assignments := []string{key + "=" + value}
				if other := with[method+key]; other != "" {
					assignments = append([]string{other}, assignments...)
				}
				if _, err := ReadConfig("", assignments); err == nil {
					return true
				}
			}
		}
		return false
	}
	for _, key := range keys {
		if !fits(key) {
			t.Errorf("no value fits %s", key)
		}
	}
}

// Records of before every default was written.
func TestConfig_ReadsARecordOfBefore(t *testing.T) {
	c := Config{}
	err := yaml.Unmarshal([]byte(`data: cifar10
epochs: 5
batch: 128
views: {size: 0, crop_scale: 0.2, flip: 0.5}
encoder: {name: convnet, width: 0}
objective: {name: dclw, negatives: patch-same}
optimizer: {name: adamw, lr: 0.6, scale: linear, weight_decay: 0.0005, momentum: 0.9, warmup_epochs: 0.5}
`), &c)
	view := augment.Config{CropScale: 0.2, Flip: 0.5}
	want := Config{Data: "cifar10", Epochs: 5, Batch: 128, Views: augment.Views{view, view},
		Encoder: encoder.ConvNet{Width: 32},
		Objective: objective.DCLW{Temperature: 0.1, Sigma: 0.5,
			Negatives: objective.Negatives{Kind: "patch-same", K: 1, Patch: 8}},
		Optimizer: optimizer.Config{Rule: optimizer.AdamW{}, LR: 0.6, Scale: "linear", WeightDecay: 5e-4,
			WarmupEpochs: 0.5}}
	if err != nil || !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v (%v), want %+v", c, err, want)
	}
}

func TestConfig_IsWrittenWithEveryParameterAndReadBack(t *testing.T) {
	c := Default()
	c.Objective = objective.SimCLR{Temperature: 0.2, Negatives: objective.Negatives{Kind: "patch-fixed"}}
	var again, other Config

	text, err := yaml.Marshal(c)
	if err == nil {
		err = yaml.Unmarshal(text, &again)
	}
	if err != nil || !reflect.DeepEqual(again, c.Resolved()) {
		t.Errorf("YAML: got %+v (%v), want %+v", again, err, c.Resolved())
	}
	inYAML := "objective:\n    name: simclr\n    temperature: 0.2\n    negatives: patch-fixed\n    patch: 8\n"
	if !strings.Contains(string(text), inYAML) {
		t.Errorf("%s lacks %s", text, inYAML)
	}

	text, err = json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(text, &other)
	}
	if err != nil || !reflect.DeepEqual(other, c.Resolved()) {
		t.Errorf("JSON: got %+v (%v), want %+v", other, err, c.Resolved())
	}
	want := `"encoder":{"name":"convnet","width":32},"projector":[256,128],"objective":{"name":"simclr",` +
		`"temperature":0.2,"negatives":"patch-fixed","patch":8},"optimizer":{"name":"sgd",`
	if !strings.Contains(string(text), want) {
		t.Errorf("%s lacks %s", text, want)
	}
}

func TestRunConfig_PartsOfAnotherModuleNeedItsCommand(t *testing.T) {
	for text, hinted := range map[string]bool{"objective: {name: margin}\n": true, "epochs: many\n": false} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := RunConfig(dir)
		if err == nil || strings.Contains(err.Error(), "docs/extending.md") != hinted {
			t.Errorf("%s: got %v", text, err)
		}
	}
}
