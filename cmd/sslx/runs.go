package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx"
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
	s.Method, s.Data, s.Started, s.Results = config.Objective.Name, config.Data, environment.Started, len(results)
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
