package plots

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/record"
)

// RunReport returns the report of the run in dir with all that its records say; the sheets of images are the caller's.
func RunReport(dir string) (Report, error) {
	r := Report{Run: record.Name(dir)}
	r.Command = fmt.Sprintf("sslx pretrain --config %s/config.yaml --out NEW && sslx evaluate NEW", dir)
	var c sslx.Config
	err := record.ReadConfig(dir, &c)
	if err != nil {
		return r, err
	}
	text, err := yaml.Marshal(c)
	if err != nil {
		return r, err
	}
	r.Config = string(text)
	if r.Environment, err = record.ReadEnvironment(dir); err != nil {
		return r, err
	}
	if r.Metrics, err = record.ReadMetrics(dir); err != nil {
		return r, err
	}
	r.Results, err = record.ReadResults(dir)
	return r, err
}
