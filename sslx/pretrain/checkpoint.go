package pretrain

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// runState is where a run stands. With the variables it is all that a resume needs.
type runState struct {
	Step        int       `json:"step"`    // steps done
	Total       int       `json:"total"`   // steps of the whole training
	Seconds     float64   `json:"seconds"` // training time
	Window      []float64 `json:"window"`  // sums of the measures since the last line of the log
	WindowSteps int       `json:"window_steps"`
	Fingerprint string    `json:"data_fingerprint"`
	Config      Config    `json:"config"`

	Mean []float64 `json:"mean"` // the statistics that each channel is normalized with
	Std  []float64 `json:"std"`

	// The size of the images, 0 in checkpoints of version 0.1.
	Height int `json:"height,omitempty"`
	Width  int `json:"width,omitempty"`
}

// stateKey is the metadata entry of a checkpoint that holds the state.
const stateKey = "sslx"

// saveCheckpoint writes all variables of store and the state to path. A variable that is not finite is an error: a
// training cannot recover from it.
func saveCheckpoint(path string, store *model.Store, state runState) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}

	// A checkpoint of a diverged training would replace the last good one.
	values := map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		if values[v.Path()], err = v.Value(); err != nil {
			return err
		}
		if !finite(values[v.Path()]) {
			return divergence{fmt.Errorf("variable %s is no longer finite after step %d: lower optimizer.lr", v.Path(),
				state.Step)}
		}
	}

	if err := saveTensors(path, values, map[string]string{stateKey: string(text)}); err != nil {
		return fmt.Errorf("cannot save checkpoint %s: %w", path, err)
	}
	return nil
}

// finite reports whether all elements of a float32 tensor are.
func finite(t *tensors.Tensor) bool {
	ok := true
	err := tensors.ConstFlatData(t, func(flat []float32) {
		for _, v := range flat {
			ok = ok && !math.IsInf(float64(v), 0) && v == v
		}
	})
	return ok && err == nil
}

// checkpoint is the content of a file of saveCheckpoint.
type checkpoint struct {
	path   string
	values map[string]*tensors.Tensor
	state  runState
}

func loadCheckpoint(path string) (c checkpoint, err error) {
	values, metadata, err := loadTensors(path)
	if err != nil {
		return c, err
	}

	c = checkpoint{path: path, values: values}
	if metadata[stateKey] == "" {
		return c, fmt.Errorf("%s holds tensors but no run of sslx", path)
	}
	if err := json.Unmarshal([]byte(metadata[stateKey]), &c.state); err != nil {
		return c, fmt.Errorf("checkpoint %s cannot be read by this program: %w", path, err) // it may lack an objective
	}
	return c, nil
}

// has reports whether the checkpoint has a variable in a scope below the root.
func (c checkpoint) has(scope string) bool {
	for path := range c.values {
		if strings.HasPrefix(path, model.RootScopePath+scope+model.ScopeSeparator) {
			return true
		}
	}
	return false
}

// restore gives the variables of store the values of the checkpoint. The program must be built: the order in which it
// makes the variables is part of it, and a resumed run has to compile the program of the run that it continues.
func (c checkpoint) restore(store *model.Store) error {
	for v := range store.IterVariables() {
		value := c.values[v.Path()]
		if value == nil || !value.Shape().Equal(v.Shape()) {
			return fmt.Errorf("checkpoint %s is of another network: it has no variable %s of shape %s; restore it or "+
				"the run's configuration from a copy", c.path, v.Path(), v.Shape())
		}
		if err := v.SetValue(value); err != nil {
			return err
		}
	}
	return nil
}
