package probe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
)

// FrozenCheck remembers the content of an encoder's variables, running statistics included, to prove that an evaluation
// left them alone: make one before, Verify after.
type FrozenCheck struct {
	variables map[string]string // name to hash
}

// NewFrozenCheck hashes each variable. It copies device tensors to the host to read them.
func NewFrozenCheck(variables map[string]*tensors.Tensor) (*FrozenCheck, error) {
	hashes := make(map[string]string, len(variables))
	for name, t := range variables {
		h, err := hashTensor(t)
		if err != nil {
			return nil, fmt.Errorf("frozen check: reading variable %q: %w", name, err)
		}
		hashes[name] = h
	}
	return &FrozenCheck{hashes}, nil
}

// Hash returns the sha256, in hexadecimal, of all variables in the order of their names: name, type, shape and values.
func (f *FrozenCheck) Hash() string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(f.variables)) {
		// The length in front keeps names and hashes apart whatever characters a name has.
		fmt.Fprintf(sum, "%d:%s%s", len(name), name, f.variables[name])
	}
	return sumHex(sum)
}

// Verify returns an error that names the first variable, in the order of names, that has changed, gone or been added.
func (f *FrozenCheck) Verify(variables map[string]*tensors.Tensor) error {
	now, err := NewFrozenCheck(variables)
	if err != nil {
		return err
	}

	// All names that there were or are.
	names := maps.Clone(f.variables)
	maps.Copy(names, now.variables)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		before, was := f.variables[name]
		after, is := now.variables[name]

		switch {
		case !is:
			return fmt.Errorf("the encoder is not frozen: variable %q is gone after evaluation", name)
		case !was:
			return fmt.Errorf("the encoder is not frozen: variable %q is new after evaluation", name)
		case before != after:
			return fmt.Errorf("the encoder is not frozen: variable %q changed during evaluation", name)
		}
	}
	return nil
}

// HashVariables returns the [FrozenCheck.Hash] of the variables.
func HashVariables(variables map[string]*tensors.Tensor) (string, error) {
	check, err := NewFrozenCheck(variables)
	if err != nil {
		return "", err
	}
	return check.Hash(), nil
}

func hashTensor(t *tensors.Tensor) (string, error) {
	if err := t.CheckValid(); err != nil {
		return "", err
	}

	sum := sha256.New()
	fmt.Fprintf(sum, "%s%v:", t.DType(), t.Shape().Dimensions)
	err := t.ConstBytes(func(data []byte) { sum.Write(data) })
	return sumHex(sum), err
}

func sumHex(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)) }
