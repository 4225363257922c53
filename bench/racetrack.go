package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/probe"
	"github.com/sslx-go/lab/sslx/record"
)

// track is what all trainings of a race share: images, labels, and what measures features.
type track struct {
	Race
	handle      *backend.Handle // of kNN
	set         *dataset.Set
	train, test *dataset.Split
	classes     int
	labels      [2][]int32 // of train and test
	knn         probe.KNNOptions
	programs    *probe.Programs
	folder      string            // for files
	scripts     string            // the folder of the peers' programs
	images      map[string]string // the files of images that peers read; nil before one does
}

// newTrack opens what trainings share.
func (r Race) newTrack(h *backend.Handle, set *dataset.Set) (t *track, err error) {
	t = &track{Race: r, handle: h, set: set, knn: probe.KNNOptions{}.Resolved()}
	if len(set.Tasks()) == 0 || set.Height() != set.Width() || set.Channels() != 3 {
		return nil, usage.About("data", "a race needs square color images with labels, which %s has not", set.Name())
	}
	task := set.Tasks()[0]
	t.classes = len(task.Classes)
	for i, split := range []struct {
		name string
		to   **dataset.Split
	}{{"train", &t.train}, {"test", &t.test}} {
		if *split.to, err = set.Split(split.name); err != nil {
			return nil, err
		}
		if t.labels[i], err = (*split.to).Labels(task.Name); err != nil {
			return nil, err
		}
	}
	if t.scripts, err = unpack(); err != nil {
		return nil, fmt.Errorf("cannot write the peers' programs: %w", err)
	}
	t.folder = filepath.Dir(t.scripts)
	if t.programs, err = probe.NewPrograms(h.Backend); err != nil {
		return nil, errors.Join(err, os.RemoveAll(t.folder))
	}
	return t, nil
}

func (t *track) close() error {
	t.programs.Close()
	return os.RemoveAll(t.folder)
}

// protocol is how accuracy is measured.
func (t *track) protocol() string { return t.knn.String() + "@" + record.LayerEncoder }

// files returns the files of images that peers read, and writes them before the first one does.
func (t *track) files() (map[string]string, error) {
	if t.images != nil {
		return t.images, nil
	}
	images := map[string]string{}
	for _, split := range []*dataset.Split{t.train, t.test} {
		images[split.Name] = filepath.Join(t.folder, split.Name)
		if err := os.WriteFile(images[split.Name], split.Pixels, 0o600); err != nil {
			return nil, fmt.Errorf("cannot write images for peers: %w", err)
		}
	}
	t.images = images
	return images, nil
}

// run runs a training to its end or its limit.
func (t *track) run(ctx context.Context, e entry, opt Options) (run RaceRun, err error) {
	phase := fmt.Sprintf("%s, seed %d", e.Program, e.Seed)
	opt.report(phase, 0, int(e.Limit))
	run, run.Environment = e.RaceRun, describe(t.handle)
	run.Environment.Data, run.Environment.Fingerprint = t.set.Name(), t.set.Fingerprint()
	program, err := e.make()
	if err != nil {
		return run, err
	}
	defer func() { err = firstError(err, program.close()) }()

	clock, outside, m := 0.0, 0.0, new(meter)
	for !run.Finished && clock < e.Limit {
		l, err := program.advance(ctx, min(e.Limit, t.next(clock, outside))-clock)
		if err != nil {
			return run, err
		}
		clock, run.Finished = clock+l.Seconds, l.Finished

		// The clock stands still.
		began := time.Now()
		accuracy, err := t.measure(ctx, program, m, opt)
		if err != nil {
			return run, err
		}
		run.Checkpoints = append(run.Checkpoints, RaceCheckpoint{clock, l.Images, l.Epoch, accuracy})
		outside = time.Since(began).Seconds()
		opt.report(phase, int(min(clock, e.Limit)), int(e.Limit))
	}

	if peer, ok := program.(*racingPeer); ok {
		run.Version, run.Note = peer.process.about.Version, peer.process.about.Note
	}
	run.Busy = m.cores()
	return run, nil
}

// next returns when the checkpoint after one at clock is due. To measure that one took outside seconds.
func (t *track) next(clock, outside float64) float64 {
	const eighth = 1.125
	return max(t.first, eighth*clock, clock+outside)
}

// measure returns the accuracy of a paused training on the test images. The meter measures what else the machine does.
func (t *track) measure(ctx context.Context, program racer, m *meter, opt Options) (float64, error) {
	train, test, err := program.features(ctx)
	if err != nil {
		return 0, err
	}
	if err := m.rest(ctx, opt.pause); err != nil {
		return 0, err
	}

	neighbors, err := probe.Nearest(t.programs, train, test, t.knn.K)
	if err != nil {
		return 0, err
	}
	predicted, err := neighbors.Vote(t.labels[0], t.classes, t.knn.Temperature)
	if err != nil {
		return 0, err
	}
	return probe.Accuracy(predicted, t.labels[1], t.classes)
}
