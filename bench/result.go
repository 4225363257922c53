package bench

import (
	"slices"

	"github.com/sslx-go/lab/sslx/record"
)

// Rates are what was measured of one program, in units of work a second: more is faster.
type Rates struct {
	Median float64   `json:"median"`
	Q1     float64   `json:"q1"`
	Q3     float64   `json:"q3"`
	Unit   string    `json:"unit,omitempty"`
	Turns  []float64 `json:"turns"` // the rate of each turn, in order
}

// newRates summarizes the rates of all turns.
func newRates(turns []float64, unit string) Rates {
	return Rates{Median: quantile(turns, 0.5), Q1: quantile(turns, 0.25), Q3: quantile(turns, 0.75), Unit: unit,
		Turns: turns}
}

// Peer is what was measured of another library.
type Peer struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Note    string `json:"note"` // how it ran
	Rates
}

// Missing is a peer that was wanted and could not be measured.
type Missing struct {
	Name    string `json:"name"`
	Reason  string `json:"reason"`
	Install string `json:"install"` // the command that installs it
}

// Peak sets a rate of training in relation to what the same backend does with a bare matrix product, which was measured
// in the same run.
type Peak struct {
	Image   float64 `json:"gflop_per_image"` // 10⁹ floating-point operations a step takes for an image and its views
	Product Rates   `json:"matrix_product"`  // in GFLOP/s
	Share   float64 `json:"share"`           // of the product's median that the step's median reaches
}

// Result is the outcome of a benchmark. The JSON keys are a stable contract.
type Result struct {
	What    string             `json:"what"`
	Config  any                `json:"config"`
	Sslx    Rates              `json:"sslx"`
	First   float64            `json:"first_seconds"` // sslx: from nothing to the end of the first unit of work
	Peers   []Peer             `json:"peers"`
	Ratio   map[string]float64 `json:"ratio"` // sslx's median over the peer's
	Missing []Missing          `json:"missing"`
	Peak    *Peak              `json:"peak,omitempty"`

	Busy        float64            `json:"busy_cores"` // with other work, between turns; 0 where it is not known
	Environment record.Environment `json:"environment"`
}

// quantile returns the p-quantile of values, p in [0, 1], by linear interpolation between the two nearest ones
// (Hyndman and Fan 1996, type 7). It is 0 without values.
func quantile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	at := p * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}
