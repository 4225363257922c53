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

// FinishedConfig reads the configuration of the run in dir, whose training must be finished: the last epoch is what is
// measured, never an earlier one. A run that is not finished is a usage error.
func FinishedConfig(dir string) (c Config, err error) {
	if c, err = RunConfig(dir); err != nil {
		return c, err
	}

	done, total, err := StepsDone(dir)
	switch {
	case err != nil:
		return c, err
	case total == 0:
		return c, usage.About("resume", "run %s has no checkpoint yet: train it first", dir)
	case done < total:
		return c, usage.About("resume", "run %s is at step %d of %d: results are those of the last step, so finish it first",
			dir, done, total)
	}
	return c, nil
}
