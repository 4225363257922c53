package objective_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// A record holds every parameter, and one of before every parameter was written means the defaults of its time.
func TestRegister_AChangedDefaultChangesNoRecord(t *testing.T) {
	recorded, err := pretrain.ReadConfig("", []string{"objective.name=vicreg"})
	if err != nil {
		t.Fatal(err)
	}
	inYAML, err := yaml.Marshal(recorded)
	if err != nil {
		t.Fatal(err)
	}
	inJSON, err := json.Marshal(recorded)
	if err != nil {
		t.Fatal(err)
	}

	defer objective.SetDefault("vicreg", objective.VICReg{Similarity: 1, Variance: 2, Covariance: 3})()
	if now, err := pretrain.ReadConfig("", []string{"objective.name=vicreg"}); err != nil ||
		now.Objective != (objective.VICReg{Similarity: 1, Variance: 2, Covariance: 3}) {
		t.Errorf("the default did not change: %+v, %v", now.Objective, err)
	}
	for name, text := range map[string]string{
		"what is recorded":                         string(inYAML),
		"what is recorded, as JSON":                string(inJSON),
		"a record of before":                       "objective: {name: vicreg}",
		"a record of before, as JSON":              `{"objective":{"name":"vicreg"}}`,
		"a record of before that sets a parameter": "objective: {name: vicreg, variance: 25}",
	} {
		read := func(c *pretrain.Config) error { return yaml.Unmarshal([]byte(text), c) }
		if strings.HasPrefix(text, "{") {
			read = func(c *pretrain.Config) error { return json.Unmarshal([]byte(text), c) }
		}
		var c pretrain.Config
		if err := read(&c); err != nil || !reflect.DeepEqual(c.Objective, recorded.Objective) {
			t.Errorf("%s: read as %+v (%v), recorded as %+v", name, c.Objective, err, recorded.Objective)
		}
	}
}
