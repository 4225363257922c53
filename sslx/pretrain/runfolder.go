package pretrain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/record"
)

// RunConfig reads and checks the configuration of the run in dir.
func RunConfig(dir string) (c Config, err error) {
	if err := record.ReadConfig(dir, &c); err != nil {
		return c, err
	}
	if err := c.Check(); err != nil {
		return c, usage.Errorf("the configuration of run %s: %v", dir, err)
	}
	return c, nil
}

// FinishedRun is a run whose training is done.
type FinishedRun struct {
	Dir         string
	Config      Config
	Data        string // name of the data that it was trained on; "" where its environment cannot be read
	Fingerprint string // of these data

	// Height and Width are the size of the images that it was trained on; 0 in runs of version 0.1.
	Height, Width int
}

// ReadFinishedRun reads what the run in dir was trained with. It is a usage error when the training is not finished
// (the last epoch is what is measured, never an earlier one), and when the configuration in the folder is not the one
// in the checkpoint.
func ReadFinishedRun(dir string) (r FinishedRun, err error) {
	r, at, err := readTrained(dir)
	if err == nil && at.Step < at.Total {
		err = usage.About("resume", "run %s is at step %d of %d: results are those of the last step, so finish it "+
			"first", dir, at.Step, at.Total)
	}
	return r, err
}

// ReadPausedRun is ReadFinishedRun for a run that may have a part of its training before it.
func ReadPausedRun(dir string) (FinishedRun, error) {
	r, _, err := readTrained(dir)
	return r, err
}

// readTrained reads what the run in dir was trained with, and where its checkpoint stands.
func readTrained(dir string) (r FinishedRun, at runState, err error) {
	config, err := RunConfig(dir)
	if err != nil {
		return r, at, err
	}
	if !hasCheckpoint(dir) {
		return r, at, usage.About("resume", "run %s has no checkpoint yet: train it first", dir)
	}
	c, err := loadCheckpoint(record.CheckpointPath(dir))
	if err != nil {
		return r, at, err
	}

	// The file in the folder can be edited; what was trained is in the checkpoint.
	same, err := sameTraining(c.state.Config, config)
	if err != nil {
		return r, at, err
	}
	if !same {
		return r, at, usage.Errorf("the configuration of run %s is not the one that its checkpoint was trained with: "+
			"restore one of them from a copy", dir)
	}

	// Without its record, the run's data are called what their pack is called.
	environment, _ := record.ReadEnvironment(dir)
	return FinishedRun{
		Dir:         dir,
		Config:      config,
		Data:        environment.Data,
		Fingerprint: c.state.Fingerprint,
		Height:      c.state.Height,
		Width:       c.state.Width,
	}, c.state, nil
}

// StepsDone returns how many steps the checkpoint of the run in dir has behind it, and how many steps the run has in
// all: both 0 without a checkpoint. It reads the header alone, so that many runs are listed fast; whatever loads a
// checkpoint compares its checksum.
func StepsDone(dir string) (done, total int, err error) {
	path := record.CheckpointPath(dir)
	metadata, err := loadMetadata(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}

	var steps struct{ Step, Total int } // of a runState, whatever objective it names
	if err := json.Unmarshal([]byte(metadata[stateKey]), &steps); err != nil {
		return 0, 0, fmt.Errorf("%s is no checkpoint of sslx: restore it from a copy", path)
	}
	return steps.Step, steps.Total, nil
}

// hasCheckpoint reports whether the run in dir has a checkpoint.
func hasCheckpoint(dir string) bool {
	_, err := os.Stat(record.CheckpointPath(dir))
	return err == nil
}

// runCheckpoint returns the checkpoint of a run, nil when it has none. The checkpoint must belong to set and config.
func runCheckpoint(set *dataset.Set, run *record.Run, config Config) (*checkpoint, error) {
	if !hasCheckpoint(run.Dir()) {
		return nil, nil
	}
	c, err := loadCheckpoint(record.CheckpointPath(run.Dir()))
	if err != nil {
		return nil, err
	}
	return &c, c.belongsTo(run, set, config)
}

// belongsTo returns an error when the checkpoint was made by other data, or by a configuration that differs in more
// than where the data is and how often the run logs and saves.
func (c checkpoint) belongsTo(run *record.Run, set *dataset.Set, config Config) error {
	if c.state.Fingerprint != set.Fingerprint() {
		return usage.Errorf("run %s was trained on other data than %s is now: its fingerprint was %.12s and is %.12s",
			run.Name(), set.Name(), c.state.Fingerprint, set.Fingerprint())
	}

	same, err := sameTraining(c.state.Config, config)
	if err == nil && !same {
		err = usage.Errorf("the checkpoint of run %s was made with another configuration than the run's: restore one "+
			"of them from a copy, or start a new run", run.Name())
	}
	return err
}

// sameTraining reports whether two configurations train the same network: they may differ in where the data is, and in
// how often and in which formats is logged and saved.
func sameTraining(saved, config Config) (bool, error) {
	// Compared as they are written, names and parameters of every part included. Records of before a key was there are
	// resolved to what it is by now.
	saved, config = saved.Resolved(), config.Resolved()
	saved.Data, saved.LogSteps, saved.CheckpointSeconds = config.Data, config.LogSteps, config.CheckpointSeconds
	saved.Log = config.Log
	was, err := yaml.Marshal(saved)
	if err != nil {
		return false, err
	}
	is, err := yaml.Marshal(config)
	return bytes.Equal(was, is), err
}
