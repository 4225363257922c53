package pretrain

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/sslx-go/lab/sslx/record"
)

// progress is where a run stands; with the variables it is all that a resume needs.
type progress struct {
	Step        int       `json:"step"`    // steps done
	Seconds     float64   `json:"seconds"` // training time
	Window      []float64 `json:"window"`  // sums of the measures since the last line of the log
	WindowSteps int       `json:"window_steps"`
	Fingerprint string    `json:"data_fingerprint"`

	Mean [3]float64 `json:"mean"` // the statistics that images are normalised with
	Std  [3]float64 `json:"std"`
}

const progressKey = "sslx"

func saveCheckpoint(path string, store *model.Store, p progress) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	values := map[string]*tensors.Tensor{}
	for v := range store.IterVariables() {
		if values[v.Path()], err = v.Value(); err != nil {
			return err
		}
	}
	if err := saveTensors(path, values, map[string]string{progressKey: string(text)}); err != nil {
		return fmt.Errorf("cannot save checkpoint %s: %w", path, err)
	}
	return nil
}

func loadCheckpoint(path string) (*model.Store, progress, error) {
	var p progress
	values, metadata, err := loadTensors(path)
	if err != nil {
		return nil, p, err
	}
	if err := json.Unmarshal([]byte(metadata[progressKey]), &p); err != nil {
		return nil, p, fmt.Errorf("%s holds tensors but no run of sslx", path)
	}
	store := model.NewStore()
	for name, value := range values {
		store.VariableWithValue(name, value)
	}
	return store, p, nil
}

// HasCheckpoint reports whether the run in dir has a checkpoint.
func HasCheckpoint(dir string) bool {
	_, err := os.Stat(record.Checkpoint(dir))
	return err == nil
}
