package watch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
	"github.com/sslx-go/lab/sslx/runs"
)

// listRuns answers with the runs that changed since a version, all of them since 0, and those that are gone.
func (h *Handler) listRuns(w http.ResponseWriter, r *http.Request) {
	// What is no number counts as 0: then all runs are sent.
	since, _ := strconv.ParseInt(r.URL.Query().Get("since"), 10, 64)
	x := h.index
	x.mu.Lock()
	defer x.mu.Unlock()
	x.look(time.Now())

	list := struct {
		Folder  string    `json:"folder"`
		Version int64     `json:"version"`
		Runs    []summary `json:"runs"`
		Gone    []string  `json:"gone"`
		Stores  []*store  `json:"stores"`
		Sweeps  []*sweep  `json:"sweeps"`
		More    bool      `json:"more"` // runs that the next answer will have
	}{Folder: x.folder, Version: x.version, More: len(x.unread) > 0, Runs: []summary{}, Gone: []string{},
		Stores: []*store{}, Sweeps: []*sweep{}}
	for _, r := range x.runs {
		if r.version > since {
			list.Runs = append(list.Runs, r.summary)
		}
	}
	for id, at := range x.gone {
		if at > since {
			list.Gone = append(list.Gone, id)
		}
	}
	sweepsByPath := func(a, b *sweep) int { return strings.Compare(a.Path, b.Path) }
	list.Sweeps = append(list.Sweeps, slices.SortedFunc(maps.Values(x.sweeps), sweepsByPath)...)
	byPath := func(a, b *store) int { return strings.Compare(a.Path, b.Path) }
	list.Stores = append(list.Stores, slices.SortedFunc(maps.Values(x.stores), byPath)...)
	slices.SortFunc(list.Runs, func(a, b summary) int { return strings.Compare(a.Path, b.Path) })
	answer(w, list)
}

// find returns the run that a request names; it answers where there is none.
func (h *Handler) find(w http.ResponseWriter, r *http.Request) (s summary, ok bool) {
	h.index.read(func() {
		if known := h.index.runs[r.URL.Query().Get("run")]; known != nil {
			s, ok = known.summary, true
		}
	})
	if !ok {
		refuse(w, http.StatusNotFound, "there is no such run")
	}
	return s, ok
}

// mostLog is how much of a log one answer has.
const mostLog = 4 << 20

// readLog answers with the lines of a log behind an offset. A resumed training rewrites its log, which is then
// read from its beginning.
func (h *Handler) readLog(w http.ResponseWriter, r *http.Request) {
	run, ok := h.find(w, r)
	if !ok {
		return
	}
	part := struct {
		File    string            `json:"file"`   // changes when the log is rewritten
		Offset  int64             `json:"offset"` // of what follows
		More    bool              `json:"more"`
		Damaged int               `json:"damaged"` // lines that are no objects
		Lines   []json.RawMessage `json:"lines"`
	}{Lines: []json.RawMessage{}}

	f, info, err := openFile(h.root, path.Join(run.Path, logFile))
	if errors.Is(err, fs.ErrNotExist) {
		answer(w, part)
		return
	}
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	defer func() { _ = f.Close() }()

	// What was read before still holds when the same file has only grown.
	part.File = strconv.FormatInt(inode(info), 36)
	offset, _ := strconv.ParseInt(r.URL.Query().Get("offset"), 10, 64)
	if r.URL.Query().Get("file") != part.File || offset < 0 || offset > info.Size() {
		offset = 0
	}
	text := make([]byte, min(mostLog, info.Size()-offset))
	n, err := f.ReadAt(text, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		refuse(w, http.StatusUnprocessableEntity, err.Error())
		return
	}

	// The last line may be half written.
	text = text[:bytes.LastIndexByte(text[:n], '\n')+1]
	part.Offset = offset + int64(len(text))
	part.More = len(text) > 0 && part.Offset < info.Size()
	for line := range bytes.Lines(text) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if !json.Valid(line) || !bytes.HasPrefix(line, []byte("{")) {
			part.Damaged++
			continue
		}
		part.Lines = append(part.Lines, line)
	}
	answer(w, part)
}

// details is what a page of a run shows except its curves.
type details struct {
	Run       summary        `json:"run"`
	Config    [][2]string    `json:"config"` // dotted keys with their values, in the order of a configuration
	YAML      string         `json:"yaml"`
	Facts     [][2]string    `json:"facts"`
	Sentences []string       `json:"sentences"`
	Results   *report.Table  `json:"results"`
	Curves    []record.Curve `json:"curves"`
	Pictures  []shown        `json:"pictures"`
	Repeat    string         `json:"repeat"`           // the command that makes the run again
	Resume    string         `json:"resume,omitempty"` // the command that continues it
}

// shown is a picture of a run.
type shown struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Caption string `json:"caption"`
	Stamp   string `json:"stamp"` // changes with the picture
}

// captions are the titles of the pictures of runs and what they show.
var captions = map[string][2]string{
	record.ViewsPicture: {"Views", "Training images, each next to random views of it: the encoder learns to give " +
		"views of one image similar embeddings."},
	record.NeighborsPicture: {"Nearest neighbors", "Test images, each followed by those that the encoder finds most " +
		"similar. Tick: the same label; cross: another one."},
	record.MapPicture: {"Map", "Test images by the first two principal components of their representations."},
	"tasks.png":       {"Tasks and protocols", "Accuracy by task and protocol."},
	report.MeasurePicture(record.MetricBalanced): {"Class-balanced accuracy", "The mean over classes of the share of " +
		"each class that is right."},
	report.MeasurePicture(record.MetricTop5): {"Top-5 accuracy", "How often the label is among the five most likely " +
		"classes."},
	"confusion.png": {"Confusion", "How the predictions for the images of each class are spread over all classes."},
	report.MeasurePicture(record.MetricCorrupted): {"Corruptions", "Mean accuracy on corrupted test images, next to " +
		"the baselines."},
	"corruptions.png": {"Corruption and severity", "Accuracy for each corruption at each severity."},
	"curves.png":      {"Probes", "How the probes of the evaluation were trained."},
}

func (h *Handler) showRun(w http.ResponseWriter, r *http.Request) {
	run, ok := h.find(w, r)
	if !ok {
		return
	}
	d := details{Run: run, Config: [][2]string{}, Facts: [][2]string{}, Sentences: []string{}, Pictures: []shown{},
		Curves: []record.Curve{}}

	// What cannot be read is left out: the list has the reason.
	if text, err := readFile(h.root, path.Join(run.Path, "config.yaml")); err == nil {
		d.YAML, d.Config = string(text), configValues(text)
	}
	var environment record.Environment
	if text, err := readFile(h.root, path.Join(run.Path, "environment.json")); err == nil {
		_ = json.Unmarshal(text, &environment)
	}
	d.Facts = append(d.Facts, report.EnvironmentFacts(environment)...)

	results, _ := readLines[record.Result](h.root, path.Join(run.Path, "results.jsonl"))
	if len(results) > 0 {
		table := report.Results(results)
		d.Results = &table
		d.Sentences = report.Run{Name: run.Name, Environment: environment, Results: results,
			Metrics: h.lastMetrics(run)}.Summary()
	}
	curves, _ := readLines[record.Curve](h.root, path.Join(run.Path, "curves.jsonl"))
	d.Curves = append(d.Curves, curves...)

	for _, name := range pictures {
		info, err := h.root.Lstat(path.Join(run.Path, name))
		if err == nil && info.Mode().IsRegular() {
			d.Pictures = append(d.Pictures, shown{name, captions[name][0], captions[name][1],
				strconv.FormatInt(info.ModTime().UnixNano(), 36)})
		}
	}

	folder := h.index.path(run.Path)
	d.Repeat = fmt.Sprintf("sslx pretrain --config %s --out NEW && sslx evaluate NEW",
		words.Quote(path.Join(folder, "config.yaml")))
	if run.Status == runs.Died || run.Status == runs.Stopped {
		d.Resume = "sslx pretrain --resume " + words.Quote(folder)
	}
	answer(w, d)
}

// lastMetrics returns the last line of a run's log, none where it has none.
func (h *Handler) lastMetrics(run summary) []record.Metrics {
	lines, err := lastLines(h.root, path.Join(run.Path, logFile))
	if err != nil || len(lines) == 0 {
		return nil
	}
	var m record.Metrics
	if json.Unmarshal(lines[len(lines)-1], &m) != nil {
		return nil
	}
	return []record.Metrics{m}
}

// configValues returns the values of a configuration under dotted keys; the values of a list are numbered from 1. One
// that this program cannot read, such as that of another module's objective, has its values in alphabetical order.
func configValues(text []byte) [][2]string {
	var tree any
	order := func(string) int { return 0 }
	var c pretrain.Config
	if yaml.Unmarshal(text, &c) == nil {
		values, err := runs.Values(c)
		if err != nil {
			return [][2]string{}
		}
		tree = values
		keys := pretrain.Keys()
		order = func(key string) int {
			part, _, _ := strings.Cut(key, ".")
			ofPart := func(k string) bool { return k == key || strings.HasPrefix(k, part+".") }
			if i := slices.IndexFunc(keys, ofPart); i >= 0 {
				return i
			}
			return len(keys)
		}
	} else if yaml.Unmarshal(text, &tree) != nil {
		return [][2]string{}
	}

	flat := [][2]string{}
	flatten(&flat, "", tree)
	// By name, and then by the order of a configuration, which keeps the first order among equals.
	slices.SortStableFunc(flat, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	slices.SortStableFunc(flat, func(a, b [2]string) int { return order(a[0]) - order(b[0]) })
	return flat
}

// mostValues bounds how many values of a configuration are shown.
const mostValues = 2000

// flatten appends the leaves of a tree under dotted keys.
func flatten(to *[][2]string, key string, tree any) {
	below := func(name string) string { return strings.TrimPrefix(key+"."+name, ".") }
	switch v := tree.(type) {
	case map[string]any:
		for name, value := range v {
			flatten(to, below(name), value)
		}
		return
	case []any:
		// A list of plain values is one value.
		if slices.ContainsFunc(v, func(e any) bool { return e != nil && reflect.TypeOf(e).Kind() == reflect.Map }) {
			for i, value := range v {
				flatten(to, below(strconv.Itoa(i+1)), value)
			}
			return
		}
	}
	if len(*to) < mostValues {
		*to = append(*to, [2]string{key, valueText(tree)})
	}
}

func valueText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	var plain string
	if json.Unmarshal(text, &plain) == nil {
		return plain
	}
	return strings.ReplaceAll(string(text), ",", ", ")
}

// signature begins every PNG image.
var signature = []byte("\x89PNG\r\n\x1a\n")

// picture serves one of the pictures of a run.
func (h *Handler) picture(w http.ResponseWriter, r *http.Request) {
	run, ok := h.find(w, r)
	if !ok {
		return
	}
	name := r.URL.Query().Get("name")
	if !slices.Contains(pictures, name) {
		refuse(w, http.StatusNotFound, "there is no such picture")
		return
	}
	image, err := readFile(h.root, path.Join(run.Path, name))
	// Whatever else a file of that name holds is not served.
	if err != nil || !bytes.HasPrefix(image, signature) {
		refuse(w, http.StatusNotFound, "there is no such picture")
		return
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "private, max-age=3600") // its address has its stamp
	_, _ = w.Write(image)
}

// compareRuns answers with the results of the trained encoders of several runs side by side.
func (h *Handler) compareRuns(w http.ResponseWriter, r *http.Request) {
	x := h.index
	x.mu.Lock()
	var chosen []summary
	for _, id := range r.URL.Query()["run"] {
		if known := x.runs[id]; known != nil {
			chosen = append(chosen, known.summary)
		}
	}
	// Files are read without the lock, for which every other page waits.
	x.mu.Unlock()

	// Each run has its own copy of the baselines; only the trained encoders are compared.
	var results []record.Result
	for _, run := range chosen {
		own, _ := readLines[record.Result](h.root, path.Join(run.Path, "results.jsonl"))
		for _, v := range own {
			if v.Model == run.Method {
				v.Run = run.Name
				results = append(results, v)
			}
		}
	}

	table := struct {
		Table   *report.Table `json:"table"`
		Caution string        `json:"caution,omitempty"`
	}{}
	if len(results) > 0 {
		t := report.ResultsByRun(results)
		for k, name := range t.Head {
			if name == results[0].Model {
				t.Head[k] = name + " of " + results[0].Run // as the columns of the other runs are named
			}
		}
		table.Table = &t
		if err := runs.Comparable(results); err != nil {
			table.Caution = "Not all of these numbers can be compared: " + err.Error()
		}
	}
	answer(w, table)
}
