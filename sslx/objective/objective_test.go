package objective

import (
	"math"
	"testing"

	"github.com/sslx-go/lab/internal/usage"
)

func TestCheckSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{Name: "simclar"}, `unknown objective "simclar": did you mean "simclr"?`},
		{Config{}, `unknown objective "": it must be one of simclr`},
		{Config{Name: "simclr", Temperature: -0.1},
			"objective.temperature is -0.1: it must be positive (0 takes the method's own)"},
		{Config{Name: "simclr", Temperature: math.NaN()},
			"objective.temperature is NaN: it must be positive (0 takes the method's own)"},
		{Config{Name: "simclr", Temperature: math.Inf(1)},
			"objective.temperature is +Inf: it must be positive (0 takes the method's own)"},
	} {
		if err := c.config.Check(); !usage.Is(err) || err.Error() != c.want {
			t.Errorf("%+v: %v, want %q", c.config, err, c.want)
		}
	}
	for _, temperature := range []float64{0, 0.01, 0.5, 10} {
		if err := (Config{Name: "simclr", Temperature: temperature}).Check(); err != nil {
			t.Errorf("temperature %g: %v", temperature, err)
		}
	}
}

func TestTemperatureZeroIsTheMethodsOwn(t *testing.T) {
	r := randomBatch(4, 8, 1, 1).computeWith(t, newLosses([]float64{0, 0.5})) // Chen et al. 2020, B.9
	if r[0].loss[0] != r[1].loss[0] {
		t.Errorf("%g, want %g", r[0].loss[0], r[1].loss[0])
	}
}
