package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSweep_SaysWhatIsWrong(t *testing.T) {
	isolate(t)
	writeFile(t, "lr.yaml", "vary: {optimizer.lr: [0.1, 0.2]}\n")
	writeFile(t, "wrong.yaml", "vary: {optimizer.lrr: [0.1, 0.2]}\n")
	writeFile(t, "runs/taken/config.yaml", "data: factors\n")
	for _, c := range []struct{ args, want string }{
		{"", "an argument is missing"},
		{"absent.yaml", "cannot read the sweep"},
		{"wrong.yaml", `wrong.yaml: optimizer.lrr=0.1: unknown key "optimizer.lrr": did you mean "optimizer.lr"?`},
		{"lr.yaml --jobs 0", "--jobs is 0"},
		{"lr.yaml --engine slrum", `did you mean "slurm"?`},
		{"lr.yaml --out runs/taken", "holds a run"},
	} {
		status, stdout, stderr := call(t, append([]string{"sweep"}, strings.Fields(c.args)...)...)
		if status != statusUsage || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: status %d, %q, %q", c.args, status, stdout, stderr)
		}
	}
	if entries, err := os.ReadDir("runs"); err != nil || len(entries) != 1 {
		t.Errorf("a call that is wrong left %v (%v)", entries, err)
	}
}

// A worker of Slurm runs the sweep from its folder, wherever it starts.
func TestSweep_OnSlurmIsSubmittedOnceWithItsFolder(t *testing.T) {
	isolate(t)
	writeFile(t, "lr.yaml", "vary: {optimizer.lr: [0.1, 0.2]}\nbudget: 2\n")
	dir := fakeSlurm(t)
	status, _, stderr := call(t, "sweep", "lr.yaml", "--engine", "slurm", "--jobs", "2", "--sbatch=--gpus=1")
	wantTexts(t, stderr, "2 submitted", "none left; runs missing: 2", "the same command resumes it")
	if status != statusFailed {
		t.Errorf("status %d", status)
	}
	wantTexts(t, contents(filepath.Join(dir, "scripts")), "'sweep' '/", "/runs/lr'")
	wantTexts(t, contents("runs/lr/sweep.yaml"), "optimizer.lr: [0.1, 0.2]", "measure: knn")

	// The folder stands for the file.
	if _, _, stderr = call(t, "sweep", "runs/lr", "--engine", "slurm", "--jobs", "2"); !strings.Contains(stderr,
		"2 submitted") || strings.Contains(contents(filepath.Join(dir, "options")), "lr/runs") {
		t.Error(stderr)
	}
}
