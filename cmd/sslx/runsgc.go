package main

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sslx-go/lab/experiments"
)

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
