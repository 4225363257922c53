package pretrain

import (
	"strings"
	"testing"

	"github.com/sslx-go/lab/sslx/record"
)

func TestCollapseWatch_WarnsOnceWithTheReason(t *testing.T) {
	healthy := record.Metrics{Step: 50, Loss: 4, Chance: 6.2, Spread: 0.9, Rank: 20}
	for name, c := range map[string]struct {
		change func(*record.Metrics)
		want   string
	}{
		"healthy":            {func(*record.Metrics) {}, ""},
		"early":              {func(m *record.Metrics) { m.Step, m.Spread = 5, 0 }, ""},
		"a point":            {func(m *record.Metrics) { m.Spread, m.Rank = 0.01, 3 }, "to a point"},
		"a line":             {func(m *record.Metrics) { m.Rank = 1.1 }, "to a line"},
		"at chance":          {func(m *record.Metrics) { m.Loss = 6.19 }, "at chance level"},
		"no known chance":    {func(m *record.Metrics) { m.Loss, m.Chance = 6.19, 0 }, ""},
		"a negative measure": {func(m *record.Metrics) { m.Loss, m.Chance = -0.9, 0 }, ""},
	} {
		m := healthy
		c.change(&m)
		var watch collapseWatch
		first, again := watch.warning(m, 100), watch.warning(m, 100)
		if (c.want == "") != (first == "") || !strings.Contains(first, c.want) {
			t.Errorf("%s: %q, want %q", name, first, c.want)
		}
		if again != "" {
			t.Errorf("%s: said again: %q", name, again)
		}
	}
}
