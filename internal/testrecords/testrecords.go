// Package testrecords invents the records of claims, for tests of what is computed from records.
package testrecords

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// Fingerprint is the fingerprint of the data of invented records.
const Fingerprint = "print"

// Invent returns made-up records of all runs of claims at a scale, with noise over seeds.
func Invent(t *testing.T, s experiments.Scale, claims ...experiments.Claim) experiments.Records {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	r := experiments.Records{}
	for _, c := range claims {
		p := c.Plan(s)
		for {
			trials, err := experiments.Pending(r, p)
			if err != nil {
				t.Fatal(err)
			}
			if len(trials) == 0 {
				break
			}
			for _, trial := range trials {
				known := Record(trial, random)
				r[known.Key] = known
			}
		}
	}
	return r
}

// Record invents the record of a trial.
func Record(trial experiments.Trial, random *rand.Rand) experiments.Record {
	r := experiments.Record{Key: trial.Key(Fingerprint), Scale: trial.Scale, Config: trial.Config,
		Validation: trial.Validation, Tasks: trial.Tasks, Seconds: 100 + 20*random.Float64(),
		Environment: record.Environment{Data: "set", Fingerprint: Fingerprint, CPU: "a processor"}}
	split := record.SplitTest
	if trial.Validation {
		split = record.SplitValidation
	}
	add := func(model, task, protocol, layer string, value float64) {
		r.Results = append(r.Results, record.Result{Model: model, Task: task,
			Protocol: record.ParseProtocol(protocol + "@" + layer), Layer: layer, Split: split,
			Metric: record.MetricAccuracy, Value: value})
	}

	protocols := map[string]string{evaluate.ProtocolKNN: "knn/x", evaluate.ProtocolLinear: "linear/lbfgs/x"}
	for i, task := range trial.Tasks {
		if !strings.Contains(task, "/") {
			task = "set/" + task
		}
		level := 0.6 - 0.05*float64(i)
		for _, name := range trial.Protocols {
			if trial.Floors {
				add(record.ModelPixels, task, protocols[name], "pixels", level-0.2)
				add(record.ModelUntrained, task, protocols[name], "encoder", level-0.15)
			}
			method := objective.NameOf(trial.Config.Objective)
			add(method, task, protocols[name], "encoder", level+0.02*random.NormFloat64())
		}
	}
	for _, name := range trial.Also {
		if name == evaluate.ProtocolLabelFree {
			AddMeasure(&r, record.MetricRankMe, float64(trial.Config.Seed))
		}
	}
	return r
}

// AddMeasure adds a measure without labels of the encoder's output to a record.
func AddMeasure(r *experiments.Record, metric string, value float64) {
	r.Results = append(r.Results, record.Result{Model: objective.NameOf(r.Config.Objective), Task: r.Environment.Data,
		Protocol: record.Protocol{Family: metric, Layer: record.LayerEncoder}, Layer: record.LayerEncoder,
		Split: record.SplitTest, Metric: metric, Value: value})
}

// Half returns every other record, the first by key among them.
func Half(r experiments.Records) experiments.Records {
	some := experiments.Records{}
	for i, key := range slices.Sorted(maps.Keys(r)) {
		if i%2 == 0 {
			some[key] = r[key]
		}
	}
	return some
}
