package pretrain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/internal/atomicfile"
	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/encoder/weights"
	"github.com/sslx-go/lab/sslx/record"
)

// ancestor is what a training starts from: the values of a finished run, or of a file of weights.
type ancestor struct {
	path, fingerprint string
	encoder           encoder.Encoder
	values            map[string]*tensors.Tensor // by path in a training's store
	leftOut           []string                   // tensors of the file that are not the encoder's
	mean, std         []float64                  // of its images; nil is unknown
	before            *record.Ancestry
}

// readAncestor reads the ancestor at a path, by its ending a file of weights or else a run folder.
func readAncestor(path string) (*ancestor, error) {
	if strings.HasSuffix(path, weights.Ending) {
		w, err := weights.Read(path, weights.Options{})
		if err != nil {
			return nil, err
		}
		a := &ancestor{path: path, fingerprint: w.Fingerprint, encoder: w.Encoder, leftOut: w.LeftOut,
			values: map[string]*tensors.Tensor{}, mean: w.Input.Mean, std: w.Input.Std}
		for name, value := range w.Values {
			a.values[encoderPath+name] = value
		}
		return a, nil
	}

	run, err := ReadFinishedRun(path)
	if err != nil {
		return nil, err
	}
	saved, err := loadCheckpoint(record.CheckpointPath(path))
	if err != nil {
		return nil, err
	}
	// A run also passes on its projector, and where it came from itself.
	a := &ancestor{path: path, encoder: run.Config.Encoder, values: saved.values, mean: saved.state.Mean,
		std: saved.state.Std}
	maps.DeleteFunc(a.values, func(path string, _ *tensors.Tensor) bool { return !ofNetwork(path) })
	if a.fingerprint, err = fileSum(record.CheckpointPath(path)); err != nil {
		return nil, err
	}
	a.before, err = record.ReadAncestry(path)
	return a, err
}

// encoderPath and projectorPath are what the paths of their variables begin with.
const (
	encoderPath   = model.RootScopePath + encoderScope + model.ScopeSeparator
	projectorPath = model.RootScopePath + projectorScope + model.ScopeSeparator
)

// fileSum returns the SHA-256 of a file, in hexadecimal.
func fileSum(path string) (string, error) {
	file, err := atomicfile.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	digest := sha256.New()
	_, err = io.Copy(digest, file)
	return hex.EncodeToString(digest.Sum(nil)), err
}

// normalizes reports whether the ancestor says how images of so many channels are normalized.
func (a *ancestor) normalizes(channels int) bool {
	return len(a.mean) == channels && len(a.std) == channels
}

// start gives the variables of a store, which are new, the values of the ancestor: the encoder's, all of which it must
// have, and the projector's when they have the same shapes. It returns what was loaded and what was not.
func (a *ancestor) start(store *model.Store, c Config) (record.Ancestry, error) {
	log := record.Ancestry{From: a.path, Fingerprint: a.fingerprint, LeftOut: a.leftOut, Before: a.before}
	variables := map[string]*model.Variable{}
	for v := range store.IterVariables() {
		if ofNetwork(v.Path()) {
			variables[v.Path()] = v
		}
	}
	fits := func(path string) bool {
		value := a.values[path]
		return value != nil && value.Shape().Equal(variables[path].Shape())
	}

	// A projector with another layer or another width is another one: none of it is taken.
	projector := len(c.Projector) > 0
	for path := range variables {
		projector = projector && (!strings.HasPrefix(path, projectorPath) || fits(path))
	}

	for _, path := range slices.Sorted(maps.Keys(variables)) {
		ofEncoder := strings.HasPrefix(path, encoderPath)
		switch {
		case ofEncoder && strings.HasSuffix(path, model.ScopeSeparator+encoder.DrawsVariable) && !fits(path):
		case ofEncoder && !fits(path):
			there := "is missing"
			if value := a.values[path]; value != nil {
				there = fmt.Sprintf("has the shape %v", value.Shape().Dimensions)
			}
			return log, usage.About("init", "%s holds the encoder %s, in which %s %s, and the encoder %s of this run "+
				"needs %v: give the run the encoder of %[1]s, with its parameters", a.path, encoder.NameOf(a.encoder),
				path, there, encoder.NameOf(c.Encoder), variables[path].Shape().Dimensions)
		case ofEncoder || projector:
			value, err := a.values[path].LocalClone()
			if err == nil {
				err = variables[path].SetValue(value)
			}
			if err != nil {
				return log, err
			}
			log.Loaded = append(log.Loaded, path)
			continue
		}
		log.Drawn = append(log.Drawn, path)
	}

	for _, path := range slices.Sorted(maps.Keys(a.values)) {
		if !slices.Contains(log.Loaded, path) {
			log.LeftOut = append(log.LeftOut, path)
		}
	}
	return log, nil
}

// inherit reads what a new training starts from, and takes its normalization where it says one. A training that is
// resumed has that in its state.
func (t *trainer) inherit(saved *checkpoint) (err error) {
	if saved != nil {
		t.data.mean, t.data.std = saved.state.Mean, saved.state.Std
		return nil
	}
	if t.config.Init == "" {
		return nil
	}
	if t.ancestor, err = readAncestor(t.config.Init); err != nil {
		return usage.About("init", "a training cannot start from %s: %v", t.config.Init, err)
	}

	// A run that was stopped before its first checkpoint begins once more, from the same ancestor.
	before, err := record.ReadAncestry(t.run.Dir())
	if err != nil {
		return err
	}
	if before != nil && before.Fingerprint != t.ancestor.fingerprint {
		return usage.About("init", "%s has changed since run %s started from it: its fingerprint was %.12s and is "+
			"%.12s", t.config.Init, t.run.Name(), before.Fingerprint, t.ancestor.fingerprint)
	}
	if t.ancestor.normalizes(t.data.Depth()) {
		t.data.mean, t.data.std = t.ancestor.mean, t.ancestor.std
		t.state.Mean, t.state.Std = t.data.mean, t.data.std
	}
	return nil
}

// begin gives the variables of a new training the values of its ancestor, if it has one, and records them.
func (t *trainer) begin() error {
	if t.ancestor == nil {
		return nil
	}
	log, err := t.ancestor.start(t.store, t.config)
	if err != nil {
		return err
	}
	log.Normalization = "data"
	if t.ancestor.normalizes(t.data.Depth()) {
		log.Normalization = "ancestor"
	}
	return t.run.SetAncestry(log)
}
