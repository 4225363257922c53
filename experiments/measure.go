package experiments

import (
	"cmp"
	"slices"

	"github.com/sslx-go/lab/internal/usage"
	"github.com/sslx-go/lab/sslx/evaluate"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// Measure is a number that tuning chooses by: what an evaluation on validation images gives, or the last line of the
// training log.
type Measure struct {
	Name     string // as [MeasureNamed] takes it
	Protocol string // that an evaluation asks for; "" for a number of the training log
	Metric   string // of the result: [record.MetricAccuracy] or a measure without labels
	Lowest   bool   // less is better
}

// online are the measures of the training log.
var online = map[string]func(record.Metrics) *float64{
	"online-probe": func(m record.Metrics) *float64 { return m.ProbeAccuracy },
	"online-knn":   func(m record.Metrics) *float64 { return m.KNNAccuracy },
}

// labelFree are the measures that need no labels, and whether less of them is better.
var labelFree = map[string]bool{record.MetricRankMe: false, record.MetricLiDAR: false, record.MetricAlignment: true,
	record.MetricUniformity: true, record.MetricStd: false}

// metricOf has the metric of those protocols that do not give an accuracy.
var metricOf = map[string]string{evaluate.ProtocolClusters: record.MetricNMI,
	evaluate.ProtocolRetrieval: record.MetricRetrieval, evaluate.ProtocolCorruptions: record.MetricCorrupted}

// MeasureNames returns the names of all measures: protocols, measures without labels, and those of the training log.
func MeasureNames() (names []string) {
	for _, protocol := range evaluate.Names() {
		if protocol != evaluate.ProtocolLabelFree && protocol != evaluate.ProtocolCKA {
			names = append(names, protocol)
		}
	}
	for metric := range labelFree {
		names = append(names, metric)
	}
	for name := range online {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// MeasureNamed returns the measure of a name, or a usage error that suggests the nearest one.
func MeasureNamed(name string) (Measure, error) {
	if !slices.Contains(MeasureNames(), name) {
		return Measure{}, usage.Unknown("measure", name, MeasureNames())
	}
	if lowest, ok := labelFree[name]; ok {
		return Measure{Name: name, Protocol: evaluate.ProtocolLabelFree, Metric: name, Lowest: lowest}, nil
	}
	if _, ok := online[name]; ok {
		return Measure{Name: name, Metric: record.MetricAccuracy}, nil
	}
	m := accuracyBy(name)
	m.Metric = cmp.Or(metricOf[name], m.Metric)
	return m, nil
}

// accuracyBy is the accuracy by a protocol.
func accuracyBy(protocol string) Measure {
	return Measure{Name: protocol, Protocol: protocol, Metric: record.MetricAccuracy}
}

// Percent reports whether values are accuracies, in percent.
func (m Measure) Percent() bool { return m.Metric == record.MetricAccuracy }

// labeled reports whether the measure is of a label.
func (m Measure) labeled() bool { return m.Protocol != evaluate.ProtocolLabelFree }

// measure is what tuning chooses by.
func (p Plan) measure() Measure {
	if p.Measure.Name == "" && len(p.Protocols) > 0 {
		return accuracyBy(p.Protocols[0])
	}
	return p.Measure
}

// value returns the measure of a run, an accuracy in percent. It is not ok where the run was not measured by it.
func (p Plan) value(known Record) (value float64, ok bool) {
	m := p.measure()
	if read := online[m.Name]; read != nil {
		if len(known.Log) == 0 {
			return 0, false
		}
		last := read(known.Log[len(known.Log)-1])
		if last == nil {
			return 0, false
		}
		return 100 * *last, true
	}

	split := record.SplitTest
	if known.Validation {
		split = record.SplitValidation
	}
	for _, x := range known.Results {
		if x.Model != objective.NameOf(known.Config.Objective) || x.Split != split || x.Metric != m.Metric ||
			x.Protocol.Name() != m.Protocol || m.labeled() && !p.DecidesTask(x.Task) {
			continue
		}
		if m.Percent() {
			return 100 * x.Value, true
		}
		return x.Value, true
	}
	return 0, false
}
