package pages

import (
	"fmt"
	"path/filepath"

	"gonum.org/v1/gonum/stat"

	"github.com/sslx-go/lab/report"
	"github.com/sslx-go/lab/sslx"
	"github.com/sslx-go/lab/sslx/encoder"
	"github.com/sslx-go/lab/sslx/objective"
	"github.com/sslx-go/lab/sslx/record"
)

// measured is what the records of a method say, with a number for each seed.
type measured struct {
	config                           sslx.Config
	knn, linear, minutes, rank, loss []float64
	chance                           float64
	cpu                              string
	cores                            int
}

// measured returns the records experiments/results/methods/NAME-SEED of a method; a method without any was not
// measured.
func (g generator) measured(name string) (measured, error) { return g.trained(name, name) }

// trained returns the records experiments/results/methods/RUNS-SEED of a method.
func (g generator) trained(name, runs string) (m measured, err error) {
	dirs, err := filepath.Glob(filepath.Join(g.root, recordsFolder, "methods", runs+"-[0-9]"))
	if err != nil {
		return m, err
	}
	for _, dir := range dirs {
		if err := m.add(dir, name); err != nil {
			return m, err
		}
	}
	return m, nil
}

// add adds the record of a seed.
func (m *measured) add(dir, name string) error {
	m.config = sslx.Config{}
	if err := record.ReadConfig(dir, &m.config); err != nil {
		return err
	}
	knn, err := accuracyOf(dir, name, "knn")
	if err != nil {
		return err
	}
	linear, err := accuracyOf(dir, name, "linear")
	if err != nil {
		return err
	}
	metrics, err := record.ReadMetrics(dir)
	if err != nil || len(metrics) == 0 {
		return fmt.Errorf("%s has no training log: %w", dir, err)
	}
	e, err := record.ReadEnvironment(dir)
	if err != nil {
		return err
	}

	// The end of the training counts, never a better step before it.
	last := metrics[len(metrics)-1]
	m.knn, m.linear = append(m.knn, knn), append(m.linear, linear)
	m.minutes = append(m.minutes, last.Seconds/60)
	m.rank, m.loss = append(m.rank, last.Rank), append(m.loss, last.Loss)
	m.chance, m.cpu, m.cores = last.Chance, e.CPU, e.Cores
	return nil
}

// accuracyOf returns the accuracy of a model by a family of protocols, in percent; of untrained encoders, the best.
func accuracyOf(dir, model, family string) (float64, error) {
	results, err := record.ReadResults(dir)
	if err != nil {
		return 0, err
	}

	best := -1.0
	for _, r := range results {
		same := r.Model == model || model == record.ModelUntrained && record.IsUntrained(r.Model)
		if same && r.Protocol.Family == family && r.Metric == record.MetricAccuracy {
			best = max(best, 100*r.Value)
		}
	}
	if best < 0 {
		return 0, fmt.Errorf("%s has no accuracy of %s by %s", dir, model, family)
	}
	return best, nil
}

// untrained returns the accuracies of the untrained encoder, which were measured with the runs of SimCLR.
func (g generator) untrained() (values []float64, err error) {
	dirs, err := filepath.Glob(filepath.Join(g.root, recordsFolder, "methods", "simclr-[0-9]*"))
	if err != nil || len(dirs) == 0 {
		return nil, fmt.Errorf("there is no record of the untrained encoder: %w", err)
	}
	for _, dir := range dirs {
		v, err := accuracyOf(dir, record.ModelUntrained, "knn")
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

// machine says what a method was trained on.
func (m measured) machine() string {
	if m.cores == 1 {
		return fmt.Sprintf("one core (%s) that other work shared", m.cpu)
	}
	return fmt.Sprintf("%d cores (%s)", m.cores, m.cpu)
}

// spread says mean and standard deviation.
func spread(values []float64) string {
	mean, deviation := stat.MeanStdDev(values, nil)
	if len(values) == 1 {
		return fmt.Sprintf("%.1f", mean)
	}
	return fmt.Sprintf("%.1f ± %.1f", mean, deviation)
}

// method says what was measured of a method.
func (g generator) method(name string) (Block, error) {
	m, err := g.measured(name)
	if err != nil {
		return Block{}, err
	}

	// A new method has a page before it has a record.
	if len(m.knn) == 0 {
		return Block{Text: "Not measured yet."}, nil
	}

	// What training added is the gain over the untrained encoder.
	untrained, err := g.untrained()
	if err != nil {
		return Block{}, err
	}

	chance := ""
	if m.chance != 0 {
		chance = fmt.Sprintf(" (chance %.3g)", m.chance)
	}
	gain := stat.Mean(m.knn, nil) - stat.Mean(untrained, nil)
	return Block{Text: fmt.Sprintf("CIFAR-10, `sslx pretrain --config cifar10-%s`: %s of width %d, %d epochs with "+
		"batch %d, %.1f minutes of training on %s: kNN %s %% on test, %+.1f points above the untrained encoder "+
		"(%s %%), linear %s %%; seeds: %d. The last loss is %.3g%s, the effective rank of the embeddings %.1f.", name,
		encoder.NameOf(m.config.Encoder), m.config.Encoder.Dim()/8, m.config.Epochs, m.config.Batch,
		stat.Mean(m.minutes, nil), m.machine(), spread(m.knn), gain, spread(untrained), spread(m.linear), len(m.knn),
		stat.Mean(m.loss, nil), chance, stat.Mean(m.rank, nil))}, nil
}

// methods is a table of what was measured of every method.
func (g generator) methods() (Block, error) {
	untrained, err := g.untrained()
	if err != nil {
		return Block{}, err
	}
	t := report.Table{Align: "lrrrrrrr", Head: []string{"method", "seeds", "kNN, test (%)", "above untrained",
		"linear, test (%)", "epochs", "minutes", "effective rank"}}
	for _, name := range objective.Names() {
		m, err := g.measured(name)
		if err != nil {
			return Block{}, err
		}

		// An empty row shows that a method was not measured.
		if len(m.knn) == 0 {
			t.Rows = append(t.Rows, []string{report.Link(name, name+".md"), "0", "", "", "", "", "", ""})
			continue
		}
		gain := stat.Mean(m.knn, nil) - stat.Mean(untrained, nil)
		t.Rows = append(t.Rows, []string{report.Link(name, name+".md"), fmt.Sprint(len(m.knn)), spread(m.knn),
			fmt.Sprintf("%+.1f", gain), spread(m.linear), fmt.Sprint(m.config.Epochs),
			fmt.Sprintf("%.1f", stat.Mean(m.minutes, nil)), fmt.Sprintf("%.1f", stat.Mean(m.rank, nil))})
	}
	t.Rows = append(t.Rows, []string{"untrained encoder", fmt.Sprint(len(untrained)), spread(untrained), "", "", "",
		"", ""})
	return Block{Text: t.Markdown()}, nil
}

// equalTime is a table of EMP-SSL after few epochs, and of SimCLR that trained as long.
func (g generator) equalTime() (Block, error) {
	t := report.Table{Align: "lrrrrr", Head: []string{"method", "epochs", "minutes", "kNN, test (%)",
		"linear, test (%)", "seeds"}}
	for _, runs := range []struct{ method, runs string }{
		{"empssl", "equal-time/empssl-1"}, {"simclr", "equal-time/simclr-4"},
		{"empssl", "empssl"}, {"simclr", "simclr"},
		{"empssl", "equal-time/empssl-10"}, {"simclr", "equal-time/simclr-45"},
	} {
		m, err := g.trained(runs.method, runs.runs)
		if err != nil {
			return Block{}, err
		}
		if len(m.knn) > 0 {
			t.Rows = append(t.Rows, []string{report.Link(runs.method, runs.method+".md"),
				fmt.Sprint(m.config.Epochs), fmt.Sprintf("%.1f", stat.Mean(m.minutes, nil)), spread(m.knn),
				spread(m.linear), fmt.Sprint(len(m.knn))})
		}
	}
	return Block{Text: t.Markdown()}, nil
}
