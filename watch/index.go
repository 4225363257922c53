package watch

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
)

// summary is a line of the list of runs.
type summary struct {
	ID     string      `json:"id"`
	Path   string      `json:"path"` // below the folder
	Name   string      `json:"name"`
	Method string      `json:"method"`
	Data   string      `json:"data"`
	Status runs.Status `json:"status"`
	Error  string      `json:"error,omitempty"` // why the run cannot be read

	Started time.Time `json:"started"`
	Updated time.Time `json:"updated"` // the last line of the log
	Step    int       `json:"step"`
	Total   int       `json:"total"` // steps of the whole training, 0 when it is not known
	Epoch   float64   `json:"epoch"`
	Epochs  int       `json:"epochs"`
	Seconds float64   `json:"seconds"`        // of training
	Loss    *float64  `json:"loss"`           // null before the first line of the log
	Chance  float64   `json:"chance"`         // 0 when it is not known
	Probe   *float64  `json:"probe"`          // online, null without one
	Rate    float64   `json:"rate,omitempty"` // images a second, between the last two lines of the log
	Left    *float64  `json:"left,omitempty"` // seconds of training, at that rate

	Results  int              `json:"results"`
	Headline *report.Headline `json:"headline,omitempty"`

	// Details changes when something else than the log does: what a page of the run shows has to be read again.
	Details int `json:"details"`
}

// Files of a run whose changes count.
var (
	runFiles = []string{"config.yaml", "environment.json", "results.jsonl", "curves.jsonl", "checkpoint.safetensors"}
	pictures = []string{record.ViewsPicture, record.NeighborsPicture, record.MapPicture, "tasks.png",
		report.MeasurePicture(record.MetricBalanced), report.MeasurePicture(record.MetricTop5), "confusion.png",
		report.MeasurePicture(record.MetricCorrupted), "corruptions.png", "curves.png"}
)

const (
	logFile  = "metrics.jsonl"
	lockFile = ".lock"
)

// run is a run folder and when it was last looked at.
type run struct {
	summary
	dir     string // below the folder
	looked  time.Time
	version int64
	log     stamp
	lock    stamp
	stamps  []stamp // of runFiles and pictures
	errors  [3]error
}

// What an error of a run is about.
const (
	ofRecords = iota
	ofLog
	ofCheckpoint
)

// store is a file of records of claims.
type store struct {
	ID       string            `json:"id"`
	Path     string            `json:"path"` // below the folder
	Scale    experiments.Scale `json:"scale"`
	Modified time.Time         `json:"modified"`
	stamp    stamp
}

// sweep is the folder of a sweep.
type sweep struct {
	ID       string    `json:"id"`
	Path     string    `json:"path"` // below the folder
	Modified time.Time `json:"modified"`
}

const (
	walkEvery  = 2 * time.Second        // between two looks for new runs, at least
	walkShare  = 50                     // looking for runs takes at most one part in so many of the time
	restEvery  = 5 * time.Second        // between two looks at a run that nobody trains
	patience   = 300 * time.Millisecond // for reading new runs in one answer
	mostFolder = 100_000                // folders that are looked into
)

// index knows the runs and claims below a folder. It looks at them when it is asked, so that a page that nobody
// watches costs nothing.
type index struct {
	root   *os.Root
	folder string

	mu      sync.Mutex
	runs    map[string]*run
	stores  map[string]*store
	sweeps  map[string]*sweep
	unread  []string         // runs that were found and not yet read
	gone    map[string]int64 // versions at which runs were missing
	version int64            // raised by each change
	walked  time.Time
	took    time.Duration // of the last walk
}

func newIndex(root *os.Root, folder string) *index {
	return &index{root: root, folder: folder, runs: map[string]*run{}, stores: map[string]*store{},
		sweeps: map[string]*sweep{}, gone: map[string]int64{}}
}

// idOf returns the name of a path in addresses: one that holds no path, and that a browser leaves as it is.
func idOf(p string) string {
	sum := sha256.Sum256([]byte(p))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// path returns where a file is.
func (x *index) path(name string) string { return filepath.Join(x.folder, filepath.FromSlash(name)) }

// look brings the index up to date. The caller holds mu.
func (x *index) look(now time.Time) {
	if now.Sub(x.walked) >= max(walkEvery, walkShare*x.took) {
		x.walk(now)
	}
	x.readNew(now)
	for _, r := range x.runs {
		if (r.Status == runs.InUse || now.Sub(r.looked) >= restEvery) && x.update(r, now) {
			x.number([]*run{r})
		}
	}
}

// number gives a version to runs that changed.
func (x *index) number(changed []*run) {
	for _, r := range changed {
		x.version++
		r.version = x.version
	}
}

// walk finds the runs and the records of claims.
func (x *index) walk(now time.Time) {
	foundRuns, foundStores, folders := map[string]bool{}, map[string]bool{}, 0
	x.sweeps = map[string]*sweep{}
	var visit func(dir string)
	visit = func(dir string) {
		if folders++; folders > mostFolder {
			return
		}
		entries := x.entries(dir)
		has := func(name string) bool {
			isIt := func(e fs.DirEntry) bool { return e.Name() == name && e.Type().IsRegular() }
			return slices.ContainsFunc(entries, isIt)
		}
		if has("config.yaml") {
			foundRuns[dir] = true
			return // a run holds no runs
		}
		if has(experiments.StudyFile) && has(report.SweepOutcome) {
			s := stampOf(x.path(path.Join(dir, report.SweepOutcome)))
			x.sweeps[idOf(dir)] = &sweep{ID: idOf(dir), Path: dir, Modified: s.modified}
		}
		for _, e := range entries {
			name := path.Join(dir, e.Name())
			switch scale, isStore := strings.CutSuffix(e.Name(), ".jsonl"); {
			case e.IsDir() && !strings.HasPrefix(e.Name(), "."):
				visit(name)
			case isStore && e.Type().IsRegular() && slices.Contains(experiments.Scales(), experiments.Scale(scale)):
				foundStores[name] = true
			}
		}
	}
	visit(".")

	x.unread = x.unread[:0]
	for dir := range foundRuns {
		if x.runs[idOf(dir)] == nil {
			x.unread = append(x.unread, dir)
		}
	}
	slices.Sort(x.unread)
	for id, r := range x.runs {
		if !foundRuns[r.dir] {
			delete(x.runs, id)
			x.version++
			x.gone[id] = x.version
		}
	}

	x.stores = map[string]*store{}
	for name := range foundStores {
		s := stampOf(x.path(name))
		x.stores[idOf(name)] = &store{ID: idOf(name), Path: name, Modified: s.modified, stamp: s,
			Scale: experiments.Scale(strings.TrimSuffix(path.Base(name), ".jsonl"))}
	}
	x.walked, x.took = now, time.Since(now)
}

// readNew reads runs that were found, on all cores, until the time is up: there may be a thousand, and what is known
// of some is shown first.
func (x *index) readNew(now time.Time) {
	for len(x.unread) > 0 && time.Since(now) < patience {
		var wait errgroup.Group
		part := x.unread[:min(len(x.unread), 8*runtime.NumCPU())]
		found := make([]*run, len(part))
		for i, dir := range part {
			id := idOf(dir)
			name := path.Base(filepath.ToSlash(x.path(dir)))
			found[i] = &run{dir: dir, summary: summary{ID: id, Path: dir, Name: name}}
			x.runs[id] = found[i]
			delete(x.gone, id)
			wait.Go(func() error { x.update(found[i], now); return nil })
		}
		_ = wait.Wait()
		x.number(found)
		x.unread = x.unread[len(part):]
	}
}

// entries lists a folder, in order; one that cannot be read, or is behind a link, has none.
func (x *index) entries(dir string) []fs.DirEntry {
	f, err := x.root.Open(dir)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	entries, _ := f.ReadDir(-1)
	return entries
}

// update reads what has changed of a run, and reports whether that is anything.
func (x *index) update(r *run, now time.Time) bool {
	before := r.summary
	r.looked = now

	changed := false
	for i, name := range append(slices.Clone(runFiles), pictures...) {
		s := stampOf(x.path(path.Join(r.dir, name)))
		if i == len(r.stamps) {
			// No file has this stamp: the first look counts as a change.
			r.stamps = append(r.stamps, stamp{inode: -1})
		}
		changed = changed || s != r.stamps[i]
		r.stamps[i] = s
	}
	log, lock := stampOf(x.path(path.Join(r.dir, logFile))), stampOf(x.path(path.Join(r.dir, lockFile)))
	grown := log != r.log
	if changed {
		r.Details++
		r.errors[ofRecords] = x.readRecords(r)
	}
	if changed || grown {
		r.log, r.Updated = log, log.modified
		r.errors[ofLog] = x.readProgress(r)
	}

	// The lock tells nothing by its stamp while a process holds it; one with nobody in it is free.
	if changed || grown || lock != r.lock || lock.size > 0 {
		r.lock = lock
		x.readStatus(r)
	}
	return before != r.summary
}

// readRecords reads all but the log, as far as that is possible.
func (x *index) readRecords(r *run) error {
	config, configErr := readConfig(x.root, r.dir)
	r.Method, r.Data, r.Epochs = config.Objective.Name, config.Data, config.Epochs

	var environment record.Environment
	text, environmentErr := readFile(x.root, path.Join(r.dir, "environment.json"))
	if environmentErr == nil && text != nil {
		environmentErr = json.Unmarshal(text, &environment)
	}
	r.Started = environment.Started

	results, resultsErr := readLines[record.Result](x.root, path.Join(r.dir, "results.jsonl"))
	r.Results, r.Headline = len(results), nil
	if h, ok := report.HeadlineOf(results, r.Method); ok {
		r.Headline = &h
	}
	return cmp.Or(configErr, environmentErr, resultsErr)
}

// outline is what the list needs of a configuration, whatever parts it names.
type outline struct {
	Data      string `yaml:"data"`
	Epochs    int    `yaml:"epochs"`
	Objective struct {
		Name string `yaml:"name"`
	} `yaml:"objective"`
}

func readConfig(root *os.Root, dir string) (c outline, err error) {
	text, err := readFile(root, path.Join(dir, "config.yaml"))
	if err == nil {
		err = yaml.Unmarshal(text, &c)
	}
	return c, err
}

// readProgress reads the end of the log: how far the run is, and how fast.
func (x *index) readProgress(r *run) error {
	r.Step, r.Epoch, r.Seconds, r.Loss, r.Probe, r.Rate, r.Left = 0, 0, 0, nil, nil, 0, nil
	lines, err := lastLines(x.root, path.Join(r.dir, logFile))
	var log []record.Metrics
	for _, line := range lines {
		var m record.Metrics
		if err = cmp.Or(err, json.Unmarshal(line, &m)); err == nil {
			log = append(log, m)
		}
	}
	if len(log) == 0 {
		return err
	}

	last := log[len(log)-1]
	r.Step, r.Epoch, r.Seconds, r.Loss, r.Chance, r.Probe = last.Step, last.Epoch, last.Seconds, &last.Loss,
		last.Chance, last.ProbeAccuracy
	if last.Epoch > 0 {
		// The log has no total: it follows from the steps of the epochs so far, until a checkpoint states it.
		r.Total = int(float64(last.Step)/last.Epoch*float64(r.Epochs) + 0.5)
	}

	// The speed of the last lines: a resumed training may have another one than before.
	first := record.Metrics{}
	if len(log) > 1 {
		first = log[0]
	}
	if seconds := last.Seconds - first.Seconds; seconds > 0 && last.Step > first.Step {
		r.Rate = float64(last.Images-first.Images) / seconds
		left := max(0, seconds/float64(last.Step-first.Step)*float64(r.Total-last.Step))
		r.Left = &left
	}
	return err
}

// readStatus asks the lock and the checkpoint.
func (x *index) readStatus(r *run) {
	dir := x.path(r.dir)
	_, holding := record.HolderOf(dir) // it opens the lock for reading, and follows no link

	// The checkpoint's header alone: it has how many steps are done.
	done, total := 0, 0
	r.errors[ofCheckpoint] = nil
	if info, err := os.Lstat(record.CheckpointPath(dir)); err == nil && info.Mode().IsRegular() {
		done, total, r.errors[ofCheckpoint] = pretrain.StepsDone(dir)
	}
	r.Error = ""
	if err := cmp.Or(r.errors[:]...); err != nil {
		r.Error, _, _ = strings.Cut(err.Error(), "\n")
	}
	if total > 0 {
		r.Total = total
	}
	// Without a checkpoint, only a log that reaches the last epoch shows that a run is finished.
	logged := r.Epochs > 0 && r.Epoch >= float64(r.Epochs)
	r.Status = runs.StatusOf(holding, r.Error != "", total > 0 && done >= total, logged && total == 0)
	if r.Status != runs.InUse {
		r.Rate, r.Left = 0, nil
	}
}

// read calls f with the index locked. An address may be opened before the list was asked for: then the folder is looked
// at first.
func (x *index) read(f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.walked.IsZero() {
		x.look(time.Now())
	}
	f()
}
