package sslx

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sslx-go/lab/internal/open"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// ErrInterrupted reports that a training ended early because its context did. Its checkpoint was saved.
var ErrInterrupted = pretrain.ErrInterrupted

// Summary says what a training did. The JSON keys are a stable contract.
type Summary struct {
	Run            string  `json:"run"`
	Method         string  `json:"method"`
	Steps          int     `json:"steps"`
	Images         int64   `json:"images"`
	Seconds        float64 `json:"seconds"` // without compilation
	ViewsPerSecond float64 `json:"views_per_s"`
	FinalLoss      float64 `json:"final_loss"`
	Config         Config  `json:"config"`

	// Splits and Tasks of the data.
	Splits []string `json:"splits"`
	Tasks  []string `json:"tasks"`

	Device string `json:"device"`

	// Init is what the run started from, nil when its seed decided the initial values.
	Init *record.Ancestry `json:"init,omitempty"`
}

// Pretrain trains an encoder and leaves it in the run folder dir, which must be absent or empty. An interrupted
// training leaves a checkpoint for Resume and returns ErrInterrupted.
func Pretrain(ctx context.Context, dir string, c Config, opt Options) (Summary, error) {
	if err := c.CheckNew(); err != nil {
		return Summary{}, err
	}
	c = c.Resolved()
	create := func(e record.Environment) (*record.Run, error) { return record.Create(dir, c, e) }
	return train(ctx, dir, c, "", 0, opt, create)
}

// PretrainUntil trains as Pretrain does, or resumes the run that is in dir, and pauses after a share of the steps of
// the training, in (0, 1). The learning rate follows the schedule of the whole training, so that Resume, or a later
// pause, continues it with the same bits.
func PretrainUntil(ctx context.Context, dir string, c Config, share float64, opt Options) (Summary, error) {
	if err := c.CheckNew(); err != nil {
		return Summary{}, err
	}
	if !(share > 0 && share < 1) {
		return Summary{}, usage.Errorf("the share of the training is %g: it must be between 0 and 1", share)
	}
	c = c.Resolved()
	fingerprint, take := "", taking(func(e record.Environment) (*record.Run, error) { return record.Create(dir, c, e) })
	if record.IsRun(dir) {
		var err error
		if c, fingerprint, take, err = reopening(dir, opt); err != nil {
			return Summary{}, err
		}
	}
	return train(ctx, dir, c, fingerprint, share, opt, take)
}

// Resume continues the run in dir from its checkpoint, or from its start when it has none. The result has the same bits
// as an uninterrupted run on the same machine. A finished run stays as it is.
func Resume(ctx context.Context, dir string, opt Options) (Summary, error) {
	c, fingerprint, reopen, err := reopening(dir, opt)
	if err != nil {
		return Summary{}, err
	}
	return train(ctx, dir, c, fingerprint, 0, opt, reopen)
}

// taking returns the run folder of a training, for writing.
type taking func(record.Environment) (*record.Run, error)

// reopening returns what continues the run in dir: its configuration, the fingerprint of its data, and its folder.
func reopening(dir string, opt Options) (c Config, fingerprint string, take taking, err error) {
	c, err = pretrain.RunConfig(dir)

	// Without its record, the run's data are found by their name, and the checkpoint compares.
	environment, _ := record.ReadEnvironment(dir)
	return c, environment.Fingerprint, func(e record.Environment) (*record.Run, error) {
		run, err := record.Open(dir)
		if err == nil {
			addSession(run, e, opt)
		}
		return run, err
	}, err
}

// addSession records that this process continues an unfinished run, and warns where its numbers may differ for that.
func addSession(run *record.Run, e record.Environment, opt Options) {
	done, total, err := pretrain.StepsDone(run.Dir())
	if err != nil || total > 0 && done >= total {
		return // a checkpoint that cannot be read is reported when it is loaded
	}
	switch differences, err := run.AddSession(e); {
	case err != nil:
		opt.Warnf("%v", err)
	case len(differences) > 0:
		opt.Warnf("run %s is resumed with another %s: its last bits may differ from those of an uninterrupted run",
			run.Name(), strings.Join(differences, ", "))
	}
}

// train trains in the run that take returns, once everything else that can fail early was opened, and pauses after a
// share of the training, unless it is 0. Fingerprint is that of the run's data where it is known.
func train(ctx context.Context, dir string, c Config, fingerprint string, share float64, opt Options,
	take taking) (s Summary, err error) {
	set, err := open.Data(ctx, c.Data, c.Size, fingerprint, opt)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	if err := pretrain.Fits(set, c); err != nil {
		return s, err
	}

	handle, err := open.Backend(ctx, opt)
	if err != nil {
		return s, err
	}
	defer handle.Close()
	if err := pretrain.FitsDevices(handle.Backend, c); err != nil {
		return s, err
	}

	// The run folder comes last, so that a training that cannot begin leaves none.
	isNew := !record.IsRun(dir)
	environment := record.Describe()
	environment.Backend, environment.Device, environment.Plugin = handle.Name, handle.Device, handle.PluginVersion
	environment.Data, environment.Fingerprint = set.Name(), set.Fingerprint()
	run, err := take(environment)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, run.Close()) }()

	task := pretrain.ProbeTask(set, c)
	opt.Report("compile", 0, 0, encoder.NameOf(c.Encoder))
	done, err := pretrain.TrainUntil(ctx, handle.Backend, set, run, c, share, pretrain.Hooks{
		Report: func(step, total int, m record.Metrics) {
			opt.Report("train", int64(step), int64(total), detail(m, task))
		},
		Warn: func(sentence string) { opt.Warnf("%s", sentence) },
	})

	// Some configurations are refused when the network is built.
	if isNew && usage.Is(err) && done.Steps == 0 {
		return s, errors.Join(err, run.Remove())
	}

	// An interrupted training has a summary too.
	s = Summary{
		Run:       run.Name(),
		Method:    objective.NameOf(c.Objective),
		Steps:     done.Steps,
		Images:    done.Images,
		Seconds:   done.Seconds,
		FinalLoss: done.FinalLoss,
		Config:    c,
		Device:    handle.Device,
		Splits:    set.Splits(),
		Tasks:     []string{},
	}
	for _, task := range set.Tasks() {
		s.Tasks = append(s.Tasks, task.Name)
	}
	if c.Init != "" {
		var failed error
		s.Init, failed = record.ReadAncestry(run.Dir())
		err = errors.Join(err, failed)
	}
	if done.Seconds > 0 {
		s.ViewsPerSecond = float64(len(c.Views)) * float64(done.Images) / done.Seconds
	}
	return s, err
}

// detail is what a progress bar shows of a line of the log, where the online probe learns a task. Numbers come before
// what they are: a narrow terminal cuts the end off.
func detail(m record.Metrics, task string) string {
	if m.Step == 0 {
		return ""
	}
	text := fmt.Sprintf("loss %.3f", m.Loss)
	if m.Chance != 0 {
		text += fmt.Sprintf(" (chance %.3f)", m.Chance)
	}
	if m.ProbeAccuracy != nil {
		text += fmt.Sprintf(", %s %.1f %% (online linear probe)", task, 100**m.ProbeAccuracy)
	}
	return text
}
