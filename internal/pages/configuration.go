package pages

import (
	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/sslx"
)

// configuration is the default configuration, as a run records it.
func (generator) configuration() (Block, error) {
	text, err := yaml.Marshal(sslx.Default())
	return Block{Text: "```yaml\n" + string(text) + "```"}, err
}
