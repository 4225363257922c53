package experiments

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sslx-go/lab/experiments/statistics"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/record"
)

// invented returns made-up records of all runs of claims at a scale, with noise over seeds.
func invented(t *testing.T, s Scale, claims ...Claim) Records {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	r := Records{}
	for _, c := range claims {
		p := c.Plan(s)
		for {
			q := queue{records: r, fingerprint: func(sslx.Config) (string, error) { return "print", nil }}
			if err := q.fill([]Plan{p}); err != nil {
				t.Fatal(err)
			}
			if len(q.runs) == 0 {
				break
			}
			for _, run := range q.runs {
				known := inventedRecord(s, run, random)
				r[known.Key] = known
			}
		}
	}
	return r
}

func inventedRecord(s Scale, run Run, random *rand.Rand) Record {
	known := Record{Key: run.Key("print"), Scale: s, Config: run.Config, Validation: run.Validation, Tasks: run.Tasks, Seconds: 100 + 20*random.Float64(),
		Environment: record.Environment{Fingerprint: "print", CPU: "a processor"}}
	add := func(model, task, protocol, layer, split string, value float64) {
		known.Results = append(known.Results, record.Result{Model: model, Task: task, Protocol: record.ParseProtocol(protocol + "@" + layer), Layer: layer,
			Split: split, Metric: "accuracy", Value: value})
	}
	names := map[string]string{evaluate.ProtocolKNN: "knn/x", evaluate.ProtocolLinear: "linear/lbfgs/x"}
	split := map[bool]string{true: "validation", false: "test"}[run.Validation]
	for i, task := range run.Tasks {
		if !strings.Contains(task, "/") {
			task = "set/" + task
		}
		for _, protocol := range run.Protocols {
			level := 0.6 - 0.05*float64(i)
			if run.Floors {
				add(FloorPixels, task, names[protocol], "pixels", split, level-0.2)
				add(FloorUntrained, task, names[protocol], "encoder", split, level-0.15)
			}
			add(run.Config.Objective.Name, task, names[protocol], "encoder", split, level+0.02*random.NormFloat64())
		}
	}
	return known
}

func TestFewEncodersInOneOrderSettleNothing(t *testing.T) {
	for encoders, want := range map[int]statistics.Verdict{minEncoders - 1: statistics.NotSettled, minEncoders: statistics.Upheld} {
		p, r := planProtocols(CPU), Records{}
		for i, arm := range p.Arms[:encoders] {
			for _, seed := range p.Seeds {
				c := arm.Candidates[0].Config
				c.Seed = seed
				known := inventedRecord(CPU, Run{Config: c, Tasks: p.Tasks, Protocols: p.Protocols}, rand.New(rand.NewPCG(1, 1)))
				for j := range known.Results {
					known.Results[j].Value -= float64(i) / 50
				}
				r[known.Key] = known
			}
		}
		estimates, err := judgeProtocols(p, r)
		if err != nil {
			t.Fatal(err)
		}
		if got := estimates[0].Verdict; got != want || estimates[0].Mean != 1 {
			t.Errorf("%d encoders in one order: %s with tau %g, want %s", encoders, got, estimates[0].Mean, want)
		}
	}
}

func judged(t *testing.T, c Claim, s Scale, r Records) Outcome {
	t.Helper()
	o, err := Judge(c, s, r)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// half returns every other record, the first by key among them.
func half(r Records) Records {
	some, i := Records{}, 0
	for _, key := range sortedKeys(r) {
		if i++; i%2 == 1 {
			some[key] = r[key]
		}
	}
	return some
}

func sortedKeys(r Records) (keys []string) {
	for key := range r {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
