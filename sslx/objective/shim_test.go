package objective

import (
	"encoding/json"
	"slices"
)

// Config names a loss and its parameters; those that are zero are the defaults.
type Config struct {
	Name        string  `json:"name"`
	Temperature float64 `json:"temperature,omitempty"`
	Negatives   string  `json:"negatives,omitempty"`
	NegativesK  int     `json:"negatives_k,omitempty"`
	Patch       int     `json:"patch,omitempty"`
	Sigma       float64 `json:"sigma,omitempty"`
	Similarity  float64 `json:"similarity,omitempty"`
	Variance    float64 `json:"variance,omitempty"`
	Covariance  float64 `json:"covariance,omitempty"`
	Lambda      float64 `json:"lambda,omitempty"`
	Scale       float64 `json:"scale,omitempty"`
	EMA         float64 `json:"ema,omitempty"`
	Queue       int     `json:"queue,omitempty"`
}

func (c Config) objective() Objective {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	o, err := DecodeJSON(text, "objective", nil)
	if err != nil {
		panic(err)
	}
	return o
}

func (c Config) Needs() Needs                { return c.objective().Needs() }
func (c Config) CheckBatch(images int) error { return CheckBatch(c.objective(), images) }
func (c Config) Loss(in Inputs) Terms        { return Loss(c.objective(), in) }

// Resolved returns the loss with all its parameters.
func (c Config) Resolved() (r Config) {
	text, err := EncodeJSON(c.objective())
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		panic(err)
	}
	return r
}

func hasTemperature(name string) bool {
	return slices.Contains([]string{"simclr", "dcl", "dclw", "supcon", "moco"}, name)
}
