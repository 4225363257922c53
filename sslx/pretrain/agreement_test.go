package pretrain

import (
	"math"
	"testing"

	"github.com/sslx-go/lab/internal/testbackend"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
)

// What backends may differ by in the first step, relative to the loss and to the length of the gradient.
const (
	agreementLoss     = 2e-5
	agreementGradient = 1e-4
)

// A step of views, networks, loss and gradient is the same on every backend, up to rounding. scripts/gpu runs this test
// on a GPU.
func TestStep_IsThatOfThePureGoBackend(t *testing.T) {
	pure, b, set := testbackend.PureGo(t), testbackend.Open(t), tinySet(t)
	agree := func(t *testing.T, c Config) {
		wanted, want := firstStep(t, pure, set, c, false)
		measures, got := firstStep(t, b, set, c, false)

		loss := math.Abs(measures[lossMeasure]/wanted[lossMeasure] - 1)
		gradient := relativeGradient(t, got, want)
		t.Logf("the loss differs by %.1e, the gradient by %.1e", loss, gradient)
		if !(loss <= agreementLoss) || !(gradient <= agreementGradient) {
			t.Errorf("the loss is %v and not %v; the gradient differs by %g", measures[lossMeasure],
				wanted[lossMeasure], gradient)
		}
	}

	for _, name := range objective.Names() {
		t.Run(name, func(t *testing.T) { agree(t, withoutDecay(method(name))) })
	}
	t.Run("resnet18", func(t *testing.T) {
		c := withoutDecay(method("simclr"))
		c.Encoder, c.Batch = encoder.ResNet{Layers: 18, Width: 4}, 8
		agree(t, c)
	})
}
