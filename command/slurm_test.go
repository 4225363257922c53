package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"
)

func held(t *testing.T, path string) *flock.Flock {
	t.Helper()
	lock := flock.New(path)
	if ok, err := lock.TryLock(); err != nil || !ok {
		t.Fatalf("%s cannot be locked (%v)", path, err)
	}
	t.Cleanup(func() { _ = lock.Close() })
	return lock
}

// fakeSlurm stands for a Slurm whose queue is empty, but for the answers in files called answer.1 and so on, and which
// keeps what is submitted.
func fakeSlurm(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"squeue": `n=$(($(cat calls 2>/dev/null) + 1)); echo $n > calls; [ ! -e answer.$n ] || cat answer.$n`,
		"sbatch": `cat >> scripts; printf '%s ' "$@" >> options; echo >> options`,
	} {
		path := filepath.Join(dir, name)
		writeFile(t, path, "#!/bin/bash\ncd '"+dir+"'\n"+text+"\n")
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

func contents(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

func TestSlurm_ClaimsAreSubmittedOnceAndWhatIsMissingIsSaid(t *testing.T) {
	isolate(t)
	dir := fakeSlurm(t)
	args := []string{"claims", "run", "cost", "minibatch", "--engine", "slurm", "--jobs", "2",
		"--sbatch=--partition=gpu", "--sbatch=--gpus=1"}
	status, stdout, stderr := call(t, args...)
	if status != statusFailed || stdout != "" {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
	wantTexts(t, stderr, "2 submitted, 0 were in the queue", "none left; runs missing: ", "the job ended with",
		"runs/claims/slurm-%A_%a.log")
	wantTexts(t, contents(filepath.Join(dir, "options")), "--partition=gpu --gpus=1 --job-name=sslx-", "--array=0-1")
	wantTexts(t, contents(filepath.Join(dir, "scripts")),
		"'claims' 'run' 'cost' 'minibatch' '--scale' 'smoke' '--records' '/", "#SBATCH --requeue")

	writeFile(t, filepath.Join(dir, "answer.3"), "7_0|RUNNING|None\n7_1|PENDING|Resources\n")
	args[2], args[3] = args[3], args[2] // the same sweep
	if _, _, stderr = call(t, args...); !strings.Contains(stderr, "0 submitted, 2 were in the queue") {
		t.Error(stderr)
	}
	if n := strings.Count(contents(filepath.Join(dir, "options")), "\n"); n != 1 {
		t.Errorf("sbatch was called %d times", n)
	}
}

func TestSlurm_PretrainResumesWhatItsWorkerBegan(t *testing.T) {
	isolate(t)
	dir := fakeSlurm(t)
	status, _, stderr := call(t, "pretrain", "--out", "runs/a b", "--set", "epochs=2", "--engine", "slurm")
	wantTexts(t, stderr, "1 submitted", "the job ended before the training")
	script := contents(filepath.Join(dir, "scripts"))
	wantTexts(t, script, "/runs/a b/config.yaml' ]; then exec ", "'pretrain' '--resume' '/", "'pretrain' '--out' '/",
		"'--set' 'epochs=2'; fi")
	if status != statusFailed {
		t.Errorf("status %d", status)
	}
	twoRuns(t)
	if status, _, stderr = call(t, "pretrain", "--out", "runs/first", "--engine", "slurm"); status != statusUsage {
		t.Errorf("a folder that holds a run: status %d, %s", status, stderr)
	}
	status, stdout, stderr := call(t, "pretrain", "--resume", "first", "--engine", "slurm")
	if status != statusDone {
		t.Errorf("a run that is finished when the job ends: status %d, %s", status, stderr)
	}
	wantTexts(t, stdout, "runs/first", "finished")
}

func TestSlurm_WrongUseOfAnEngineIsAUsageError(t *testing.T) {
	isolate(t)
	for _, args := range [][]string{
		{"claims", "run", "cost", "--engine", "slrum"},
		{"claims", "run", "cost", "--sbatch=--gpus=1"},
		{"claims", "run", "cost", "--engine", "slurm", "--jobs", "0"},
		{"pretrain", "--out", "x", "--sbatch=--gpus=1"},
		{"pretrain", "--out", "x", "--engine", "slurm", "--json"},
	} {
		if status, _, stderr := call(t, args...); status != statusUsage {
			t.Errorf("%v: status %d, %s", args, status, stderr)
		}
	}
}
