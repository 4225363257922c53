package bench

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// scripts/gpu prepares a folder for a machine that has neither Go nor a network. Without a GPU, what runs there runs
// here at a small size.
func TestGPUScript_MeasuresAndTrainsInStretches(t *testing.T) {
	if os.Getenv("SSLX_DATA") == "" {
		t.Skip("scripts/gpu takes CIFAR-10 along: set SSLX_DATA to the folder with its archive")
	}
	if exec.CommandContext(t.Context(), "nvidia-smi").Run() == nil {
		t.Skip("this machine has a GPU: run scripts/gpu itself, which takes ten minutes")
	}
	folder := filepath.Join(t.TempDir(), "gpu")
	run := func(env string, command ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), command[0], command[1:]...)
		c.Env = append(os.Environ(), env)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
		return string(out)
	}
	run("", "../scripts/gpu", "prepare", folder)
	script := filepath.Join(folder, "gpu")

	// The tests that check a GPU are there; they run with all others.
	for test, program := range map[string]string{"TestOperations_GiveThePixelsOfTorchvision": "augment",
		"TestLosses_AreThoseOfOtherLibraries": "objective", "TestStep_IsThatOfThePureGoBackend": "pretrain"} {
		list := run("", filepath.Join(folder, "programs", program+".test"), "-test.list", ".")
		if !strings.Contains(list, test+"\n") {
			t.Errorf("%s has no %s", program, test)
		}
	}

	// A GPU, and a Python without the plugin.
	path := t.TempDir()
	for name, status := range map[string]string{"nvidia-smi": "0", "python3": "1"} {
		text := "#!/bin/sh\nexit " + status + "\n"
		if err := os.WriteFile(filepath.Join(path, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.CommandContext(t.Context(), script, "check")
	c.Env = append(os.Environ(), "PATH="+path+":"+os.Getenv("PATH"))
	out, err := c.CombinedOutput()
	if err == nil || !strings.HasPrefix(string(out), "gpu: python3 has no jax-cuda13-pjrt") {
		t.Errorf("without a plugin: %v, %s", err, out)
	}

	run("", script, "measure")
	for _, name := range []string{"views", "step-float32", "step-bfloat16", "endtoend-float32", "endtoend-bfloat16"} {
		var r Result
		text, err := os.ReadFile(filepath.Join(folder, "results", name+".json"))
		if err != nil || json.Unmarshal(text, &r) != nil || r.Sslx.Median <= 0 {
			t.Errorf("%s: %v, %s", name, err, text)
		}
	}

	// A stretch that is too short for the training, and one that ends it and evaluates.
	if out := run("STRETCH=2", script, "train"); !strings.Contains(out, "the next call continues it") {
		t.Errorf("the first stretch: %s", out)
	}
	if out := run("STRETCH=300", script, "train"); !strings.Contains(out, "cifar10/class  knn") {
		t.Errorf("the second stretch: %s", out)
	}
}
