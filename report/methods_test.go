package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

const (
	methodPages   = "../docs/methods"
	measuredStart = "<!-- measured:%s -->\n"
	measuredEnd   = "\n<!-- end of measured -->"
)

// measured is what the records of a method say, with a number for each seed.
type measured struct {
	config                           sslx.Config
	knn, minutes, spread, rank, loss []float64
	chance                           float64
	cpu                              string
	cores                            int
}

// readMethod returns the records results/methods/NAME-SEED of a method.
func readMethod(t *testing.T, name string) (m measured) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(recordsDir, "methods", name+"-[0-9]*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		m.config = sslx.Config{}
		if err := record.ReadConfig(dir, &m.config); err != nil {
			t.Fatal(err)
		}
		m.knn = append(m.knn, accuracy(t, dir, name))
		metrics, err := record.ReadMetrics(dir)
		if err != nil || len(metrics) == 0 {
			t.Fatalf("%s has no log (%v)", dir, err)
		}
		last := metrics[len(metrics)-1]
		m.minutes = append(m.minutes, last.Seconds/60)
		m.spread, m.rank = append(m.spread, last.Spread), append(m.rank, last.Rank)
		m.loss, m.chance = append(m.loss, last.Loss), last.Chance
		e, err := record.ReadEnvironment(dir)
		if err != nil {
			t.Fatal(err)
		}
		m.cpu, m.cores = e.CPU, e.Cores
	}
	return m
}

// machine says what a method was trained on.
func (m measured) machine() string {
	if m.cores == 1 {
		return fmt.Sprintf("one core (%s) that other work shared", m.cpu)
	}
	return fmt.Sprintf("%d cores (%s)", m.cores, m.cpu)
}

// accuracy returns the kNN accuracy of a model in percent.
func accuracy(t *testing.T, dir, model string) float64 {
	t.Helper()
	results, err := record.ReadResults(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if r.Model == model && r.Protocol.Family == "knn" {
			return 100 * r.Value
		}
	}
	t.Fatalf("%s has no kNN accuracy of %s", dir, model)
	return 0
}

// floor returns the accuracies of the untrained encoder, measured with the runs of simclr.
func floor(t *testing.T) (values []float64) {
	t.Helper()
	for seed := range readMethod(t, "simclr").knn {
		values = append(values, accuracy(t, filepath.Join(recordsDir, "methods", fmt.Sprintf("simclr-%d", seed+1)), "untrained"))
	}
	return values
}

// spreadOf says mean and standard deviation.
func spreadOf(values []float64, format string) string {
	mean, deviation := stat.MeanStdDev(values, nil)
	if len(values) == 1 {
		return fmt.Sprintf(format, mean)
	}
	return fmt.Sprintf(format+" ± "+format, mean, deviation)
}

func TestTheMethodPagesShowWhatTheRecordsSay(t *testing.T) {
	untrained := floor(t)
	var table strings.Builder
	fmt.Fprintln(&table, "| method | seeds | kNN, test (%) | above untrained | minutes | cores | effective rank |\n"+
		"|---|---:|---:|---:|---:|---:|---:|")
	for _, name := range objective.Names() {
		m := readMethod(t, name)
		if len(m.knn) == 0 { // a new method has a page before it was trained
			t.Logf("no record of %s: its page has no numbers yet", name)
			continue
		}
		gain := stat.Mean(m.knn, nil) - stat.Mean(untrained, nil)
		fmt.Fprintf(&table, "| [%s](%s.md) | %d | %s | %+.1f | %.1f | %d | %.1f |\n", name, name, len(m.knn), spreadOf(m.knn, "%.1f"),
			gain, stat.Mean(m.minutes, nil), m.cores, stat.Mean(m.rank, nil))
		replaceMeasured(t, name, name, fmt.Sprintf("CIFAR-10, `sslx pretrain --config cifar10-%s`: %s of width %d, %d epochs with batch %d, "+
			"%.1f minutes of training on %s: kNN %s %% on test, %+.1f points above the untrained encoder "+
			"(%s %%); seeds: %d. The last loss is %.3g%s, the effective rank of the embeddings %.1f.", name,
			encoder.NameOf(m.config.Encoder), m.config.Encoder.Dim()/8, m.config.Epochs, m.config.Batch, stat.Mean(m.minutes, nil), m.machine(),
			spreadOf(m.knn, "%.1f"), gain, spreadOf(untrained, "%.1f"), len(m.knn), stat.Mean(m.loss, nil), chanceText(m.chance),
			stat.Mean(m.rank, nil)))
	}
	fmt.Fprintf(&table, "| untrained encoder | %d | %s | | | | |", len(untrained), spreadOf(untrained, "%.1f"))
	replaceMeasured(t, "README", "all", table.String())
}

func chanceText(chance float64) string {
	if chance == 0 {
		return ""
	}
	return fmt.Sprintf(" (chance %.3g)", chance)
}

// replaceMeasured puts text between the marks of a page, with -update, and otherwise fails where it is another.
func replaceMeasured(t *testing.T, page, name, text string) {
	t.Helper()
	path := filepath.Join(methodPages, page+".md")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(old), fmt.Sprintf(measuredStart, name))
	_, after, closed := strings.Cut(rest, measuredEnd)
	if !found || !closed {
		t.Fatalf("%s has no block of what was measured of %s", path, name)
	}
	fresh := before + fmt.Sprintf(measuredStart, name) + text + measuredEnd + after
	if fresh == string(old) {
		return
	}
	if !*update {
		t.Errorf("%s differs from the records: run go test ./report -update, and look at the difference", path)
		return
	}
	if err := os.WriteFile(path, []byte(fresh), 0o644); err != nil {
		t.Fatal(err)
	}
}
