package experiments

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sslx-go/lab/internal/slurm"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// TestSweep_ASlurmArrayMakesEveryTrialOnce makes twelve runs by two workers of a Slurm of its own, while a worker is
// killed, another one is put into the queue again, the controller restarts and the job is submitted again. The runs are
// invented.
func TestSweep_ASlurmArrayMakesEveryTrialOnce(t *testing.T) { testSlurm(t, 0) }

// TestSweep_ASlurmArrayTrains is the same with trainings: scripts/slurm-test calls it.
func TestSweep_ASlurmArrayTrains(t *testing.T) {
	epochs, _ := strconv.Atoi(os.Getenv("SSLX_TEST_SLURM"))
	if epochs == 0 {
		t.Skip("set SSLX_TEST_SLURM to the number of epochs: 24 trainings of so many are made")
	}
	testSlurm(t, epochs)
}

func testSlurm(t *testing.T, epochs int) {
	trained := epochs > 0
	p, s := toy(t)
	p.Seeds, p.Arms[0].Halving = []uint64{1, 2, 3, 4, 5}, nil
	for i := range p.Arms[0].Candidates {
		c := &p.Arms[0].Candidates[i].Config
		c.Epochs, c.CheckpointSeconds, c.LogSteps = max(1, epochs), 5, 100
	}
	if !trained {
		s.Make = s.invent(0)
	}
	if dir := os.Getenv("SSLX_TEST_SWEEP"); dir != "" {
		if err := p.worker(s, dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	c := startCluster(t)
	if trained {
		c.patience = 6 * time.Minute
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*c.patience)
	defer stop()
	dir := t.TempDir()
	t.Setenv("SSLX_TEST_SWEEP", dir)
	t.Setenv("SSLX_TEST_DATA", p.Arms[0].Candidates[0].Config.Data)
	shared := s.in(dir)
	j := slurm.Job{Name: "toy", Workers: 2, Log: filepath.Join(dir, "%A_%a.log"),
		Options: []string{"--cpus-per-task=1"}, Command: "exec " + slurm.Quote(os.Args[0], "-test.run=^"+t.Name()+"$")}
	submit := func(want int) {
		t.Helper()
		if added, err := j.Submit(ctx); err != nil || added != want {
			t.Fatalf("%d workers were submitted, want %d (%v)", added, want, err)
		}
	}
	submit(2)
	submit(0)
	c.await("a record", func() bool { return len(shared.records(t)) >= 1 })

	// Both workers are in the middle of a training, after its first checkpoint. The tuning, for which one of them may
	// have waited, is over.
	bothTrain := func() bool {
		unfinished := 0
		runs, _ := filepath.Glob(filepath.Join(shared.Work, "*"))
		for _, run := range runs {
			if done, total, err := pretrain.StepsDone(run); err == nil && done > 0 && done < total {
				unfinished++
			}
		}
		return unfinished == 2
	}
	if trained {
		c.await("a checkpoint of each worker", bothTrain)
	}
	c.call("scancel", "--full", "--signal=KILL", c.running(j))
	c.await("the end of the killed worker", func() bool { return len(c.queue(j)) == 1 })
	submit(1)
	c.await("both workers", func() bool { return slurm.Summary(c.queue(j)) == "2 running" })
	c.call("scontrol", "requeue", c.running(j))
	c.restartController()
	submit(0)
	report := func(w []slurm.Worker) error { c.report(w); return nil }
	if err := j.Watch(ctx, time.Second/5, report, func(why string) { t.Log(why) }); err != nil {
		t.Fatal(err)
	}
	c.logs(j)

	text, err := os.ReadFile(shared.Store.Path)
	if lines := bytes.Count(text, []byte("\n")); err != nil || lines != 12 || len(shared.records(t)) != 12 {
		t.Fatalf("%d records of %d runs, want 12 (%v)", lines, len(shared.records(t)), err)
	}
	if trained {
		resumed := 0
		for key := range shared.records(t) {
			environment, err := record.ReadEnvironment(filepath.Join(shared.Work, key))
			if err != nil {
				t.Fatal(err)
			}
			if len(environment.Resumed) > 0 {
				resumed++
			}
		}
		if t.Logf("%d runs were resumed", resumed); resumed == 0 {
			t.Error("no run was resumed, though a worker was killed and another one moved")
		}
	}

	// Two at once, as on Slurm, so that it takes no longer.
	other := make(chan error)
	go func() { other <- s.Run(t.Context(), p) }()
	if err := errors.Join(s.Run(t.Context(), p), <-other); err != nil {
		t.Fatal(err)
	}
	got, want := outcome(t, p, shared.Store), outcome(t, p, s.Store)
	got.Seconds, want.Seconds = 0, 0
	if !reflect.DeepEqual(got, want) || want.Missing != 0 {
		t.Errorf("on Slurm   %+v\nwithout it %+v", got, want)
	}
}

// worker is what a worker of Slurm does: the sweep in the folder dir, on the data of the test that began it.
func (p Plan) worker(s Sweep, dir string) error {
	for i := range p.Arms[0].Candidates {
		p.Arms[0].Candidates[i].Config.Data = os.Getenv("SSLX_TEST_DATA")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s = s.in(dir)
	if s.Make != nil {
		s.Make = s.invent(time.Second)
	}
	s.Started = func(_, _ int, what string) { fmt.Println(what) }
	return s.Run(ctx, p)
}

// invent stands for runs that take so long.
func (s Sweep) invent(took time.Duration) func(context.Context, Trial, string) (Record, error) {
	return func(ctx context.Context, trial Trial, key string) (r Record, err error) {
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-time.After(took):
		}
		number, err := strconv.ParseUint(key, 16, 64)
		if err != nil {
			return r, err
		}
		r = invented(trial, float64(number%1000)/1000)
		r.Key = key
		r.Environment.Fingerprint, err = s.fingerprint(ctx, map[string]string{}, trial.Config)
		return r, err
	}
}

// in returns the sweep with its folders in dir.
func (s Sweep) in(dir string) Sweep {
	s.Store, s.Work = Store{filepath.Join(dir, "smoke.jsonl")}, filepath.Join(dir, "work")
	return s
}

func (s Sweep) records(t *testing.T) Records {
	t.Helper()
	records, err := s.Store.Read()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// cluster is a Slurm of this machine alone, in a folder of its own.
type cluster struct {
	t          *testing.T
	dir        string
	controller *exec.Cmd
	shown      string
	patience   time.Duration // for what must come
}

const slurmConf = `ClusterName=test
SlurmctldHost=%[1]s(127.0.0.1)
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=%[2]s
SlurmdUser=%[2]s
AuthType=auth/munge
AuthInfo=socket=%[3]s/munge.socket,cred_expire=5
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_min_interval=50000,sched_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmctldPort=%[4]d
SlurmdPort=%[5]d
SlurmctldPidFile=%[3]s/slurmctld.pid
SlurmdPidFile=%[3]s/slurmd.pid
StateSaveLocation=%[3]s/state
SlurmdSpoolDir=%[3]s/spool
NodeName=%[1]s NodeAddr=127.0.0.1 CPUs=2 Boards=1 SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 State=UNKNOWN
PartitionName=main Nodes=%[1]s Default=YES MaxTime=INFINITE State=UP
`

// startCluster starts the daemons of Slurm, which end with the test, and skips the test where they are not installed.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	for _, program := range []string{"munged", "slurmctld", "slurmd", "sbatch"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed: this test needs slurmctld, slurmd, slurm-client and munge", program)
		}
	}
	dir, err := os.MkdirTemp("", "slurm") // short: a socket's path is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	key := make([]byte, 1024)
	_, _ = rand.Read(key)
	c := &cluster{t: t, dir: dir, patience: 2 * time.Minute}
	conf := fmt.Appendf(nil, slurmConf, host, me.Username, dir, freePort(t), freePort(t))
	for _, err := range []error{
		os.Chmod(dir, 0o755),
		os.Mkdir(filepath.Join(dir, "state"), 0o755),
		os.Mkdir(filepath.Join(dir, "spool"), 0o755),
		os.WriteFile(filepath.Join(dir, "munge.key"), key, 0o600),
		os.WriteFile(filepath.Join(dir, "slurm.conf"), conf, 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}

	t.Setenv("SLURM_CONF", filepath.Join(dir, "slurm.conf"))
	at := func(name string) string { return "=" + filepath.Join(dir, name) }
	c.start("munged", "--foreground", "--force", "--key-file"+at("munge.key"), "--socket"+at("munge.socket"),
		"--pid-file"+at("munge.pid"), "--log-file"+at("munge.log"), "--seed-file"+at("munge.seed"))
	c.await("munge", func() bool { _, err := os.Stat(filepath.Join(dir, "munge.socket")); return err == nil })
	c.controller = c.start("slurmctld", "-D", "-c")
	c.start("slurmd", "-D", "-c")
	c.await("a node", func() bool {
		out, _ := exec.Command("sinfo", "-h", "-o", "%T").Output()
		return strings.TrimSpace(string(out)) == "idle"
	})
	t.Cleanup(func() { _ = exec.Command("scancel", "--full", "--signal=KILL", "--me").Run() })
	return c
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// start starts a daemon that ends with the test.
func (c *cluster) start(name string, args ...string) *exec.Cmd {
	c.t.Helper()
	log, err := os.OpenFile(filepath.Join(c.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { end(cmd) })
	return cmd
}

// end ends a daemon; it may have ended before.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
}

func (c *cluster) restartController() {
	c.t.Helper()
	end(c.controller)
	c.controller = c.start("slurmctld", "-D")
}

// call runs a program of Slurm.
func (c *cluster) call(name string, args ...string) {
	c.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		c.t.Fatalf("%s %q: %s (%v)", name, args, out, err)
	}
}

func (c *cluster) queue(j slurm.Job) []slurm.Worker {
	c.t.Helper()
	workers, err := j.Queue(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	c.report(workers)
	return workers
}

// running returns a worker that runs.
func (c *cluster) running(j slurm.Job) (id string) {
	c.t.Helper()
	c.await("a running worker", func() bool {
		for _, w := range c.queue(j) {
			if w.State == "RUNNING" {
				id = w.ID
			}
		}
		return id != ""
	})
	return id
}

// report logs the queue when it has changed.
func (c *cluster) report(workers []slurm.Worker) {
	if text := slurm.Summary(workers); text != c.shown {
		c.shown = text
		c.t.Log(text)
	}
}

// logs shows what the workers wrote.
func (c *cluster) logs(j slurm.Job) {
	names, _ := filepath.Glob(filepath.Join(filepath.Dir(j.Log), "*.log"))
	for _, name := range names {
		text, _ := os.ReadFile(name)
		c.t.Logf("%s:\n%s", filepath.Base(name), text)
	}
}

// await waits for what must come within some minutes.
func (c *cluster) await(what string, came func() bool) {
	c.t.Helper()
	for begun := time.Now(); !came(); time.Sleep(time.Second / 10) {
		if time.Since(begun) > c.patience {
			c.t.Fatalf("%s did not come", what)
		}
	}
}
