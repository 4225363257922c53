package plots

import (
	"strings"
	"testing"
)

func TestRoundTicks_AreRoundNumbers(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 66, "0 10 20 30 40 50 60"}, {0, 108, "0 20 40 60 80 100"}, {4.1, 6.4, "4.5 5.0 5.5 6.0"},
		{0, 1.08, "0.0 0.2 0.4 0.6 0.8 1.0"}, {0, 0.0016, "0.00000 0.00025 0.00050 0.00075 0.00100 0.00125 0.00150"},
		{-1, 0, "-1.0 -0.8 -0.6 -0.4 -0.2 0.0"}, {1, 1, ""},
	} {
		var labels []string
		for _, tick := range (roundTicks{}).Ticks(c.low, c.high) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("[%v, %v]: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}
