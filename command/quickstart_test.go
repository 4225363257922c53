package command

import (
	"testing"

	"github.com/sslx-go/lab/sslx"
)

func TestQuickstartConfig_DataAndSeedAreTheCallers(t *testing.T) {
	isolate(t)
	imageFolder(t, "photos")
	for data, want := range map[string]struct {
		data  string
		batch int
	}{"": {"factors", 128}, "factors": {"factors", 128}, "photos": {"photos", 2}} {
		c, err := quickstartConfig(t.Context(), quickstartFlags{data: data, seed: 9}, sslx.Options{})
		if err != nil || c.Data != want.data || c.Seed != 9 || c.Batch != want.batch {
			t.Errorf("%q: %+v (%v)", data, c, err)
			continue
		}
		if err := c.Check(); err != nil {
			t.Errorf("%q: %v", data, err)
		}
	}
}
