package faults

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	_ "github.com/sslx-go/lab/sslx/backend/tuned" // a child is what the command would be
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/record"
)

// The environment of a child process: what it does, and where.
const (
	childDo   = "SSLX_FAULTS_DO"
	childAt   = "SSLX_FAULTS_AT"
	childPack = "SSLX_FAULTS_PACK"

	childStream = "SSLX_FAULTS_STREAM" // train from the pack, not from the device's memory
)

// What a child can do. Each resumes where an earlier child was stopped, and says on standard output how far it is.
const (
	train  = "train"  // a run in the folder at, on the images of pack
	test   = "test"   // of what the finished run in the folder at has learned
	add    = "append" // records to the store at
	pack   = "pack"   // the generated set into the cache at
	locate = "locate" // the set of the folder at, many times
	images = 3000     // in the pack
	many   = 40       // records

	openings = 60
)

func TestMain(m *testing.M) {
	do := map[string]func(string) error{train: trainAt, test: testAt, add: appendAt, pack: packAt,
		locate: locateAt}[os.Getenv(childDo)]
	if do == nil {
		os.Exit(m.Run())
	}
	err := do(os.Getenv(childAt))
	switch {
	case usage.Is(err):
		fmt.Fprintln(os.Stderr, err)
		syscall.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		syscall.Exit(1)
	}
	syscall.Exit(0) // without the destructors of the backend
}

// tiny is a configuration of 12 steps, each with a line in the log and a checkpoint.
func tiny() sslx.Config {
	c := sslx.Default()
	c.Data, c.Seed, c.Epochs, c.Batch, c.LogSteps, c.CheckpointSeconds = os.Getenv(childPack), 7, 6, 32, 1, 1e-9
	c.Stream = os.Getenv(childStream) != ""
	for i := range c.Views {
		c.Views[i].Size, c.Views[i].Jitter = 8, 0
	}
	c.Encoder, c.Projector = encoder.ConvNet{Width: 4}, []int{16, 8}
	return c
}

// warning begins the line of a warning on standard output.
const warning = "warning: "

func options() sslx.Options {
	return sslx.Options{Warn: func(sentence string) { fmt.Println(warning + sentence) },
		Progress: func(p sslx.Progress) { fmt.Println(p.Phase, p.Done) }}
}

func trainAt(dir string) error {
	opt := options()
	var err error
	if record.IsRun(dir) {
		_, err = sslx.Resume(context.Background(), dir, opt)
	} else {
		_, err = sslx.Pretrain(context.Background(), dir, tiny(), opt)
	}
	return err
}

func testAt(dir string) error {
	_, err := sslx.Evaluate(context.Background(), dir, sslx.EvaluateOptions{Protocols: []string{"knn"}, Baselines: true,
		Options: options()})
	return err
}

// locateAt prints the fingerprint of what each of many openings gives.
func locateAt(folder string) error {
	for range openings {
		set, err := dataset.Locate(context.Background(), folder, dataset.LocateOptions{})
		if err != nil {
			return err
		}
		fmt.Println(set.Fingerprint())
		if err := set.Close(); err != nil {
			return err
		}
	}
	return nil
}

func appendAt(path string) error {
	store := experiments.Store{Path: path}
	for i := range many {
		records, err := store.Read()
		if err != nil {
			return err
		}
		r := numbered(i)
		if _, ok := records[r.Key]; ok {
			continue
		}
		if err := store.Append(r); err != nil {
			return err
		}
		fmt.Println(r.Key)
	}
	return nil
}

func numbered(i int) experiments.Record {
	return experiments.Record{Key: fmt.Sprintf("%016x", i), Scale: experiments.Smoke, Config: sslx.Default(),
		Images:  int64(i),
		Results: []record.Result{{Model: "simclr", Task: "factors/shape", Value: 1 / float64(i+1), N: 1000}}}
}

func packAt(cache string) error {
	set, err := dataset.Factors(context.Background(), dataset.FactorsOptions{Cache: cache, Train: images, Test: 1,
		Progress: func(done, _ int64) {
			if done%100 == 0 {
				fmt.Println(done)
			}
		}})
	if err != nil {
		return err
	}
	return set.Close()
}

// process is a child at work.
type process struct {
	command *exec.Cmd
	lines   *bufio.Scanner
	errors  bytes.Buffer
	said    []string
}

func (w *world) start(t testing.TB, do, at string) *process {
	t.Helper()
	p := &process{command: exec.Command(os.Args[0])}
	p.command.Env = append(os.Environ(), childDo+"="+do, childAt+"="+at, childPack+"="+w.pack, "SSLX_CACHE="+w.cache,
		"TF_CPP_MIN_LOG_LEVEL=3", "XLA_FLAGS="+testbackend.UnoptimizedFlags)
	p.command.Env = append(p.command.Env, w.environment...)
	p.command.Stderr = &p.errors
	out, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.lines = bufio.NewScanner(out)
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// until reads lines until there were n of them, or no more come.
func (p *process) until(n int) {
	for len(p.said) < n && p.lines.Scan() {
		p.said = append(p.said, p.lines.Text())
	}
}

// warnings returns what the child has warned of.
func (p *process) warnings() (list []string) {
	for _, line := range p.said {
		if sentence, ok := strings.CutPrefix(line, warning); ok {
			list = append(list, sentence)
		}
	}
	return list
}

// end waits for the end and returns the exit status and what was said on standard error.
func (p *process) end() (status int, text string) {
	p.until(1 << 30)
	_ = p.command.Wait()
	return p.command.ProcessState.ExitCode(), strings.TrimSpace(p.errors.String())
}

// pausedIn stops the child as soon as the run folder dir is one, and reports whether the child holds it: it may have
// been done before.
func (p *process) pausedIn(dir string) bool {
	p.until(1)
	for begun := time.Now(); !record.IsRun(dir) && time.Since(begun) < time.Minute; {
		time.Sleep(time.Millisecond)
	}
	_ = p.command.Process.Signal(syscall.SIGSTOP)
	_, holding := record.HolderOf(dir)
	if holding != record.Held {
		p.resume()
	}
	return holding == record.Held
}

// resume ends a pause.
func (p *process) resume() { _ = p.command.Process.Signal(syscall.SIGCONT) }

// kill ends the child as kill -9 does.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	p.end()
}

// do lets a child do all of it, and fails the test unless it succeeds.
func (w *world) do(t testing.TB, do, at string) {
	t.Helper()
	if status, text := w.start(t, do, at).end(); status != 0 {
		t.Fatalf("%s, undisturbed, ended with status %d: %s", do, status, text)
	}
}
