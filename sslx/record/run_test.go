package record

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/registry"
	"github.com/sslx-go/lab/internal/usage"
)

// settings stands for the configuration of a training.
type settings struct {
	Epochs int    `yaml:"epochs"`
	Data   string `yaml:"data"`
}

func created(t *testing.T) *Run {
	t.Helper()
	r, err := Create(filepath.Join(t.TempDir(), "deep", "run"), settings{3, "factors"}, Describe())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestRun_NewRunDescribesItself(t *testing.T) {
	r := created(t)
	if got, want := names(t, r.Dir()), []string{".lock", "config.yaml", "environment.json"}; !slices.Equal(got, want) {
		t.Errorf("the folder has %v, want %v", got, want)
	}
	var c settings
	if err := ReadConfig(r.Dir(), &c); err != nil || c != (settings{3, "factors"}) {
		t.Errorf("the configuration reads back as %+v (%v)", c, err)
	}
	if !IsRun(r.Dir()) || r.Name() != "run" || Name(r.Dir()+"/") != "run" {
		t.Errorf("%s is no run called run", r.Dir())
	}
}

func TestRun_FolderThatCannotHoldANewRunIsAUsageErrorAndKeepsWhatItHas(t *testing.T) {
	for name, c := range map[string]struct {
		make func(t *testing.T, dir string)
		want string
	}{
		"not empty":   {func(t *testing.T, dir string) { write(t, filepath.Join(dir, "notes.txt"), "x") }, "not empty"},
		"a subfolder": {func(t *testing.T, dir string) { _ = os.Mkdir(filepath.Join(dir, "a"), 0o755) }, "not empty"},
		"a run": {func(t *testing.T, dir string) { write(t, filepath.Join(dir, "config.yaml"), "x: 1") },
			"resume it"},
	} {
		dir := t.TempDir()
		c.make(t, dir)
		before := names(t, dir)
		_, err := Create(dir, settings{}, Environment{})
		if !usage.Is(err) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
		if after := names(t, dir); !slices.Equal(before, after) {
			t.Errorf("%s: the folder had %v and has %v", name, before, after)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "x")
	if _, err := Create(file, settings{}, Environment{}); !usage.Is(err) || read(t, file) != "x" {
		t.Errorf("a file as run folder: %v", err)
	}
}

func TestRun_IsHeldByOneAtATime(t *testing.T) {
	r := created(t)
	if _, err := Open(r.Dir()); !usage.Is(err) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("opened twice: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	again, err := Open(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestRun_OfManyWhoCreateTheSameRunOneSucceeds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	const many = 16
	errs := make([]error, many)
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() {
			var r *Run
			if r, errs[i] = Create(dir, settings{Epochs: i}, Environment{}); errs[i] == nil {
				errs[i] = r.Close() // at once: the next one must find a run, not an empty folder
			}
		})
	}
	group.Wait()
	made := 0
	for i, err := range errs {
		if err == nil {
			made++
			var c settings
			if err := ReadConfig(dir, &c); err != nil || c.Epochs != i {
				t.Errorf("the run of %d has %+v (%v)", i, c, err)
			}
		} else if !usage.Is(err) {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d runs were made in one folder", made)
	}
}

func TestRun_AnotherProcessFindsTheRunInUse(t *testing.T) {
	if dir := os.Getenv("SSLX_TEST_RUN"); dir != "" {
		_, err := Open(dir)
		_, _ = os.Stdout.WriteString("\n" + err.Error() + "\n")
		return
	}
	r := created(t)
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	c.Env = append(os.Environ(), "SSLX_TEST_RUN="+r.Dir())
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "is in use by another process") {
		t.Errorf("%s (%v)", out, err)
	}
}

func TestRun_WhatAKilledProcessLeftIsRemoved(t *testing.T) {
	r := created(t)
	dir := r.Dir()
	_ = r.Close()
	left := []string{".checkpoint.safetensors123", ".metrics.jsonl9", ".results.jsonl77", ".report.html1",
		".config.yaml0"}
	for _, name := range left {
		write(t, filepath.Join(dir, name), "half")
	}
	for _, name := range []string{".mine", "checkpoint.safetensors", ".checkpoint.safetensors.bak"} {
		write(t, filepath.Join(dir, name), "kept")
	}
	again, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	want := []string{".checkpoint.safetensors.bak", ".lock", ".mine", "checkpoint.safetensors", "config.yaml",
		"environment.json"}
	if got := names(t, dir); !slices.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
}

func TestRun_CreateThatWasKilledCanBeRepeated(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".lock", "environment.json", ".config.yaml123"} {
		write(t, filepath.Join(dir, name), "")
	}
	r, err := Create(dir, settings{}, Environment{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if got, want := names(t, dir), []string{".lock", "config.yaml", "environment.json"}; !slices.Equal(got, want) {
		t.Errorf("left %v, want %v", got, want)
	}
}

func TestRun_FolderThatIsNoRunIsAUsageError(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		_, err := Open(dir)
		if !usage.Is(err) || !strings.Contains(err.Error(), "not a run folder") {
			t.Errorf("Open: %v", err)
		}
		if err := ReadConfig(dir, new(settings)); !usage.Is(err) || !strings.Contains(err.Error(), "not a run folder") {
			t.Errorf("ReadConfig: %v", err)
		}
		if _, err := ReadEnvironment(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("ReadEnvironment: %v", err)
		}
	}
}

func TestRun_ConfigurationOfAnotherVersionIsRefused(t *testing.T) {
	for _, text := range []string{"epochs: 3\nwidth: 4\n", "epochs: many\n", "", "\x00"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "config.yaml"), text)
		err := ReadConfig(dir, new(settings))
		if err == nil || usage.Is(err) || !strings.Contains(err.Error(), filepath.Join(dir, "config.yaml")) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// partOf is a configuration that names a part, as objectives are named.
type partOf struct{}

var parts = registry.New[any]("objective")

func (partOf) UnmarshalYAML(node *yaml.Node) error {
	_, err := parts.Decode(node, "objective", nil)
	return err
}

func TestReadConfig_NamesTheProgramThatHasThePart(t *testing.T) {
	for program, want := range map[string]string{
		"":                   "use the program that trained the run (docs",
		"example.com/own v1": "use the program that trained the run, which is of module example.com/own v1 (docs",
	} {
		config := map[string]map[string]string{"objective": {"name": "align-uniform"}}
		r, err := Create(filepath.Join(t.TempDir(), "run"), config, Environment{Program: program})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.Close() }()

		err = ReadConfig(r.Dir(), &struct{ Objective partOf }{})
		if err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), `(unknown objective "align-uniform": `) {
			t.Errorf("program %q: got %v", program, err)
		}
	}
}
