package objective

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
)

// temperatures are those of the comparisons with the oracles.
var temperatures = []float64{0.05, 0.5, 10}

// everyMethod are the losses of the comparisons, with all parameters given but the temperature.
var everyMethod = []Config{
	{Name: "simclr", Negatives: "batch"},
	{Name: "dcl", Negatives: "batch"},
	{Name: "dclw", Negatives: "batch", Sigma: 0.5},
	{Name: "supcon"},
	{Name: "moco", EMA: 0.99, Queue: queueRows},
	{Name: "vicreg", Similarity: 25, Variance: 25, Covariance: 1},
	{Name: "barlow", Lambda: 0.0051, Scale: 0.1},
	{Name: "byol", EMA: 0.996},
	{Name: "simsiam"},
	{Name: "supervised"},
}

// everyChoice are those of them that take other negatives.
var everyChoice = []Config{
	{Name: "simclr", Negatives: "random-k", NegativesK: 2},
	{Name: "simclr", Negatives: "patch-same", NegativesK: 2, Patch: 8},
	{Name: "simclr", Negatives: "crop-same", NegativesK: 1},
	{Name: "simclr", Negatives: "patch-fixed", Patch: 8},
	{Name: "dcl", Negatives: "random-k", NegativesK: 1},
	{Name: "dclw", Negatives: "patch-fixed", Patch: 8, Sigma: 0.5},
}

// defined returns those of the losses that are defined for a batch of n images.
func defined(losses []Config, n int) (kept []Config) {
	for _, c := range losses {
		if c.CheckBatch(n) == nil {
			kept = append(kept, c)
		}
	}
	return kept
}

// result is what the package's graph computes of a loss.
type result struct {
	Config
	answer
}

// program computes losses with their terms and gradients; it compiles once for each shape of a batch, with the
// temperature as an input.
type program struct {
	losses []Config
	exec   *Exec
}

// methodsProgram computes everyMethod, and choicesProgram everyChoice.
var (
	methodsProgram = sync.OnceValue(func() *program { return newProgram(everyMethod) })
	choicesProgram = sync.OnceValue(func() *program { return newProgram(everyChoice) })
)

func newProgram(losses []Config) *program { return newProgramOn(testbackend.Open(nil), losses) }

func newProgramOn(b compute.Backend, losses []Config) *program {
	return &program{losses, MustNewExec(b, func(nodes []*Node) (out []*Node) {
		for _, c := range defined(losses, nodes[1].Shape().Dimensions[0]) {
			in := inputs(c, nodes[1:])
			in.sharpness = nodes[0]
			terms := c.Loss(in)
			out = append(out, terms.Loss)
			for _, name := range slices.Sorted(maps.Keys(terms.Parts)) {
				out = append(out, terms.Parts[name])
			}
			out = append(out, Gradient(terms.Loss, gradientInputs(c, in)...)...)
		}
		return out
	})}
}

// compute returns what the package gives for each loss that is defined for the batch, at a temperature.
func (p *program) compute(t *testing.T, b batch, temperature float64) []result {
	t.Helper()
	return p.call(t, b, temperature, append([]any{float32(1 / temperature)}, b.tensors()...))
}

// call runs the program on arguments made from a batch.
func (p *program) call(t *testing.T, b batch, temperature float64, args []any) (results []result) {
	t.Helper()
	out, err := p.exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	out = out[:len(out)/p.exec.NumDevices()] // every device has all
	for _, c := range defined(p.losses, b.n) {
		if hasTemperature(c.Name) {
			c.Temperature = temperature
		}
		r := result{c, answer{loss: floats(out[0])[0], parts: map[string]float64{}}}
		out = out[1:]
		for _, name := range partNames[c.Name] {
			r.parts[name], out = floats(out[0])[0], out[1:]
		}
		for range b.differentiatedBy(c) {
			r.gradient, out = append(r.gradient, floats(out[0])...), out[1:]
		}
		results = append(results, r)
	}
	if len(out) > 0 {
		t.Fatalf("%d outputs too many", len(out))
	}
	return results
}

// computeAll returns what the package gives at all temperatures, without repeating the losses that have none.
func (p *program) computeAll(t *testing.T, b batch) (results []result) {
	t.Helper()
	for i, temperature := range temperatures {
		for _, r := range p.compute(t, b, temperature) {
			if i == 0 || r.Temperature > 0 {
				results = append(results, r)
			}
		}
	}
	return results
}

// partNames are the terms of each loss, sorted.
var partNames = map[string][]string{
	"simclr": {"entropy", "similarity"}, "dcl": {"entropy", "similarity"}, "dclw": {"entropy", "similarity"},
	"supcon": {"entropy", "similarity"}, "moco": {"entropy", "similarity"},
	"vicreg": {"covariance", "similarity", "variance"}, "barlow": {"invariance", "redundancy"},
}

func floats(t *tensors.Tensor) []float64 {
	values := tensors.MustCopyFlatData[float32](t)
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return wide
}
