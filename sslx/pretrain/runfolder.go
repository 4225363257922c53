package pretrain

import (
	"github.com/sslx-go/lab/internal/usage"
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
	Fingerprint string // of the data that it was trained on
}

// ReadFinishedRun reads what the run in dir was trained with. It is a usage error when the training is not finished
// (the last epoch is what is measured, never an earlier one), and when the configuration in the folder is not the one
// in the checkpoint.
func ReadFinishedRun(dir string) (r FinishedRun, err error) {
	config, err := RunConfig(dir)
	if err != nil {
		return r, err
	}
	if !hasCheckpoint(dir) {
		return r, usage.About("resume", "run %s has no checkpoint yet: train it first", dir)
	}
	c, err := loadCheckpoint(record.CheckpointPath(dir))
	if err != nil {
		return r, err
	}

	if p := c.state; p.Step < p.Total {
		return r, usage.About("resume", "run %s is at step %d of %d: results are those of the last step, so finish it first",
			dir, p.Step, p.Total)
	}
	same, err := sameTraining(c.state.Config, config)
	if err != nil {
		return r, err
	}
	if !same {
		return r, usage.Errorf("the configuration of run %s is not the one that its checkpoint was trained with: restore "+
			"one of them from a copy", dir)
	}
	return FinishedRun{Dir: dir, Config: config, Fingerprint: c.state.Fingerprint}, nil
}
