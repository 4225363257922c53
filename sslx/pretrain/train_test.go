package pretrain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/pjrt"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/record"
)

func TestTrain_IsAFunctionOfTheConfiguration(t *testing.T) {
	whole := &training{set: tinySet(t), config: tiny()}
	s, err := whole.run(t, context.Background())
	if err != nil {
		t.Fatal(err)
	}
	log := whole.log(t)
	want := Summary{Steps: 48, Images: 48 * 32, Seconds: s.Seconds, FinalLoss: log[len(log)-1].Loss}
	if s != want {
		t.Errorf("the summary is %+v, want %+v", s, want)
	}
	if s.Seconds <= 0 {
		t.Errorf("training took %v s", s.Seconds)
	}
	t.Run("paused", func(t *testing.T) { testPaused(t, whole) })
	t.Run("killed", func(t *testing.T) { testKilled(t, whole) })
	t.Run("another seed", func(t *testing.T) {
		c := whole.config
		c.Seed++
		other := (&training{set: whole.set, config: c}).interrupt(t, 6)
		for i, line := range other.log(t) {
			if line.Loss == log[i].Loss {
				t.Errorf("step %d: the loss %v is that of the first seed", line.Step, line.Loss)
			}
		}
	})
}

func TestTrain_CompilesAProgramOnceInAProcess(t *testing.T) {
	programs := testbackend.Programs(t)
	if programs == nil {
		c := tiny()
		c.Epochs = 1
		set := tinySet(t)
		for range 2 {
			tr := (&training{set: set, config: c}).interrupt(t, 4)
			if _, err := tr.run(t, context.Background()); err != nil {
				t.Fatal(err)
			}
			c.Seed, c.Optimizer.LR = c.Seed+1, 2*c.Optimizer.LR
		}
		return
	}

	slices.Sort(programs)
	if once := slices.Compact(slices.Clone(programs)); len(once) < len(programs) {
		t.Errorf("%d programs are different among the %d that two trainings and their resumption compiled", len(once),
			len(programs))
	}
}

// testPaused pauses a run at any step, breaks it, and resumes it.
func testPaused(t *testing.T, whole *training) {
	steps := 1 + rand.N(46) // two of 48 are left: a step that is far too long shows in the loss of the next one
	t.Logf("paused after %d steps", steps)
	tr := (&training{set: whole.set, config: whole.config}).pause(t, steps)
	testDiverged(t, tr, steps)
	run := tr.open(t)
	defer func() { _ = run.Close() }()
	rest, err := newTrainer(testbackend.Open(t), tr.set, run, tr.config, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer rest.close()
	if err := rest.loop(context.Background(), quiet); err != nil {
		t.Fatal(err)
	}
	tr.equals(t, whole)
	testFinished(t, rest)
	saved := tr.bits(t)
	for v := range rest.store.IterVariables() {
		value, err := v.Value()
		if err != nil {
			t.Fatal(err)
		}
		if err := value.ConstBytes(func(data []byte) {
			if saved[v.Path()] != bitsOfBytes(data) {
				t.Errorf("%s is saved as another value than it has", v.Path())
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// testFinished continues a training that has no step left.
func testFinished(t *testing.T, done *trainer) {
	before, err := os.Stat(record.CheckpointPath(done.run.Dir()))
	if err != nil {
		t.Fatal(err)
	}
	if err := done.loop(context.Background(), quiet); err != nil {
		t.Error(err)
	}
	if after, err := os.Stat(record.CheckpointPath(done.run.Dir())); err != nil || !os.SameFile(before, after) {
		t.Errorf("the checkpoint of a finished run was written again (%v)", err)
	}
}

// testDiverged makes a run's next steps far too long: its loss becomes NaN. The run has a checkpoint of some steps.
func testDiverged(t *testing.T, tr *training, steps int) {
	before, err := os.ReadFile(record.CheckpointPath(tr.dir))
	if err != nil {
		t.Fatal(err)
	}
	err = diverge(t, testbackend.Open(t), tr)
	kept := fmt.Sprintf("the checkpoint of step %d is kept", steps)
	for _, want := range []string{"step ", "lower optimizer.lr", kept} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if usage.Is(err) || !errors.Is(err, ErrDiverged) {
		t.Errorf("%v is a usage error, or is not ErrDiverged", err)
	}
	if after, _ := os.ReadFile(record.CheckpointPath(tr.dir)); !slices.Equal(before, after) {
		t.Error("the last good checkpoint was replaced")
	}
}

// diverge returns the error of a training whose steps are far too long.
func diverge(t *testing.T, b compute.Backend, tr *training) error {
	t.Helper()
	run := tr.open(t)
	defer func() { _ = run.Close() }()
	broken, err := newTrainer(b, tr.set, run, tr.config, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer broken.close()
	broken.schedule = optimizer.Schedule{Peak: 1e38, Steps: 1e9}
	return broken.loop(context.Background(), quiet)
}

func TestTrain_ThatDivergesSaysThatThereIsNoCheckpoint(t *testing.T) {
	tr := &training{set: tinySet(t), config: tiny()}
	err := diverge(t, sequential(t), tr)
	if err == nil || !strings.Contains(err.Error(), "the run has no checkpoint yet") {
		t.Errorf("got %v", err)
	}
	if hasCheckpoint(tr.dir) {
		t.Error("there is a checkpoint")
	}
}

func TestTrain_StepHookSavesACheckpointOutsideTheClock(t *testing.T) {
	tr := &training{set: tinySet(t), config: tiny()}
	run := tr.open(t)
	defer func() { _ = run.Close() }()
	const pause = 2 * time.Second
	steps, stop := 0, errors.New("enough")
	summary, err := Train(t.Context(), testbackend.Open(t), tr.set, run, tr.config, Hooks{
		Step: func(done, total int, save func() error) error {
			if steps++; done != steps || total != 48 {
				t.Errorf("after step %d the hook is told %d of %d", steps, done, total)
			}
			if done < 2 {
				time.Sleep(pause)
				return save()
			}
			return stop
		}})
	if !errors.Is(err, stop) || summary.Steps != 2 {
		t.Errorf("after %d steps: %v", summary.Steps, err)
	}
	if summary.Seconds >= pause.Seconds() {
		t.Errorf("two steps took %g s, with the pause between them", summary.Seconds)
	}
	if done, _, err := StepsDone(tr.dir); err != nil || done != 1 {
		t.Errorf("the checkpoint is of step %d (%v), want 1", done, err)
	}
}

func TestTrain_LeavesNothingBehindAndDoesNotGrow(t *testing.T) {
	c := tiny()
	c.Epochs, c.LogSteps, c.CheckpointSeconds = 40, 10, 0.05
	tr := &training{set: tinySet(t), config: c}
	b := testbackend.Open(t)
	goroutines, buffers := runtime.NumGoroutine(), pjrt.BuffersAlive()
	type state struct{ buffers, heap, resident int64 }
	states := map[int]state{}
	run := tr.open(t)
	defer func() { _ = run.Close() }()
	_, err := Train(context.Background(), b, tr.set, run, c, Hooks{Report: func(done, _ int, _ record.Metrics) {
		runtime.GC()
		runtime.GC() // the first only queues the clean-up of buffers
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		states[done] = state{pjrt.BuffersAlive(), int64(m.HeapAlloc), resident(t)}
	}})
	if err != nil {
		t.Fatal(err)
	}
	early, late := states[100], states[320]
	t.Logf("after 100 steps %+v, after 320 %+v", early, late)
	if late.buffers > early.buffers+5 || late.heap > early.heap+1<<20 || late.resident > early.resident+32<<20 {
		t.Errorf("memory grows from %+v after 100 steps to %+v after 320", early, late)
	}
	if n := pjrt.BuffersAlive(); n > buffers {
		t.Errorf("%d device buffers are left", n-buffers)
	}
	if n := runtime.NumGoroutine(); n > goroutines+1 {
		t.Errorf("%d goroutines, %d before training", n, goroutines)
	}
	want := []string{".lock", "checkpoint.safetensors", "config.yaml", "environment.json", "metrics.jsonl"}
	if got := tr.files(t); !slices.Equal(got, want) {
		t.Errorf("the run folder has %v, want %v", got, want)
	}
	testLog(t, tr.dir)
}

// resident returns the memory of this process in bytes, 0 where the system does not tell.
func resident(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var total, pages int64
	if _, err := fmt.Sscan(string(text), &total, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// testLog checks the log of 320 steps of 32 of 256 images, a line each 10 steps.
func testLog(t *testing.T, dir string) {
	t.Helper()
	lines, err := record.ReadMetrics(dir)
	if err != nil || len(lines) != 33 || lines[0].Step != 1 {
		t.Fatalf("%d lines (%v), want the first step and 32", len(lines), err)
	}
	lines = lines[1:]
	var seconds float64
	for i, m := range lines {
		if m.Step != 10*(i+1) || m.Images != int64(320*(i+1)) || m.Epoch != float64(m.Step)/8 {
			t.Errorf("line %d: %+v", i, m)
		}
		if m.Seconds <= seconds {
			t.Errorf("line %d is of %v s, the line before of %v s", i, m.Seconds, seconds)
		}
		if sum := m.Parts["similarity"] + m.Parts["entropy"]; sum-m.Loss > 1e-4 || m.Loss-sum > 1e-4 {
			t.Errorf("the terms %v do not add up to the loss %v", m.Parts, m.Loss)
		}
		if len(m.ProbeLayers) != len(tiny().Projector) {
			t.Errorf("probes on %v, want one on each layer of the projector", m.ProbeLayers)
		}
		if m.ProbeAccuracy == nil || *m.ProbeAccuracy < 0 || *m.ProbeAccuracy > 1 {
			t.Errorf("line %d: the probe's accuracy is %v", i, m.ProbeAccuracy)
		}
		if m.KNNAccuracy == nil || *m.KNNAccuracy < 0 || *m.KNNAccuracy > 1 {
			t.Errorf("line %d: the online kNN's accuracy is %v", i, m.KNNAccuracy)
		}
		if m.Spread <= 0 || m.Spread > 1 {
			t.Errorf("line %d: the spread is %v", i, m.Spread)
		}
		seconds = m.Seconds
	}
	if first, last := lines[0], lines[31]; last.Loss >= first.Loss {
		t.Errorf("the loss went from %v to %v", first.Loss, last.Loss)
	}
}

func TestTrain_RefusesACheckpointOfAnotherRun(t *testing.T) {
	set := tinySet(t)
	for name, c := range map[string]struct {
		change func(c *checkpoint)
		want   string
	}{
		"data":   {func(c *checkpoint) { c.state.Fingerprint = "0123456789abcdef" }, "other data"},
		"seed":   {func(c *checkpoint) { c.state.Config.Seed = 8 }, "another configuration"},
		"epochs": {func(c *checkpoint) { c.state.Config.Epochs = 9 }, "another configuration"},
		"views":  {func(c *checkpoint) { c.state.Config.Views = Default().Views }, "another configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			tr := &training{set: set, config: tiny()}
			run := tr.open(t)
			defer func() { _ = run.Close() }()
			saved := checkpoint{state: runState{Fingerprint: set.Fingerprint(), Config: tr.config}}
			c.change(&saved)
			if err := saveCheckpoint(record.CheckpointPath(tr.dir), newStore(tr.config), saved.state); err != nil {
				t.Fatal(err)
			}
			_, err := Train(context.Background(), testbackend.Open(t), set, run, tr.config, Hooks{})
			if !usage.Is(err) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestTrain_RefusesAConfigurationThatFailsCheck(t *testing.T) {
	tr := &training{set: tinySet(t), config: tiny()}
	tr.config.Epochs = -1
	if _, err := tr.run(t, context.Background()); !usage.Is(err) || !strings.Contains(err.Error(), "epochs is -1") {
		t.Errorf("got %v", err)
	}
}

// The log is what a power cut leaves of it: nothing, its first line, or all up to the checkpoint.
func TestTrain_ReportsALogThatEndsBeforeItsCheckpoint(t *testing.T) {
	b := sequential(t)
	tr := (&training{set: tinySet(t), config: tiny(), backend: b}).interrupt(t, 7) // lines of steps 1, 3 and 6
	path := filepath.Join(tr.dir, "metrics.jsonl")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := whole[:bytes.IndexByte(whole, '\n')+1]

	for _, c := range []struct {
		log  []byte
		want string
	}{
		{whole, ""},
		{whole[:len(whole)-1], "ends at step 3, but its checkpoint is of step 7"},
		{first, "ends at step 1, but its checkpoint is of step 7"},
		{nil, "ends at step 0, but its checkpoint is of step 7"},
	} {
		if err := os.WriteFile(path, c.log, 0o644); err != nil {
			t.Fatal(err)
		}
		warned := ""
		run := tr.open(t)
		_, err := Train(&limited{context.Background(), 0}, b, tr.set, run, tr.config,
			Hooks{Warn: func(sentence string) { warned += sentence }})
		if err := run.Close(); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
		if c.want == "" && warned != "" || !strings.Contains(warned, c.want) {
			t.Errorf("%d bytes of the log are left: warned %q, want %q", len(c.log), warned, c.want)
		}
	}
}

func TestTrain_SavesNoCheckpointBeforeTheLogIsOnTheDisk(t *testing.T) {
	tr := &training{set: tinySet(t), config: tiny()}
	run := tr.open(t)
	defer func() { _ = run.Close() }()
	trainer, err := newTrainer(sequential(t), tr.set, run, tr.config, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.close()
	if err := trainer.log.Close(); err != nil { // it cannot be synced any more
		t.Fatal(err)
	}

	if err := trainer.save(); err == nil || !strings.Contains(err.Error(), "metrics.jsonl") {
		t.Errorf("got %v", err)
	}
	if hasCheckpoint(tr.dir) {
		t.Error("there is a checkpoint, though its log may be lost")
	}
}

func TestTrain_ResumesWithDataElsewhereAndAnotherLogInterval(t *testing.T) {
	set := tinySet(t)
	tr := &training{set: set, config: tiny()}
	run := tr.open(t)
	defer func() { _ = run.Close() }()
	saved := checkpoint{state: runState{Fingerprint: set.Fingerprint(), Config: tr.config}}
	c := tr.config
	c.Data, c.LogSteps, c.CheckpointSeconds = "elsewhere", 1, 5
	if err := saved.belongsTo(run, set, c); err != nil {
		t.Error(err)
	}
}
