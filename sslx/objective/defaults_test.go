package objective_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/pretrain"
)

// A record holds every parameter, and one of before every parameter was written means the defaults of its time.
func TestAChangedDefaultChangesNoRecord(t *testing.T) {
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
	for name, read := range map[string]func(*pretrain.Config) error{
		"YAML":           func(c *pretrain.Config) error { return yaml.Unmarshal(inYAML, c) },
		"JSON":           func(c *pretrain.Config) error { return json.Unmarshal(inJSON, c) },
		"YAML of before": func(c *pretrain.Config) error { return yaml.Unmarshal([]byte("objective: {name: vicreg}"), c) },
		"JSON of before": func(c *pretrain.Config) error { return json.Unmarshal([]byte(`{"objective":{"name":"vicreg"}}`), c) },
		"YAML, partly": func(c *pretrain.Config) error {
			return yaml.Unmarshal([]byte("objective: {name: vicreg, variance: 25}"), c)
		},
	} {
		var c pretrain.Config
		if err := read(&c); err != nil || !reflect.DeepEqual(c.Objective, recorded.Objective) {
			t.Errorf("%s: read as %+v (%v), recorded as %+v", name, c.Objective, err, recorded.Objective)
		}
	}
}
