package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
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
		Short: "List, show, compare and export runs",
		Long: `List, show, compare and export runs. RUN is a run folder, or the name of one in runs/. These commands only
read; runs may be training meanwhile.`,
		Example: `  sslx runs list
  sslx runs compare first lr01`,
	}, runsListCommand(a), runsShowCommand(a), runsCompareCommand(a), runsExportCommand(a))
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
	Error    string    `json:"error,omitempty"` // why the run cannot be read
}

// stateOf reads what a run folder says; a part that cannot be read is named in Error.
func stateOf(dir string) runState {
	s := runState{Run: record.Name(dir), Path: dir, InUse: inUse(dir)}
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
	return s
}

// status says in words how far a run is.
func (s runState) status() string {
	switch {
	case s.Error != "":
		return "unreadable"
	case s.InUse:
		return "in use"
	case s.Finished:
		return "finished"
	}
	return "stopped"
}

// inUse reports whether a process writes to the run. It looks through a shared lock, held for an instant.
func inUse(dir string) bool {
	path := filepath.Join(dir, ".lock")
	if _, err := os.Stat(path); err != nil {
		return false
	}
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	_ = lock.Close()
	return err == nil && !free
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

// findRun returns the run folder that a user means by name: a path, or a name in the folder of runs.
func findRun(name string) (dir string, err error) {
	inRuns := filepath.Join(runsFolder, name)
	switch {
	case record.IsRun(name):
		return name, nil
	case name == filepath.Base(name) && record.IsRun(inRuns):
		return inRuns, nil
	}
	hint := "`sslx runs list` shows those that there are"
	if near := usage.Nearest(filepath.Base(name), runNames()); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return "", usage.Errorf("there is no run %q, neither here nor in %s/: %s", name, runsFolder, hint)
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
