package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// runsFolder is where runs are looked for by their bare name.
const runsFolder = "runs"

func runsCommand(a *app) *cobra.Command {
	return group(&cobra.Command{
		Use:   "runs",
		Short: "Find, list, show, compare, export and clear away runs",
		Long: `Find, list, show, compare, export and clear away runs. RUN is a run folder, or the name of one in runs/ and
below, or the beginning of that name. Runs may be training meanwhile: all commands but gc --delete only read.`,
		Example: `  sslx runs list
  sslx runs compare first lr01`,
	}, runsListCommand(a), runsShowCommand(a), runsCompareCommand(a), runsExportCommand(a), runsGCCommand(a))
}

// runState is what `runs list` says of a run. The JSON keys are a stable contract.
type runState struct {
	Run      string    `json:"run"`
	Path     string    `json:"path"`
	Method   string    `json:"method"`
	Data     string    `json:"data"`
	Steps    int       `json:"steps"`
	Epochs   float64   `json:"epochs"`
	Finished bool      `json:"finished"`
	Loss     *float64  `json:"loss"` // of the last line of the log; null before the first
	Results  int       `json:"results"`
	Started  time.Time `json:"started"`
	InUse    bool      `json:"in_use"`
	Status   string    `json:"status"`          // unreadable, in use, finished, died or stopped
	Error    string    `json:"error,omitempty"` // why the run cannot be read

	// Holder is the process that works on the run, or that died with it; null when the run was given back.
	Holder *record.Holder `json:"holder"`
}

// stateOf reads what a run folder says; a part that cannot be read is named in Error.
func stateOf(dir string) runState {
	holder, holding := record.HolderOf(dir)
	s := runState{Run: record.Name(dir), Path: dir, InUse: holding == record.Held}
	if holding != record.Free {
		s.Holder = &holder
	}
	var config sslx.Config
	configErr := record.ReadConfig(dir, &config)
	environment, environmentErr := record.ReadEnvironment(dir)
	metrics, metricsErr := record.ReadMetrics(dir)
	results, resultsErr := record.ReadResults(dir)
	s.Method, s.Data, s.Started, s.Results = objective.NameOf(config.Objective), config.Data, environment.Started, len(results)
	if len(metrics) > 0 {
		last := metrics[len(metrics)-1]
		s.Steps, s.Epochs, s.Loss = last.Step, last.Epoch, &last.Loss
		s.Finished = configErr == nil && last.Epoch >= float64(config.Epochs)
	}
	if err := errors.Join(configErr, environmentErr, metricsErr, resultsErr); err != nil {
		s.Error = sentence(err.Error())
	}
	s.Status = s.status()
	return s
}

// status says in a word how far a run is. A run that died or was stopped can be gone on with.
func (s runState) status() string {
	switch {
	case s.Error != "":
		return "unreadable"
	case s.InUse:
		return "in use"
	case s.Finished:
		return "finished"
	case s.Holder != nil:
		return "died"
	}
	return "stopped"
}

// runsIn returns the run folders at and below dir, in lexical order.
func runsIn(dir string) (runs []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir:
			return err
		case err != nil:
			return fs.SkipDir // a folder that may not be read holds no runs to show
		case entry.IsDir() && record.IsRun(path):
			runs = append(runs, path)
			return fs.SkipDir
		}
		return nil
	})
	return runs, err
}

// runNames returns the names of the runs directly in the folder of runs.
func runNames() (names []string) {
	entries, _ := os.ReadDir(runsFolder)
	for _, e := range entries {
		if record.IsRun(filepath.Join(runsFolder, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names
}

// findRun returns the run folder that a user means by name: a path, or a run in the folder of runs or below it, by its name
// or by a beginning that no other has.
func findRun(name string) (dir string, err error) {
	inRuns := filepath.Join(runsFolder, name)
	switch {
	case record.IsRun(name):
		return name, nil
	case name == filepath.Base(name) && record.IsRun(inRuns):
		return inRuns, nil
	}
	below, _ := runsIn(runsFolder)
	var begin []string
	for _, dir := range below {
		if strings.HasPrefix(record.Name(dir), name) {
			begin = append(begin, dir)
		}
	}
	switch hint := "`sslx runs list` shows those that there are"; len(begin) {
	case 1:
		return begin[0], nil
	case 0:
		if near := usage.Nearest(filepath.Base(name), runNames()); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return "", usage.Errorf("there is no run %q, neither here nor in %s/: %s", name, runsFolder, hint)
	}
	return "", usage.Errorf("%d runs begin with %q, %s and %s among them: give a path", len(begin), name, begin[0], begin[1])
}

func findRuns(names []string) (dirs []string, err error) {
	for _, name := range names {
		dir, err := findRun(name)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

func runsListCommand(a *app) *cobra.Command {
	var asJSON bool
	var where []string
	cmd := &cobra.Command{
		Use:   "list [DIR]",
		Short: "List the runs in a folder and below",
		Long: `List the runs in a folder (runs when left out) and below: method, data, how far each is, the loss at the end
of its log, the number of results, and whether a process works on it now. A run that is neither in use nor
finished was stopped, or its process died: sslx pretrain --resume RUN goes on with either.

--where keeps the runs that have a value in their configuration, or a status.`,
		Example: `  sslx runs list
  sslx runs list experiments --json
  sslx runs list --where objective.name=vicreg --where status=died`,
		Args: arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			states, err := statesIn(args)
			if err != nil {
				return err
			}
			if states, err = having(states, where); err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(states)
			}
			return a.printStates(states)
		},
	}
	cmd.Flags().StringArrayVar(&where, "where", nil, "keep runs with this `key=value` of the configuration, or status; may be repeated")
	completeFunc(cmd, "where", completeSet)
	jsonFlag(cmd, &asJSON)
	return cmd
}

// statesIn returns the states of the runs in the folder that is named, or in that of runs, which may be missing.
func statesIn(args []string) ([]runState, error) {
	dir := runsFolder
	if len(args) > 0 {
		dir = args[0]
	}
	dirs, err := runsIn(dir)
	switch missing := errors.Is(err, fs.ErrNotExist); {
	case missing && len(args) > 0:
		return nil, usage.Errorf("there is no folder %s: give one that holds runs", dir)
	case err != nil && !missing:
		return nil, fmt.Errorf("folder %s cannot be read: %w", dir, err)
	}
	states := []runState{}
	for _, run := range dirs {
		states = append(states, stateOf(run))
	}
	return states, nil
}

// having returns the runs that have all values. What cannot be read has none.
func having(states []runState, where []string) ([]runState, error) {
	for _, want := range where {
		key, value, ok := strings.Cut(want, "=")
		if keys := append(sslx.ConfigKeys(), "status"); !ok || !slices.Contains(keys, key) {
			return nil, usage.Unknown("key=value of --where", want, keys)
		}
		states = slices.DeleteFunc(states, func(s runState) bool { return s.value(key) != value })
	}
	return states, nil
}

// value returns what the run has under a key, as text.
func (s runState) value(key string) string {
	if key == "status" {
		return s.Status
	}
	var config sslx.Config
	if record.ReadConfig(s.Path, &config) != nil {
		return ""
	}
	values, err := flatConfig(config)
	if err != nil {
		return ""
	}
	return fmt.Sprint(values[key])
}

func (a *app) printStates(states []runState) error {
	if len(states) == 0 {
		_, err := fmt.Fprintln(a.stdout, "no runs: `sslx pretrain --out runs/first` makes one")
		return err
	}
	t := table{left: 4}
	t.add("run", "method", "data", "status", "steps", "epochs", "loss", "results", "started")
	for _, s := range states {
		loss := "-"
		if s.Loss != nil {
			loss = fmt.Sprintf("%.4f", *s.Loss)
		}
		t.add(s.Path, s.Method, s.Data, s.Status, fmt.Sprint(s.Steps), fmt.Sprintf("%.1f", s.Epochs), loss,
			fmt.Sprint(s.Results), s.Started.Local().Format("2006-01-02 15:04"))
		if s.Error != "" {
			a.warn(s.Path + ": " + s.Error)
		}
	}
	return t.print(a.stdout)
}

func runsShowCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a run: configuration, machine, log's end and results",
		Long: `Show a run: how far it is, where it was made, its whole configuration, the last line of its log and its
results.`,
		Example: `  sslx runs show first
  sslx runs show runs/first --json`,
		Args:              arguments(1, 1),
		ValidArgsFunction: completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return a.runsShow(args[0], asJSON) },
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// runDetails is all that a run folder says. The JSON keys are a stable contract.
type runDetails struct {
	runState
	Report      string             `json:"report"` // path, empty when there is none
	Environment record.Environment `json:"environment"`
	Config      sslx.Config        `json:"config"`
	Last        *record.Metrics    `json:"last"`    // last line of the log; null before the first
	Outcome     []record.Result    `json:"results"` // in place of their number
}

func readRun(dir string) (d runDetails, err error) {
	d.runState = stateOf(dir)
	if err := record.ReadConfig(dir, &d.Config); err != nil {
		return d, err
	}
	if d.Environment, err = record.ReadEnvironment(dir); err != nil {
		return d, err
	}
	metrics, err := record.ReadMetrics(dir)
	if err != nil {
		return d, err
	}
	if len(metrics) > 0 {
		d.Last = &metrics[len(metrics)-1]
	}
	if _, err := os.Stat(record.ReportPath(dir)); err == nil {
		d.Report = record.ReportPath(dir)
	}
	results, err := record.ReadResults(dir)
	d.Outcome = list(results)
	return d, err
}

func (a *app) runsShow(name string, asJSON bool) error {
	dir, err := findRun(name)
	if err != nil {
		return err
	}
	d, err := readRun(dir)
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(d)
	}
	if err := a.printDetails(d); err != nil || len(d.Outcome) == 0 {
		return err
	}
	fmt.Fprintln(a.stdout)
	return printResults(a.stdout, d.Outcome)
}

func (a *app) printDetails(d runDetails) error {
	e := d.Environment
	t := table{left: 2}
	t.add("run", d.Path)
	t.add("status", d.Status)
	if h := d.Holder; h != nil {
		t.add("process", fmt.Sprintf("%d on %s, last seen %s", h.PID, h.Host, h.Seen.Local().Format(time.RFC1123)))
	}
	if d.Status == "died" || d.Status == "stopped" {
		t.add("next", "sslx pretrain --resume "+d.Path)
	}
	t.add("started", e.Started.Local().Format(time.RFC1123))
	t.add("data", fmt.Sprintf("%s, fingerprint %.12s", e.Data, e.Fingerprint))
	t.add("device", fmt.Sprintf("%s (%s %s)", e.Device, e.Backend, e.Plugin))
	t.add("source", fmt.Sprintf("%s, %s", e.Revision, e.Go))
	if m := d.Last; m != nil {
		t.add("trained", fmt.Sprintf("%d steps, %.1f epochs, %d images, %.0f s", m.Step, m.Epoch, m.Images, m.Seconds))
		t.add("loss", fmt.Sprintf("%.4f (chance %.4f), spread %.3f, effective rank %.1f", m.Loss, m.Chance, m.Spread, m.Rank))
		if m.ProbeAccuracy != nil {
			t.add("online probe", fmt.Sprintf("%.1f %% on training views", 100**m.ProbeAccuracy))
		}
	}
	t.add("report", orNone(d.Report))
	if err := t.print(a.stdout); err != nil {
		return err
	}
	text, err := yaml.Marshal(d.Config)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "\n%s", text)
	return err
}

func runsCompareCommand(a *app) *cobra.Command {
	var asJSON, force bool
	cmd := &cobra.Command{
		Use:   "compare RUN RUN...",
		Short: "Compare runs: what differs in configuration and results",
		Long: `Compare runs: the keys of the configuration that differ, how far each is, and the results of the trained
encoders side by side. Differences between single runs are no evidence: they vary with the seed. Results of
one kind that were measured by different protocols cannot be compared and are refused.`,
		Example: `  sslx runs compare first lr01
  sslx runs compare runs/* --json`,
		Args:              arguments(2, -1),
		ValidArgsFunction: completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return a.runsCompare(args, asJSON, force) },
	}
	jsonFlag(cmd, &asJSON)
	cmd.Flags().BoolVar(&force, "force", false, "show results of different protocols side by side all the same")
	return cmd
}

// comparison is what `runs compare` prints. The JSON keys are a stable contract.
type comparison struct {
	Runs        []runState      `json:"runs"`
	Differences []difference    `json:"differences"`
	Results     []record.Result `json:"results"`
}

// difference is a key of the configuration with its values in the order of the runs.
type difference struct {
	Key    string `json:"key"`
	Values []any  `json:"values"`
}

func (a *app) runsCompare(names []string, asJSON, force bool) error {
	dirs, err := findRuns(names)
	if err != nil {
		return err
	}
	c := comparison{Results: []record.Result{}}
	var configs []sslx.Config
	for _, dir := range dirs {
		d, err := readRun(dir)
		if err != nil {
			return err
		}
		c.Runs, configs = append(c.Runs, d.runState), append(configs, d.Config)
		for _, r := range d.Outcome {
			if r.Model == d.Method {
				c.Results = append(c.Results, r)
			}
		}
	}
	if !force {
		if err := sameProtocols(c.Results); err != nil {
			return err
		}
	}
	if c.Differences, err = differences(configs); err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(c)
	}
	return a.printComparison(c)
}

// sameProtocols returns a usage error when results of one kind, such as kNN on one layer for one task, were measured by
// different protocols in different runs.
func sameProtocols(results []record.Result) error {
	type kind struct{ name, task, layer, metric string }
	of := func(r record.Result) kind {
		return kind{r.Protocol.Name(), r.Task, r.Layer, r.Metric}
	}
	runs := map[kind]map[record.Protocol]string{} // a run of each protocol
	names := map[kind]map[string][]record.Protocol{}
	for _, r := range results {
		k := of(r)
		if runs[k] == nil {
			runs[k], names[k] = map[record.Protocol]string{}, map[string][]record.Protocol{}
		}
		runs[k][r.Protocol] = r.Run
		names[k][r.Run] = append(names[k][r.Run], r.Protocol)
	}
	for _, r := range results {
		for protocol, run := range runs[of(r)] {
			if run != r.Run && !slices.Contains(names[of(r)][r.Run], protocol) && !slices.Contains(names[of(r)][run], r.Protocol) {
				return usage.Errorf("%s was measured by %s in run %s and by %s in run %s: evaluate both alike, or pass --force",
					r.Task, r.Protocol, r.Run, protocol, run)
			}
		}
	}
	return nil
}

// differences returns the keys in which configurations differ, in the order of a configuration.
func differences(configs []sslx.Config) ([]difference, error) {
	var flat []map[string]any
	for _, c := range configs {
		values, err := flatConfig(c)
		if err != nil {
			return nil, err
		}
		flat = append(flat, values)
	}
	found := []difference{}
	for _, key := range sslx.ConfigKeys() {
		d := difference{Key: key}
		for _, values := range flat {
			d.Values = append(d.Values, values[key])
		}
		first := fmt.Sprint(d.Values[0])
		if slices.ContainsFunc(d.Values, func(v any) bool { return fmt.Sprint(v) != first }) {
			found = append(found, d)
		}
	}
	return found, nil
}

// flatConfig returns the values of a configuration by their dotted keys.
func flatConfig(c sslx.Config) (map[string]any, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	return flatten(map[string]any{}, "", tree), nil
}

// flatten puts the leaves of a tree into flat, under dotted keys.
func flatten(flat map[string]any, prefix string, tree map[string]any) map[string]any {
	for key, value := range tree {
		if branch, ok := value.(map[string]any); ok {
			flatten(flat, prefix+key+".", branch)
		} else {
			flat[prefix+key] = value
		}
	}
	return flat
}

func (a *app) printComparison(c comparison) error {
	if err := a.printStates(c.Runs); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	if len(c.Differences) == 0 {
		fmt.Fprintln(a.stdout, "the configurations are the same")
	} else if err := differenceTable(c).print(a.stdout); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	return printResults(a.stdout, c.Results)
}

func differenceTable(c comparison) *table {
	t := &table{left: 1}
	head := []string{"key"}
	for _, s := range c.Runs {
		head = append(head, s.Run)
	}
	t.add(head...)
	for _, d := range c.Differences {
		cells := []string{d.Key}
		for _, v := range d.Values {
			cells = append(cells, fmt.Sprint(v))
		}
		t.add(cells...)
	}
	return t
}

type exportFlags struct {
	out     string
	metrics bool
}

func runsExportCommand(a *app) *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export RUN...",
		Short: "Write results or training logs as CSV",
		Long: `Write the results of runs as CSV, one line a result, to standard output or a file; with --metrics, their
training logs, one line a logging step.`,
		Example: `  sslx runs export runs/* > results.csv
  sslx runs export first lr01 --metrics --out logs.csv`,
		Args:              arguments(1, -1),
		ValidArgsFunction: completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return a.runsExport(args, f) },
	}
	cmd.Flags().StringVar(&f.out, "out", "", "file to write; standard output when left out")
	cmd.Flags().BoolVar(&f.metrics, "metrics", false, "export the training logs")
	return cmd
}

func (a *app) runsExport(names []string, f exportFlags) error {
	dirs, err := findRuns(names)
	if err != nil {
		return err
	}
	rows, err := resultRows(dirs)
	if f.metrics {
		rows, err = metricRows(dirs)
	}
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) }
	if f.out == "" {
		return write(a.stdout)
	}
	if err := atomicfile.Write(f.out, write); err != nil {
		return fmt.Errorf("cannot write %s: %w", f.out, err)
	}
	return nil
}

func resultRows(dirs []string) ([][]string, error) {
	rows := [][]string{{"run", "model", "task", "protocol", "layer", "split", "metric", "value", "n", "seed"}}
	for _, dir := range dirs {
		results, err := record.ReadResults(dir)
		if err != nil {
			return nil, err
		}
		for _, r := range results {
			rows = append(rows, []string{r.Run, r.Model, r.Task, r.Protocol.String(), r.Layer, r.Split, r.Metric, number(r.Value),
				strconv.Itoa(r.N), strconv.FormatUint(r.Seed, 10)})
		}
	}
	return rows, nil
}

func metricRows(dirs []string) ([][]string, error) {
	rows := [][]string{{"run", "step", "epoch", "images", "seconds", "lr", "loss", "chance", "spread", "rank", "probe_accuracy"}}
	for _, dir := range dirs {
		metrics, err := record.ReadMetrics(dir)
		if err != nil {
			return nil, err
		}
		for _, m := range metrics {
			probe := ""
			if m.ProbeAccuracy != nil {
				probe = number(*m.ProbeAccuracy)
			}
			rows = append(rows, []string{record.Name(dir), strconv.Itoa(m.Step), number(m.Epoch),
				strconv.FormatInt(m.Images, 10), number(m.Seconds), number(m.LR), number(m.Loss), number(m.Chance),
				number(m.Spread), number(m.Rank), probe})
		}
	}
	return rows, nil
}

// number writes the shortest text that reads back as v.
func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func runsGCCommand(a *app) *cobra.Command {
	var records string
	var remove, asJSON bool
	cmd := &cobra.Command{
		Use:   "gc [DIR]",
		Short: "Find the run folders that are no longer needed, and delete them",
		Long: `Find the run folders in a folder (runs when left out) and below that are no longer needed, and delete them
with --delete. They are the folders of runs of claims whose record is kept, and those of runs that ended
before their first checkpoint. All others stay: runs that a process works on, on this machine or another
one, runs that can be resumed, and trained encoders of which there is no record.`,
		Example: `  sslx runs gc
  sslx runs gc runs/claims --delete`,
		Args: arguments(0, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return a.runsGC(args, records, remove, asJSON)
		},
	}
	cmd.Flags().StringVar(&records, "records", "", "folder of the records; the repository's and "+workFolder+" when left out")
	cmd.Flags().BoolVar(&remove, "delete", false, "delete them")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// garbage is a run folder that is not needed. The JSON keys are a stable contract.
type garbage struct {
	Run     string `json:"run"`
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
	Why     string `json:"why"`
	Deleted bool   `json:"deleted"`
}

func (a *app) runsGC(args []string, recordsFolder string, remove, asJSON bool) error {
	states, err := statesIn(args)
	if err != nil {
		return err
	}
	records, err := recordsIn(recordsFolder)
	if err != nil {
		return err
	}
	found := []garbage{}
	for _, s := range states {
		why := experiments.Garbage(s.Path, records)
		if why == "" {
			continue
		}
		g := garbage{Run: s.Run, Path: s.Path, Why: why, Bytes: bytesIn(s.Path)}
		if remove {
			if g.Deleted, err = experiments.Discard(s.Path, records); err != nil {
				return err
			}
		}
		found = append(found, g)
	}
	if asJSON {
		return a.printJSON(found)
	}
	return a.printGarbage(found, remove)
}

// recordsIn returns the records of all scales in a folder, or in those where they are when none is named.
func recordsIn(folder string) (experiments.Records, error) {
	folders := []string{folder}
	if folder == "" {
		folders = []string{workFolder, experiments.RecordsFolder}
	}
	all := experiments.Records{}
	for _, folder := range folders {
		for _, scale := range experiments.Scales() {
			records, err := experiments.Store{Path: filepath.Join(folder, string(scale)+".jsonl")}.Read()
			if err != nil {
				return nil, err
			}
			for key, r := range records {
				all[key] = r
			}
		}
	}
	return all, nil
}

// bytesIn returns the size of the files in a folder; what vanishes meanwhile does not count.
func bytesIn(dir string) (sum int64) {
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil
	})
	return sum
}

func (a *app) printGarbage(found []garbage, removed bool) error {
	t := table{left: 2}
	t.add("run", "why", "size")
	var sum int64
	n := 0
	for _, g := range found {
		if removed && !g.Deleted {
			g.Why = "kept: a process has just taken it"
		} else {
			sum, n = sum+g.Bytes, n+1
		}
		t.add(g.Path, g.Why, bytesText(g.Bytes))
	}
	if len(found) > 0 {
		if err := t.print(a.stdout); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("%d run folders (%s) can be deleted: --delete does it", n, bytesText(sum))
	switch {
	case len(found) == 0:
		text = "no run folder can be deleted"
	case removed:
		text = fmt.Sprintf("%d run folders (%s) were deleted", n, bytesText(sum))
	}
	_, err := fmt.Fprintln(a.stdout, text)
	return err
}
