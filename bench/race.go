package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/internal/words"
	"github.com/sslx-go/lab/sslx/backend"
	"github.com/sslx-go/lab/sslx/dataset"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/optimizer"
	"github.com/sslx-go/lab/sslx/pretrain"
	"github.com/sslx-go/lab/sslx/record"
)

// Race measures how long whole trainings take to an accuracy: sslx's recipe, lightly's as it is published, and the
// losses and transforms of lightly and solo-learn with our convnet. Each program runs alone, on all cores, one after
// another. A clock runs from the start of the program, compilation and the reading of images included, and stands still
// at checkpoints, while the features of all images are taken and kNN measures them on the test images.
//
// The first checkpoint comes after 30 seconds, each other one an eighth later than the one before it, and never before
// the clock has run for as long as the last measurement took. The last one is at the end of the schedule, or at the
// limit. Start from [NewRace].
type Race struct {
	Data     string   // name or path of a set of square color images with labels and a test split
	Recipe   string   // sslx's: a name or a file
	Programs []string // from [RacePrograms]; none are all
	Seeds    int      // seeds 1, 2, …; positive
	Minutes  float64  // after which a training is stopped; positive
	Epochs   int      // of the programs with our convnet; positive

	// Out is the file of the record, which is written after each training. A record that is there is continued: what it
	// has is not run again, unless Again names the program.
	Out   string
	Again []string

	first float64 // seconds to the first checkpoint
}

// NewRace returns a race of all programs on CIFAR-10, an hour each, with one seed.
func NewRace() Race {
	return Race{Data: "cifar10", Recipe: "cifar10-fast", Seeds: 1, Minutes: 60, Epochs: 10, first: 30}
}

// convnetRecipe is what the peers with our convnet train it by: network, size of the views, batch, temperature and
// optimizer. It has two views, as their losses take.
const convnetRecipe = "cifar10-race"

// own is what a race calls sslx.
const own = "sslx"

// RacePrograms returns the names of the programs that race.
func RacePrograms() []string { return append([]string{own}, Peers("race")...) }

// Check returns an error of package usage when a value is out of range.
func (r Race) Check() error {
	for _, name := range slices.Concat(r.Programs, r.Again) {
		if !slices.Contains(RacePrograms(), name) {
			return usage.Unknown("program of a race", name, RacePrograms())
		}
	}

	switch {
	case r.Seeds < 1 || r.Seeds > 100:
		return usage.About("seeds", "%d seeds are out of range: there must be from 1 to 100", r.Seeds)
	case !(r.Minutes > 0 && r.Minutes <= 60*24*7):
		return usage.About("minutes", "a limit of %g minutes is out of range: it must be positive, and a week at most",
			r.Minutes)
	case r.Epochs < 1 || r.Epochs > 10000:
		return usage.About("epochs", "%d epochs are out of range: there must be from 1 to 10000", r.Epochs)
	case len(r.Again) > 0 && r.Out == "":
		return usage.About("out", "%s cannot run again without a record: name the record that has it", r.Again[0])
	}
	_, err := r.training(1)
	return err
}

// training returns the configuration of sslx's training.
func (r Race) training(seed uint64) (pretrain.Config, error) {
	c, err := pretrain.ReadConfig(r.Recipe, nil)
	if err != nil {
		return c, err
	}
	c.Data, c.Seed = r.Data, seed
	return c.Resolved(), c.Check()
}

// peerTraining is what a peer reads. The recorded one has no files.
type peerTraining struct {
	Size   int               `json:"size"`
	Cores  int               `json:"cores"`
	Seed   uint64            `json:"seed"`
	Splits map[string]string `json:"splits,omitempty"` // file of the images of "train" and "test", bytes

	// What our convnet is trained by; absent for a peer that has a recipe of its own.
	*Step
	ViewSize     int       `json:"view_size,omitempty"`
	Epochs       int       `json:"epochs,omitempty"`
	WarmupEpochs float64   `json:"warmup_epochs,omitempty"`
	Mean         []float64 `json:"mean,omitempty"`
	Std          []float64 `json:"std,omitempty"`
}

// withConvnet returns what peers with our convnet train it by.
func (r Race) withConvnet(h *backend.Handle, set *dataset.Set) (p peerTraining, err error) {
	c, err := pretrain.ReadConfig(convnetRecipe, nil)
	if err != nil {
		return p, err
	}
	network, rule := c.Encoder.(encoder.ConvNet), c.Optimizer.Rule.(optimizer.SGD)

	s := NewStep(encoder.NameOf(network), network.Width, c.Batch)
	s.Features = network.Features
	s.Size, s.Views, s.Projector = set.Height(), len(c.Views), c.Projector
	s.Temperature = c.Objective.(objective.SimCLR).Temperature
	s.LR, s.Momentum = c.Optimizer.Schedule(c.Batch, 1, 1).Peak, rule.Momentum
	s.WeightDecay = c.Optimizer.WeightDecay

	// Peers compare the number of parameters with theirs.
	store, err := s.variables(h)
	if err != nil {
		return p, err
	}
	s.Parameters = parameters(store)
	store.Finalize()

	p = peerTraining{Step: &s, ViewSize: cmp.Or(c.LastViews()[0].Size, set.Height()), Epochs: r.Epochs,
		WarmupEpochs: c.Optimizer.WarmupEpochs}
	p.Mean, p.Std = set.Stats()
	return p, nil
}

// Run runs the trainings that the record lacks, seed by seed, and returns the record. The set is imported when it is
// not packed yet. A program whose library is not installed is named in the record. After an error, an interrupt
// included, the record has the trainings that ended before.
func (r Race) Run(ctx context.Context, h *backend.Handle, opt Options) (result RaceRecord, err error) {
	if err := r.Check(); err != nil {
		return result, err
	}
	opt.report("open "+r.Data, 0, 0)
	set, err := dataset.Locate(ctx, r.Data, dataset.LocateOptions{Warn: opt.Warn})
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, set.Close()) }()

	track, err := r.newTrack(h, set)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, track.close()) }()

	fresh := RaceRecord{What: "race", Data: set.Name(), Protocol: track.protocol(), Runs: []RaceRun{}}
	if result, err = openRace(r.Out, fresh, record.Describe()); err != nil {
		return result, err
	}
	result.Missing = []Missing{}

	plan, err := r.plan(track, opt)
	if err != nil {
		return result, err
	}
	for _, e := range plan {
		isMissing := func(m Missing) bool { return m.Name == e.Program }
		if result.has(e.RaceRun) && !slices.Contains(r.Again, e.Program) ||
			slices.ContainsFunc(result.Missing, isMissing) {
			continue
		}

		run, err := track.run(ctx, e, opt)
		switch {
		case errors.Is(err, errMissing):
			result.Missing = append(result.Missing, Missing{e.Program, err.Error(), install})
			continue
		case ctx.Err() != nil:
			return result, ctx.Err()
		case err != nil:
			return result, fmt.Errorf("%s, seed %d: %w", e.Program, e.Seed, err)
		}

		result.add(run)
		if r.Out == "" {
			continue
		}
		if err := result.save(r.Out); err != nil {
			return result, fmt.Errorf("cannot write the record of the race: %w", err)
		}
	}
	return result, nil
}

// entry is a training that is to be run.
type entry struct {
	RaceRun
	make func() (racer, error)
}

// plan returns all trainings of the race: every program with the first seed, then with the next.
func (r Race) plan(t *track, opt Options) (plan []entry, err error) {
	names := r.Programs
	if len(names) == 0 {
		names = RacePrograms()
	}
	convnet, err := r.withConvnet(t.handle, t.set)
	if err != nil {
		return nil, err
	}

	for seed := range uint64(r.Seeds) {
		for _, name := range names {
			e := entry{RaceRun: RaceRun{Program: name, Seed: seed + 1, Limit: 60 * r.Minutes}}
			if p, ok := find(programs["race"], name); !ok {
				err = r.planOwn(&e, t, opt)
			} else if p.convnet {
				err = planPeer(&e, t, p, convnet)
			} else {
				err = planPeer(&e, t, p, peerTraining{})
			}
			if err != nil {
				return nil, err
			}
			plan = append(plan, e)
		}
	}
	return plan, nil
}

// planOwn completes the entry of sslx.
func (r Race) planOwn(e *entry, t *track, opt Options) error {
	c, err := r.training(e.Seed)
	if err != nil {
		return err
	}
	if err := pretrain.Fits(t.set, c); err != nil {
		return err
	}

	e.Recipe = filepath.Base(r.Recipe)
	e.Note = fmt.Sprintf("%s, %s, batch %d, %s; %s", objective.NameOf(c.Objective), encoder.NameOf(c.Encoder), c.Batch,
		words.Count(c.Epochs, "epoch"), t.handle.Name)
	e.make = func() (racer, error) {
		return &racingTraining{config: c, backend: t.handle.Name, warn: opt.Warn, folder: t.folder}, nil
	}
	e.Config, err = compact(c)
	return err
}

// planPeer completes the entry of a peer.
func planPeer(e *entry, t *track, p program, c peerTraining) (err error) {
	c.Size, c.Cores, c.Seed = t.set.Height(), runtime.NumCPU(), e.Seed
	e.make = func() (racer, error) {
		files, err := t.files()
		c.Splits = files
		return &racingPeer{name: e.Program, config: c, script: filepath.Join(t.scripts, p.script+".py"),
			folder: t.folder, images: [2]int{t.train.N, t.test.N}}, err
	}
	e.Config, err = compact(c)
	return err
}
