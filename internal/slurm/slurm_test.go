package slurm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program makes a bash program that works in the folder dir.
func program(t *testing.T, dir, name, text string) {
	t.Helper()
	write(t, filepath.Join(dir, name), "#!/bin/bash\ncd "+Quote(dir)+"\n"+text)
	if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// cluster stands for Slurm: what is in the file queue is in its queue, and what is submitted is kept in files.
func cluster(t *testing.T) (dir string, j Job) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	write(t, filepath.Join(dir, "queue"), "")
	program(t, dir, "squeue", `[[ "$*" == *--me*--name=mine* ]] && cat queue`)
	program(t, dir, "sbatch", `cat > script; printf '%s\n' "$@" > options
for i in $(seq 0 $(sed -n 's/--array=0-//p' options)); do echo "7_$i|PENDING|Resources" >> queue; done`)
	return dir, Job{Name: "mine", Workers: 3, Command: "exec true", Log: filepath.Join(dir, "%A_%a.log"),
		Options: []string{"--partition=gpu", "--time=1:00:00"}}
}

func TestJob_IsNotSubmittedTwiceAndLostWorkersAreReplaced(t *testing.T) {
	dir, j := cluster(t)
	for _, step := range []struct {
		name, queue string
		want        int
	}{
		{"an empty queue", "", 3},
		{"all wait", "7_0|PENDING|Priority\n7_1|PENDING|Priority\n7_2|PENDING|Priority\n", 0},
		{"one was lost", "7_0|RUNNING|None\n7_2|COMPLETING|None\n", 1},
		{"more than are wanted", strings.Repeat("7_0|RUNNING|None\n", 4), 0},
	} {
		write(t, filepath.Join(dir, "queue"), step.queue)
		_ = os.Remove(filepath.Join(dir, "options"))
		added, err := j.Submit(context.Background())
		if err != nil || added != step.want {
			t.Errorf("%s: %d workers submitted, want %d (%v)", step.name, added, step.want, err)
		}
		options, _ := os.ReadFile(filepath.Join(dir, "options"))
		want := ""
		if step.want > 0 {
			want = fmt.Sprintf("--partition=gpu\n--time=1:00:00\n--job-name=mine\n--output=%s\n--array=0-%d\n", j.Log,
				step.want-1)
		}
		if string(options) != want {
			t.Errorf("%s: the options are %q, want %q", step.name, options, want)
		}
	}
}

func TestTwoWhoSubmitAtOnceSubmitOnce(t *testing.T) {
	_, j := cluster(t)
	added := make(chan int)
	for range 2 {
		go func() {
			n, err := j.Submit(context.Background())
			if err != nil {
				t.Error(err)
			}
			added <- n
		}()
	}
	if n := <-added + <-added; n != 3 {
		t.Errorf("%d workers were submitted, want 3", n)
	}
}

func TestWatchReportsUntilTheQueueIsEmptyAndOutlivesTheController(t *testing.T) {
	dir, j := cluster(t)
	program(t, dir, "squeue", `n=$(cat calls 2>/dev/null); echo $((n + 1)) > calls
case "$n" in
"") echo '7_0|RUNNING|None'; echo '7_1|PENDING|Resources'; echo '7_2|RUNNING|None' ;;
1 | 2) echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1 ;;
esac`)
	var got, warned []string
	report := func(w []Worker) error { got = append(got, Summary(w)); return nil }
	err := j.Watch(context.Background(), time.Millisecond, report, func(s string) { warned = append(warned, s) })
	if want := []string{"2 running, 1 pending (Resources)", "none left"}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("reported %q, want %q (%v)", got, want, err)
	}
	if len(warned) != 1 || !strings.Contains(warned[0], "Unable to contact") {
		t.Errorf("warned %q, want once", warned)
	}
}

func TestWithoutSlurmTheErrorSaysSo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Job{Name: "mine", Workers: 1, Log: filepath.Join(t.TempDir(), "log")}.Submit(context.Background())
	if err == nil || !strings.Contains(err.Error(), "squeue is not installed here") {
		t.Error(err)
	}
}

// TestWorker_IsStoppedBySlurmsSignals runs the job script as Slurm does, with a worker that notes SIGTERM.
func TestWorker_IsStoppedBySlurmsSignals(t *testing.T) {
	for _, c := range []struct {
		name, worker string
		signal       syscall.Signal
		status       int
		noted        string // by the worker, then by scontrol
	}{
		{"it ends", "exit 0", 0, 0, ""},
		{"it fails", "exit 3", 0, 3, ""},
		{"Slurm ends it", "trap 'kill $!; echo saved >> notes; exit 1' TERM; touch up; sleep 5 & wait",
			syscall.SIGTERM, 1, "saved\n"},
		{"its time is over", "trap 'kill $!; echo saved >> notes; exit 1' TERM; touch up; sleep 5 & wait",
			syscall.SIGUSR1, 0, "saved\nrequeue 12\n"},
		{"it ends just then", "trap 'kill $!; exit 0' TERM; touch up; sleep 5 & wait", syscall.SIGUSR1, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			program(t, dir, "scontrol", `echo "$@" >> notes`)
			cmd := exec.Command("bash", "-c", fmt.Sprintf(script, c.worker))
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "SLURM_JOB_ID=12")
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if c.signal != 0 {
				for _, err := os.Stat(filepath.Join(dir, "up")); err != nil; _, err = os.Stat(filepath.Join(dir,
					"up")) {
					time.Sleep(time.Millisecond)
				}
				if err := cmd.Process.Signal(c.signal); err != nil {
					t.Fatal(err)
				}
			}
			var failed *exec.ExitError
			if err := cmd.Wait(); err != nil && !errors.As(err, &failed) {
				t.Fatal(err)
			}
			noted, _ := os.ReadFile(filepath.Join(dir, "notes"))
			if got := cmd.ProcessState.ExitCode(); got != c.status || string(noted) != c.noted {
				t.Errorf("status %d and notes %q, want %d and %q", got, noted, c.status, c.noted)
			}
		})
	}
}

func TestBashReadsQuotedWordsBack(t *testing.T) {
	words := []string{"a b", "it's", `"$HOME"`, "", "*"}
	out, err := exec.Command("bash", "-c", `printf '%s\n' `+Quote(words...)).Output()
	if want := strings.Join(words, "\n") + "\n"; err != nil || string(out) != want {
		t.Errorf("%q, want %q (%v)", out, want, err)
	}
}
