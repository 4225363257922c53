package objective_test

import (
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/objective"
)

// temperatures are those of the comparisons with the oracles.
var temperatures = []float64{0.05, 0.5, 10}

// hasTemperature reports whether a loss has a temperature.
func hasTemperature(o objective.Objective) bool { return temperature(withTemperature(o, 1)) == 1 }

// defined returns those of the losses that are defined for a batch of n images.
func defined(losses []objective.Objective, n int) (kept []objective.Objective) {
	for _, c := range losses {
		if objective.CheckBatch(c, n) == nil {
			kept = append(kept, c)
		}
	}
	return kept
}

// result is what the package's graph computes of a loss.
type result struct {
	of objective.Objective
	answer
}

// program computes losses with their terms and gradients; it compiles once for each shape of a batch, with the
// temperature as an input.
type program struct {
	losses []objective.Objective
	exec   *Exec
}

// methodsProgram computes everyMethod, and choicesProgram everyChoice of negatives.
var (
	methodsProgram = sync.OnceValue(func() *program { return newProgram(everyMethod()) })
	choicesProgram = sync.OnceValue(func() *program { return newProgram(everyChoice()) })
)

func newProgram(losses []objective.Objective) *program {
	return newProgramOn(testbackend.Open(nil), losses)
}

// goProgram computes losses on the pure-Go backend, which compiles nothing.
func goProgram(t *testing.T, losses []objective.Objective) *program {
	t.Helper()
	return newProgramOn(testbackend.PureGo(t), losses)
}

func newProgramOn(b compute.Backend, losses []objective.Objective) *program {
	return &program{losses, MustNewExec(b, func(nodes []*Node) (out []*Node) {
		for _, c := range defined(losses, nodes[1].Shape().Dimensions[0]) {
			in := objective.WithSharpness(inputs(c, nodes[1:]), nodes[0])
			terms := objective.Loss(withTemperature(c, 1), in)
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
		r := result{withTemperature(c, temperature), answer{loss: floats(out[0])[0], parts: map[string]float64{}}}
		out = out[1:]
		for _, name := range subjectOf(c).terms {
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
			if i == 0 || hasTemperature(r.of) {
				results = append(results, r)
			}
		}
	}
	return results
}

func floats(t *tensors.Tensor) []float64 {
	values := tensors.MustCopyFlatData[float32](t)
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return wide
}
