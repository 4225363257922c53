package bench

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// racer is a training that can be paused.
type racer interface {
	// advance trains for about so many seconds, or to its end. The first call also starts the program.
	advance(ctx context.Context, seconds float64) (lap, error)

	// features returns what the encoder makes of all training and test images. The training is paused.
	features(ctx context.Context) (train, test probe.Features, err error)

	// close ends the training, and leaves nothing behind.
	close() error
}

// lap is what advance did.
type lap struct {
	Seconds  float64 `json:"-"` // that it took
	Images   int64   `json:"images"`
	Epoch    float64 `json:"epoch"`
	Finished bool    `json:"finished"`
}

// racingPeer is a Python program that speaks protocol.serve_race.
type racingPeer struct {
	name   string
	config any
	script string // path of the program
	folder string // for its features
	images [2]int // in train and test

	process *process // nil before its start
}

func (p *racingPeer) advance(ctx context.Context, seconds float64) (l lap, err error) {
	began := time.Now()
	if p.process == nil {
		interpreter, err := python()
		if err != nil {
			return l, err
		}
		if p.process, err = start(ctx, p.name, p.config, interpreter, p.script); err != nil {
			return l, err
		}
	}

	err = p.process.ask(ctx, &l, "train %g", max(0, seconds-time.Since(began).Seconds()))
	l.Seconds = time.Since(began).Seconds()
	return l, err
}

func (p *racingPeer) features(ctx context.Context) (train, test probe.Features, err error) {
	path := filepath.Join(p.folder, "features")
	var answer struct {
		Width int `json:"width"`
	}
	if err := p.process.ask(ctx, &answer, "embed %s", path); err != nil {
		return train, test, err
	}

	// The features of the training images, then those of the test images.
	values, err := readFloats(path)
	if err != nil {
		return train, test, err
	}
	if len(values) != (p.images[0]+p.images[1])*answer.Width {
		return train, test, fmt.Errorf("%s wrote %d values, which is not %d for each of %d images", p.name, len(values),
			answer.Width, p.images[0]+p.images[1])
	}
	cut := p.images[0] * answer.Width
	return probe.Features{N: p.images[0], D: answer.Width, X: values[:cut]},
		probe.Features{N: p.images[1], D: answer.Width, X: values[cut:]}, nil
}

func (p *racingPeer) close() error {
	if p.process != nil {
		p.process.close()
	}
	return nil
}

// readFloats reads a file of float32.
func readFloats(path string) ([]float32, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := make([]float32, len(text)/4)
	_, err = binary.Decode(text, binary.LittleEndian, values)
	return values, err
}

// ask sends a request to a peer and reads its answer.
func (p *process) ask(ctx context.Context, answer any, format string, arguments ...any) error {
	request := fmt.Sprintf(format, arguments...)
	if _, err := fmt.Fprintln(p.input, request); err != nil {
		_ = p.command.Wait()
		return fmt.Errorf("%s ended early: %s", p.name, p.errors.last())
	}
	line, err := p.line(ctx)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(line), answer); err != nil {
		return fmt.Errorf("%s said %q to %q", p.name, line, request)
	}
	return nil
}

// racingTraining is a training of sslx. It runs on its own; its hook after a step holds it back between laps.
type racingTraining struct {
	config  pretrain.Config
	backend string // its name: a backend of its own is opened
	warn    func(string)
	folder  string // of its run

	handle *backend.Handle // nil before its start
	set    *dataset.Set
	stop   context.CancelFunc
	turn   chan time.Time // until when it trains; closed at the end
	laps   chan lap
	saved  chan error // whether the checkpoint of a lap is there
	ended  chan error
}

func (t *racingTraining) run() string { return filepath.Join(t.folder, "run") }

func (t *racingTraining) advance(ctx context.Context, seconds float64) (l lap, err error) {
	began := time.Now()
	if t.handle == nil {
		if err := t.start(ctx); err != nil {
			return l, err
		}
	}

	until := began.Add(time.Duration(seconds * float64(time.Second)))
	select {
	case t.turn <- until:
	case err := <-t.ended:
		t.ended <- nil
		return l, firstError(ctx.Err(), err)
	}

	select {
	case l = <-t.laps:
	case err := <-t.ended:
		t.ended <- nil
		return l, firstError(ctx.Err(), err)
	}

	// Its checkpoint is saved after the clock has stopped.
	l.Seconds = time.Since(began).Seconds()
	return l, firstError(<-t.saved, ctx.Err())
}

// start opens everything that a training needs, as the command does, and starts it.
func (t *racingTraining) start(ctx context.Context) (err error) {
	// Compilation counts: programs of an earlier training must not be found.
	backend.ForgetPrograms()
	if t.handle, err = backend.Open(ctx, backend.Options{Config: t.backend, Warn: t.warn}); err != nil {
		return err
	}
	if t.set, err = dataset.Locate(ctx, t.config.Data, dataset.LocateOptions{Warn: t.warn}); err != nil {
		return err
	}
	run, err := record.Create(t.run(), t.config, describe(t.handle))
	if err != nil {
		return err
	}

	ctx, t.stop = context.WithCancel(ctx)
	t.turn, t.laps, t.saved = make(chan time.Time), make(chan lap), make(chan error)
	t.ended = make(chan error, 1)
	go func() {
		hooks := pretrain.Hooks{Warn: t.warn, Step: t.hook()}
		_, err := pretrain.Train(ctx, t.handle.Backend, t.set, run, t.config, hooks)
		t.ended <- errors.Join(err, run.Close())
	}()
	return nil
}

// hook returns what the training calls after each step.
func (t *racingTraining) hook() func(int, int, func() error) error {
	var until time.Time
	return func(done, total int, save func() error) error {
		// Compilation is behind the first step: only then is there someone to take the first turn from.
		if until.IsZero() {
			until = <-t.turn
		}
		if time.Now().Before(until) && done < total {
			return nil
		}

		epoch := float64(done) / float64(total) * float64(t.config.Epochs)
		t.laps <- lap{Images: int64(done) * int64(t.config.Batch), Epoch: epoch, Finished: done == total}
		err := save()
		t.saved <- err
		if err != nil {
			return err
		}

		// A closed channel gives the zero time: the training was stopped, and ends before its next step.
		until = <-t.turn
		return nil
	}
}

func (t *racingTraining) features(ctx context.Context) (train, test probe.Features, err error) {
	network, err := pretrain.Load(t.handle.Backend, t.config, record.CheckpointPath(t.run()), t.set.Height(),
		t.set.Width())
	if err != nil {
		return train, test, err
	}
	defer network.Close()

	for _, part := range []struct {
		split    string
		features *probe.Features
	}{{"train", &train}, {"test", &test}} {
		split, err := t.set.Split(part.split)
		if err != nil {
			return train, test, err
		}
		x, err := network.Features(ctx, split.Images, nil)
		if err != nil {
			return train, test, err
		}
		*part.features = probe.Features{N: split.N, D: network.Width(network.Layers()[0]), X: x[0]}
	}
	return train, test, nil
}

func (t *racingTraining) close() (err error) {
	if t.ended != nil {
		t.stop()
		close(t.turn)

		// It was stopped on purpose: an interrupt is no failure here.
		if err = <-t.ended; errors.Is(err, pretrain.ErrInterrupted) {
			err = nil
		}
	}
	if t.set != nil {
		err = errors.Join(err, t.set.Close())
	}
	if t.handle != nil {
		t.handle.Close()
	}
	return errors.Join(err, os.RemoveAll(t.run()))
}
