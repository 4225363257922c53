package command

import "testing"

func TestQuickstartConfig_DataAndSeedAreTheCallers(t *testing.T) {
	for data, want := range map[string]string{"": "factors", "factors": "factors", "cifar10": "cifar10"} {
		c, err := quickstartConfig(data, 9)
		if err != nil || c.Data != want || c.Seed != 9 {
			t.Errorf("%q: %+v (%v)", data, c, err)
			continue
		}
		if err := c.Check(); err != nil {
			t.Errorf("%q: %v", data, err)
		}
	}
}
