package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/sslx-go/lab/internal/atomicfile"
)

const ancestryFile = "ancestry.json"

// Ancestry says what a run started from, and what it made of it.
type Ancestry struct {
	// From is the path as the run's configuration has it: a run folder or a file of weights.
	From string `json:"from"`

	// Fingerprint is the SHA-256 of the file that was read, in hexadecimal: the checkpoint of the run, or the weights.
	Fingerprint string `json:"fingerprint"`

	// Loaded are the variables of the run that began with values of the ancestor, and Drawn those that began with
	// values that the seed decides. Optimizer, probes and target network are always the run's own.
	Loaded []string `json:"loaded"`
	Drawn  []string `json:"drawn,omitempty"`

	// LeftOut are the ancestor's variables and tensors that the run does not have or could not take.
	LeftOut []string `json:"left_out,omitempty"`

	// Normalization says by whose statistics images are normalized: "ancestor" or "data".
	Normalization string `json:"normalization"`

	// Before is what the ancestor started from, if it was a run with an ancestor.
	Before *Ancestry `json:"before,omitempty"`
}

// SetAncestry writes what the run started from.
func (r *Run) SetAncestry(a Ancestry) error {
	if err := r.Check(); err != nil {
		return err
	}
	if err := writeJSON(r.path(ancestryFile), a); err != nil {
		return fmt.Errorf("cannot write %s of run %s: %w", ancestryFile, r.dir, err)
	}
	return nil
}

// ReadAncestry returns what the run in dir started from, nil for a run that started from the values of its seed.
func ReadAncestry(dir string) (*Ancestry, error) {
	path := filepath.Join(dir, ancestryFile)
	text, err := atomicfile.ReadDescription(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var a Ancestry
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): restore it from a copy", path, err)
	}
	return &a, nil
}
